#include "platform/reseal.h"

#include "core/mem.h"
#include "core/str.h"
#include "platform/platform_priv.h"
#include "platform/store/sealed.h"
#include "platform/vault.h"

#include <stdio.h>
#include <string.h>

/* A job goes on in another one before it takes too long. */
enum { PAGES_A_JOB = 200, ATTEMPTS = 20 };

struct reseal {
	struct task task;
	struct sealed_cursor after;
	size_t pages;
	size_t writes; /* under way */
	size_t changed;
	int err;
	bool page_done;
};

static void next_page(struct reseal *reseal);

static void finish(struct reseal *reseal, int err)
{
	LOG_INFO(&reseal->task.log, "resealed",
		 LOG_STR("table", store_sealed_table_name(reseal->after.table)),
		 LOG_INT("rows", (int64_t)reseal->changed));
	job_done(reseal->task.job, err, NULL);
	task_end(&reseal->task);
}

/* The rest is another job's: the cursor is in its payload. */
static void on_handed_over(int err, const char *id, void *arg)
{
	finish(arg, err);
}

static void hand_over(struct reseal *reseal)
{
	auto_json json_t *payload =
		json_pack("{s:i,s:s,s:s,s:I,s:I}", "table", (int)reseal->after.table, "text",
			  reseal->after.texts[0], "text2", reseal->after.texts[1], "number",
			  (json_int_t)reseal->after.numbers[0], "number2",
			  (json_int_t)reseal->after.numbers[1]);
	struct job_params params = {
		.tenant_id = reseal->task.tenant_id,
		.kind = JOB_RESEAL,
		.payload = payload,
	};

	job_enqueue(reseal->task.platform->api.jobs, &params, on_handed_over, reseal);
}

static void go_on(struct reseal *reseal)
{
	if (reseal->writes || !reseal->page_done)
		return;
	if (reseal->err)
		finish(reseal, reseal->err);
	else if (reseal->after.table == store_sealed_tables() - 1 && reseal->pages == SIZE_MAX)
		finish(reseal, 0);
	else if (reseal->pages >= PAGES_A_JOB)
		hand_over(reseal);
	else
		next_page(reseal);
}

static void on_written(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct reseal *reseal = arg;

	reseal->writes--;
	if (err && !reseal->err)
		reseal->err = err;
	go_on(reseal);
}

static void write(struct reseal *reseal, struct batch *batch)
{
	if (!batch->count)
		return;
	reseal->writes++;
	reseal->changed += batch->count;
	batch_run(batch, NULL, reseal->task.platform->api.db, on_written, reseal);
	batch_free(batch);
}

/* The plain number, by which the call is looked up; from a row whose number is sealed or not. */
static struct db_value hash_of(struct reseal *reseal, struct batch *batch,
			       const struct sealed_row *row)
{
	char *number = vault_open_stored(reseal->task.platform->vault, row->values[0]);

	return db_hashed(reseal->task.tenant_id, batch_own(batch, number));
}

static void reseal_row(struct reseal *reseal, struct batch *batch, const struct sealed_row *row)
{
	struct vault *vault = reseal->task.platform->vault;
	const char *values[SEALED_MAX_COLUMNS];
	bool changed = false;

	if (batch->count == DB_MAX_STATEMENTS ||
	    batch->owned_count + row->column_count + 1 + ARRAY_LEN(row->key.texts) >
		    BATCH_MAX_OWNED)
		write(reseal, batch);
	for (size_t i = 0; i < row->column_count; i++) {
		char *text = row->values[i] ? vault_reseal(vault, reseal->task.tenant_id,
							   row->context, row->values[i])
					    : NULL;

		changed |= text != NULL;
		values[i] = text ? batch_own(batch, text) : row->values[i];
	}
	if (changed)
		store_sealed_write(batch, reseal->task.tenant_id, row, values,
				   row->key.table == 0 ? hash_of(reseal, batch, row) : db_null());
}

static void on_page(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct reseal *reseal = arg;
	struct batch batch auto_batch = {0};
	size_t rows = err ? 0 : db_rows(results[0]);
	struct sealed_row row;

	reseal->err = err;
	for (size_t i = 0; i < rows; i++) {
		store_sealed_row(&row, reseal->after.table, results[0], i);
		reseal_row(reseal, &batch, &row);
	}
	write(reseal, &batch);
	reseal->pages++;
	if (rows) {
		reseal->after = row.key;
	} else if (reseal->after.table + 1 < store_sealed_tables()) {
		reseal->after = (struct sealed_cursor){.table = reseal->after.table + 1};
	} else {
		reseal->pages = SIZE_MAX; /* all of them */
	}
	reseal->page_done = true;
	go_on(reseal);
}

static void next_page(struct reseal *reseal)
{
	struct batch batch auto_batch = {0};

	reseal->page_done = false;
	store_sealed_page(&batch, reseal->task.tenant_id, &reseal->after);
	batch_run(&batch, NULL, reseal->task.platform->api.db, on_page, reseal);
}

static void on_ready(int err, int64_t count, void *arg)
{
	struct reseal *reseal = arg;

	if (err)
		finish(reseal, err);
	else
		next_page(reseal);
}

static void run(struct job *job, void *arg)
{
	struct platform *platform = arg;
	struct reseal *reseal = task_for_job(platform, sizeof(*reseal), "vault", job);
	int64_t table = json_get_int(job->payload, "table", 0);

	if (table < 0 || table >= (int64_t)store_sealed_tables())
		table = 0;
	reseal->after.table = (size_t)table;
	reseal->after.numbers[0] = json_get_int(job->payload, "number", 0);
	reseal->after.numbers[1] = json_get_int(job->payload, "number2", 0);
	str_copy(reseal->after.texts[0], sizeof(reseal->after.texts[0]),
		 json_get_str(job->payload, "text", ""));
	str_copy(reseal->after.texts[1], sizeof(reseal->after.texts[1]),
		 json_get_str(job->payload, "text2", ""));
	vault_refresh(platform->vault, reseal->task.tenant_id, on_ready, reseal);
}

void reseal_setup(struct platform *platform)
{
	struct job_kind kind = {
		.kind = JOB_RESEAL,
		.runh = run,
		.arg = platform,
		.max_attempts = ATTEMPTS,
		.concurrency = 1,
	};

	job_queue_handle(platform->api.jobs, &kind);
}

void reseal_add(struct batch *batch, const char *tenant_id, const char *occasion)
{
	const char *key = batch_own(batch, mem_printf("%s:%s", JOB_RESEAL, occasion));
	struct job_params params = {.tenant_id = tenant_id, .kind = JOB_RESEAL, .unique_key = key};

	job_add(batch, &params);
}

static void on_none(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct platform *platform = arg;

	for (size_t i = 0; !err && i < db_rows(results[0]); i++) {
		struct batch batch auto_batch = {0};

		reseal_add(&batch, db_get_text(results[0], i, 0), "calls without a hash");
		batch_run(&batch, NULL, platform->api.db, NULL, NULL);
	}
	if (!err && db_rows(results[0]))
		job_queue_wake(platform->api.jobs);
}

void reseal_start(struct platform *platform)
{
	struct batch batch auto_batch = {0};

	store_sealed_none(&batch);
	batch_run(&batch, NULL, platform->api.db, on_none, platform);
}
