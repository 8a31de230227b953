#include "platform/retention.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"
#include "loop/timer.h"
#include "platform/platform_priv.h"
#include "platform/purge.h"
#include "platform/store/answer.h"
#include "platform/store/call_purge.h"
#include "platform/store/lead.h"
#include "platform/store/retention.h"

#include <stdio.h>
#include <string.h>

enum {
	HOUR_MS = 3600 * 1000,
	FIRST_MS = 1000,
	/* A job goes on in the next hour's before it takes too long. */
	RUN_MS = 600000,
	GIVE_UP_MS = 500000,
};

static const int64_t day_us = 86400ll * 1000000;

/* What there is to remove, one after the other; of calls, but for the leads. */
enum stage { STAGE_WORDS, STAGE_RECORDINGS, STAGE_CALLS, STAGE_LEADS, STAGES };

static const enum purge_part parts[] = {PURGE_WORDS, PURGE_RECORDING, PURGE_CALL};

struct run {
	struct task task;
	struct retention retention;
	enum stage stage;
	int64_t after_at; /* the call before the page */
	char after_id[UUID_SIZE];
	bool whole; /* there may be another page */
	uint64_t until_ms;
	struct purge_counts removed;
	int64_t leads; /* removed */
};

static void next_page(struct run *run);
static void next_leads(struct run *run);

static void finish(struct run *run, int err)
{
	if (run->removed.calls || run->leads)
		LOG_INFO(&run->task.log, "retention", LOG_INT("calls", run->removed.calls),
			 LOG_INT("turns", run->removed.turns),
			 LOG_INT("recordings", run->removed.recordings),
			 LOG_INT("leads", run->leads));
	job_done(run->task.job, err, NULL);
	task_end(&run->task);
}

static int64_t days_of(const struct run *run)
{
	const int64_t days[] = {run->retention.words_days, run->retention.recordings_days,
				run->retention.calls_days, run->retention.leads_days};

	return days[run->stage];
}

static int64_t cutoff_us(const struct run *run)
{
	return clock_wall_us() - days_of(run) * day_us;
}

static void count(struct run *run, const struct purge_counts *counts)
{
	run->removed.calls += counts->calls;
	run->removed.turns += counts->turns;
	run->removed.recordings += counts->recordings;
}

static void begin_stage(struct run *run, enum stage stage)
{
	const int64_t froms[STAGES] = {run->retention.words_until, run->retention.recordings_until};

	for (run->stage = stage; run->stage < STAGES; run->stage++) {
		run->after_at = froms[run->stage];
		run->after_id[0] = '\0';
		if (days_of(run))
			break;
	}
	if (run->stage == STAGES)
		finish(run, 0);
	else if (run->stage == STAGE_LEADS)
		next_leads(run);
	else
		next_page(run);
}

static void load(struct run *run);

/* It was changed meanwhile, or begun again, which the calls seen so far may have been before. */
static void on_progress(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct run *run = arg;

	if (err)
		finish(run, err);
	else if (!db_changes(results[0]))
		load(run);
	else if (!run->whole)
		begin_stage(run, run->stage + 1);
	else if (loop_now_ms(run->task.platform->api.loop) > run->until_ms)
		finish(run, 0);
	else
		next_page(run);
}

/* The next job sees calls of the same moment as the last one again: nothing of them is left. */
static void on_purged(int err, const struct purge_counts *counts, void *arg)
{
	struct run *run = arg;
	struct batch batch auto_batch = {0};

	count(run, counts);
	if (err) {
		finish(run, err);
		return;
	}
	if (run->stage == STAGE_WORDS)
		run->retention.words_until = run->after_at;
	else if (run->stage == STAGE_RECORDINGS)
		run->retention.recordings_until = run->after_at;
	store_retention_progress(&batch, run->task.tenant_id, &run->retention);
	batch_run(&batch, NULL, run->task.platform->api.db, on_progress, run);
}

static void on_page(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct purge_item items[PURGE_MOST] = {{{0}}};
	struct run *run = arg;
	size_t rows = err ? 0 : db_rows(results[0]);

	if (err) {
		finish(run, err);
		return;
	}
	for (size_t i = 0; i < rows; i++) {
		str_copy(items[i].call_id, sizeof(items[i].call_id), db_get_text(results[0], i, 0));
		items[i].path = mem_strdup(db_get_text(results[0], i, 2));
	}
	if (rows) {
		run->after_at = db_get_int(results[0], rows - 1, 1);
		str_copy(run->after_id, sizeof(run->after_id),
			 db_get_text(results[0], rows - 1, 0));
	}
	run->whole = rows == PURGE_MOST;
	if (rows)
		purge_calls(run->task.platform, run->task.tenant_id, parts[run->stage], items, rows,
			    on_purged, run);
	else
		begin_stage(run, run->stage + 1);
}

static void next_page(struct run *run)
{
	struct batch batch auto_batch = {0};

	store_purge_page(&batch, run->task.tenant_id, run->after_at, run->after_id, cutoff_us(run),
			 PURGE_MOST);
	batch_run(&batch, NULL, run->task.platform->api.db, on_page, run);
}

