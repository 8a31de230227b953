#include "platform/erasure.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"
#include "platform/platform_priv.h"
#include "platform/purge.h"
#include "platform/store/call_purge.h"
#include "platform/store/erasure.h"
#include "platform/store/lead.h"
#include "platform/vault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	ATTEMPTS = 50,
	LIVE_RETRY_MS = 30000, /* a call with the person is still going on */
	RUN_MS = 600000,
};

struct erase {
	struct task task;
	char id[UUID_SIZE];
	char phone_hash[65];
	bool live; /* a call with the person has not ended */
};

static void next_page(struct erase *erase);

static void finish(struct erase *erase, int err, const char *reason)
{
	job_done(erase->task.job, err, reason);
	task_end(&erase->task);
}

/* Records of before there were leads say nothing of them. */
char *erasure_statement(const char *tenant_id, const struct db_result *erasure, long long at)
{
	auto_free char *leads =
		db_get_int(erasure, 0, ERASURE_LEADS)
			? mem_printf(", %lld leads",
				     (long long)db_get_int(erasure, 0, ERASURE_LEADS))
			: mem_strdup("");

	return mem_printf("erasure %s of tenant %s, number %s, requested %lld, completed %lld: "
			  "%lld calls, %lld turns, %lld recordings%s",
			  db_get_text(erasure, 0, ERASURE_ID), tenant_id,
			  db_get_text(erasure, 0, ERASURE_PHONE_HASH),
			  (long long)db_get_int(erasure, 0, ERASURE_REQUESTED_AT), at,
			  (long long)db_get_int(erasure, 0, ERASURE_CALLS),
			  (long long)db_get_int(erasure, 0, ERASURE_TURNS),
			  (long long)db_get_int(erasure, 0, ERASURE_RECORDINGS), leads);
}

/* ---- the end ---- */

static void on_recorded(int err, struct db_result *const *results, size_t failed, void *arg)
{
	finish(arg, err, NULL);
}

static void on_counted(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct erase *erase = arg;
	struct batch batch auto_batch = {0};
	int64_t now = clock_wall_us();
	auto_free char *statement = NULL;
	char proof[65];

	if (!err && !db_rows(results[0]))
		err = -ENOENT;
	if (!err) {
		statement = erasure_statement(erase->task.tenant_id, results[0], now);
		err = vault_prove(proof, erase->task.platform->vault, erase->task.tenant_id,
				  statement);
	}
	if (err) {
		finish(erase, err, NULL);
		return;
	}
	store_erasure_done(&batch, erase->task.tenant_id, erase->id, now, proof);
	batch_run(&batch, NULL, erase->task.platform->api.db, on_recorded, erase);
}

static void complete(struct erase *erase)
{
	struct batch batch auto_batch = {0};

	if (erase->live) {
		job_retry_after(erase->task.job, LIVE_RETRY_MS, "a call has not ended yet");
		task_end(&erase->task);
		return;
	}
	store_erasure_select(&batch, erase->task.tenant_id, erase->id);
	batch_run(&batch, NULL, erase->task.platform->api.db, on_counted, erase);
}

/* ---- page by page ---- */

static void on_noted(int err, struct db_result *const *results, size_t failed, void *arg)
{
	if (err)
		finish(arg, err, NULL);
	else
		next_page(arg);
}

static void on_purged(int err, const struct purge_counts *counts, void *arg)
{
	struct erase *erase = arg;
	struct batch batch auto_batch = {0};

	if (err) {
		finish(erase, err, NULL);
		return;
	}
	store_erasure_count(&batch, erase->task.tenant_id, erase->id, counts->calls, counts->turns,
			    counts->recordings, 0);
	batch_run(&batch, NULL, erase->task.platform->api.db, on_noted, erase);
}

/* A call that was erased has its number no more, so each page begins at the start. */
static void on_page(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct purge_item items[PURGE_MOST] = {{{0}}};
	struct erase *erase = arg;
	size_t count = 0;

	if (err) {
		finish(erase, err, NULL);
		return;
	}
	erase->live = false;
	for (size_t i = 0; i < db_rows(results[0]); i++) {
		if (db_get_int(results[0], i, 1)) {
			erase->live = true;
			continue;
		}
		str_copy(items[count].call_id, sizeof(items[count].call_id),
			 db_get_text(results[0], i, 0));
		items[count++].path = mem_strdup(db_get_text(results[0], i, 2));
	}
	if (count)
		purge_calls(erase->task.platform, erase->task.tenant_id, PURGE_PERSON, items, count,
			    on_purged, erase);
	else
		complete(erase);
}

static void next_page(struct erase *erase)
{
	struct batch batch auto_batch = {0};

	store_purge_of_number(&batch, erase->task.tenant_id, erase->phone_hash, PURGE_MOST);
	batch_run(&batch, NULL, erase->task.platform->api.db, on_page, erase);
}

/* ---- what the person sent, first: it waits for no call ---- */

static void next_leads(struct erase *erase);

static void on_leads_noted(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct erase *erase = arg;

	if (err)
		finish(erase, err, NULL);
	else
		next_leads(erase);
}

static void on_leads(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct erase *erase = arg;
	int64_t leads = err ? 0 : db_changes(results[1]);
	struct batch batch auto_batch = {0};

	if (err) {
		finish(erase, err, NULL);
	} else if (!leads) {
		next_page(erase);
	} else {
		store_erasure_count(&batch, erase->task.tenant_id, erase->id, 0, 0, 0, leads);
		batch_run(&batch, NULL, erase->task.platform->api.db, on_leads_noted, erase);
	}
}

static void next_leads(struct erase *erase)
{
	struct batch batch auto_batch = {0};

	store_lead_purge_person(&batch, erase->task.tenant_id, erase->phone_hash);
	batch_run(&batch, NULL, erase->task.platform->api.db, on_leads, erase);
}

static void on_loaded(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct erase *erase = arg;
	const char *hash = err ? NULL : db_get_text(results[0], 0, ERASURE_PHONE_HASH);

	if (err || !hash) {
		finish(erase, err ? err : -ECANCELED, NULL);
	} else if (str_equal(db_get_text(results[0], 0, ERASURE_STATE), "done")) {
		finish(erase, 0, NULL);
	} else {
		str_copy(erase->phone_hash, sizeof(erase->phone_hash), hash);
		next_leads(erase);
	}
}

static void on_keys(int err, int64_t count, void *arg)
{
	struct erase *erase = arg;
	struct batch batch auto_batch = {0};

	if (err) {
		finish(erase, err, NULL);
		return;
	}
	store_erasure_select(&batch, erase->task.tenant_id, erase->id);
	batch_run(&batch, NULL, erase->task.platform->api.db, on_loaded, erase);
}

static void run(struct job *job, void *arg)
{
	struct platform *platform = arg;
	struct erase *erase = task_for_job(platform, sizeof(*erase), "erasure", job);

	str_copy(erase->id, sizeof(erase->id), json_get_str(job->payload, "erasure_id", ""));
	vault_refresh(platform->vault, erase->task.tenant_id, on_keys, erase);
}

void erasure_setup(struct platform *platform)
{
	struct job_kind kind = {
		.kind = JOB_ERASE,
		.runh = run,
		.arg = platform,
		.max_attempts = ATTEMPTS,
		.max_run_ms = RUN_MS,
	};

	job_queue_handle(platform->api.jobs, &kind);
}