/* ---- leads ---- */

static void on_leads(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct run *run = arg;
	int64_t count = err ? 0 : db_changes(results[1]);

	run->leads += count;
	if (err || count < STORE_LEAD_PAGE ||
	    loop_now_ms(run->task.platform->api.loop) > run->until_ms)
		finish(run, err);
	else
		next_leads(run);
}

static void next_leads(struct run *run)
{
	struct batch batch auto_batch = {0};

	store_lead_purge_old(&batch, run->task.tenant_id, cutoff_us(run));
	batch_run(&batch, NULL, run->task.platform->api.db, on_leads, run);
}

/* ---- of one call, which was over late ---- */

static void begin_one(struct run *run, enum stage stage);

static void on_one_purged(int err, const struct purge_counts *counts, void *arg)
{
	struct run *run = arg;

	count(run, counts);
	if (err)
		finish(run, err);
	else
		begin_one(run, run->stage + 1);
}

static void on_one(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct run *run = arg;
	struct purge_item item = {{0}};

	if (err || !db_rows(results[0]) || db_get_int(results[0], 0, 1) >= cutoff_us(run)) {
		if (err)
			finish(run, err);
		else
			begin_one(run, run->stage + 1);
		return;
	}
	str_copy(item.call_id, sizeof(item.call_id), run->task.call_id);
	item.path = mem_strdup(db_get_text(results[0], 0, 2));
	purge_calls(run->task.platform, run->task.tenant_id, parts[run->stage], &item, 1,
		    on_one_purged, run);
}

static void begin_one(struct run *run, enum stage stage)
{
	struct batch batch auto_batch = {0};

	for (run->stage = stage; run->stage < STAGE_LEADS && !days_of(run);)
		run->stage++;
	if (run->stage == STAGE_LEADS) {
		finish(run, 0);
		return;
	}
	store_purge_one(&batch, run->task.tenant_id, run->task.call_id);
	batch_run(&batch, NULL, run->task.platform->api.db, on_one, run);
}

/* ---- */

static void on_loaded(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct run *run = arg;

	if (err) {
		finish(run, err);
		return;
	}
	run->retention = store_retention_load(results[0]);
	if (*run->task.call_id)
		begin_one(run, STAGE_WORDS);
	else
		begin_stage(run, STAGE_WORDS);
}

static void load(struct run *run)
{
	struct batch batch auto_batch = {0};

	store_retention_select(&batch, run->task.tenant_id);
	batch_run(&batch, NULL, run->task.platform->api.db, on_loaded, run);
}

static void run_job(struct job *job, void *arg)
{
	struct platform *platform = arg;
	struct run *run = task_for_job(platform, sizeof(*run), "retention", job);

	run->until_ms = loop_now_ms(platform->api.loop) + GIVE_UP_MS;
	load(run);
}

void retention_setup(struct platform *platform)
{
	struct job_kind kind = {
		.kind = JOB_RETENTION,
		.runh = run_job,
		.arg = platform,
		.max_attempts = 3,
		.concurrency = 1,
		.max_run_ms = RUN_MS,
	};

	job_queue_handle(platform->api.jobs, &kind);
}

/* ---- every hour ---- */

static void on_tenants(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct platform *platform = arg;
	auto_free char *key =
		mem_printf("%s:%lld", JOB_RETENTION, (long long)(clock_wall_us() / 1000 / HOUR_MS));

	for (size_t i = 0; !err && i < db_rows(results[0]); i++) {
		struct job_params params = {
			.tenant_id = db_get_text(results[0], i, 0),
			.kind = JOB_RETENTION,
			.unique_key = key,
		};

		job_enqueue(platform->api.jobs, &params, NULL, NULL);
	}
}

static void on_hour(void *arg)
{
	struct platform *platform = arg;
	struct batch batch auto_batch = {0};

	timer_start(platform->retention_timer, HOUR_MS);
	store_retention_tenants(&batch);
	batch_run(&batch, NULL, platform->api.db, on_tenants, platform);
}

void retention_start(struct platform *platform)
{
	platform->retention_timer = timer_new(platform->api.loop, on_hour, platform);
	timer_start(platform->retention_timer, FIRST_MS);
}

/* ---- after an import ---- */

static int enqueue_all(struct loop *loop, struct db *db, const struct db_result *tenants)
{
	int err = 0;

	for (size_t i = 0; !err && i < db_rows(tenants); i++) {
		struct job_params params = {.tenant_id = db_get_text(tenants, i, 0),
					    .kind = JOB_RETENTION};
		struct answer answer auto_answer = {0};
		struct batch batch auto_batch = {0};

		job_add(&batch, &params);
		err = answer_wait(&answer, loop, db, &batch);
	}
	return err;
}

int retention_again(struct loop *loop, struct db *db)
{
	struct answer answer auto_answer = {0};
	struct batch batch auto_batch = {0};
	int err;

	store_retention_again(&batch);
	store_retention_tenants(&batch);
	err = answer_wait(&answer, loop, db, &batch);
	return err ? err : enqueue_all(loop, db, answer.results[1]);
}
