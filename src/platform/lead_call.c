#include "platform/lead_call.h"

#include "core/clock.h"
#include "core/digest.h"
#include "core/encoding.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "platform/call_order.h"
#include "platform/lead_settings.h"
#include "platform/overload.h"
#include "platform/principal.h"
#include "platform/store/lead.h"
#include "platform/store/store.h"
#include "platform/store/tenant.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BUSY_RETRY_MS = 5000 };

static const int64_t hour_us = 3600ll * 1000000;

/*
 *	lead and settings -> what was called lately -> order -> the lead knows what came of it
 */
struct calling {
	struct call_order order;
	struct db_request *query;
	struct db_result *row; /* with the lead, which borrows from it */
	struct lead lead;
	struct lead_settings *settings;
	struct principal *by;
	json_t *metadata;
	json_t *variables;
	char *key;
	char digest[2 * SHA256_LEN + 1];
	bool placed;
};

static void release(void *data)
{
	struct calling *calling = data;

	call_order_release(&calling->order);
	mem_unref(calling->query);
	mem_unref(calling->row);
	mem_unref(calling->settings);
	mem_unref(calling->by);
	json_decref(calling->metadata);
	json_decref(calling->variables);
	mem_free(calling->key);
}

static void finish(struct calling *calling, int err, const char *reason)
{
	job_done(calling->order.task.job, err, reason);
	task_end(&calling->order.task);
}

/* ---- the end ---- */

static void on_noted(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct calling *calling = arg;

	if (!err)
		metric_add(METRIC_LEAD_CALL_BACK, calling->placed ? "placed" : "refused", 1);
	finish(calling, err, "the lead could not be changed");
}

static void note(struct calling *calling, const struct call *call, const char *detail)
{
	struct task *task = &calling->order.task;
	struct batch batch auto_batch = {0};
	struct store_lead_call row = {
		.tenant_id = task->tenant_id,
		.id = calling->lead.id,
		.state = call ? "placed" : "refused",
		.detail = detail,
		.call_id = call ? call->id : NULL,
		.at = clock_wall_us(),
	};

	calling->placed = call != NULL;
	LOG_INFO(&task->log, call ? "lead_call_placed" : "lead_call_refused",
		 LOG_STR("lead_id", row.id), LOG_STR("reason", detail));
	store_lead_called(&batch, &row);
	calling->query = mem_unref(calling->query);
	batch_run(&batch, &calling->query, task->platform->api.db, on_noted, calling);
}

static void ordered(struct call_order *order, const struct call_order_end *end)
{
	struct calling *calling = (struct calling *)order;

	if (!end->err || end->err == -EEXIST)
		note(calling, end->call, NULL);
	else if (end->err == -ECANCELED)
		note(calling, NULL, end->reason ? end->reason : api_error_message(end->error));
	else
		finish(calling, end->err, "the call could not be made");
}

/* ---- the order ---- */

/* The beginning of text, as much of it as a variable holds; NULL stays NULL. */
static char *cut(const char *text)
{
	size_t len = text ? strlen(text) : 0;

	if (len > AGENT_MAX_VALUE)
		for (len = AGENT_MAX_VALUE; len && (text[len] & 0xc0) == 0x80;)
			len--;
	return text ? mem_strndup(text, len) : NULL;
}

static void set_variable(json_t *variables, const char *name, const char *text)
{
	auto_free char *value = cut(text);

	json_set_str(variables, name, value);
}

/* However often the job is run, the key is the same, and so there is one call. */
static void set_key(struct calling *calling)
{
	uint8_t digest[SHA256_LEN];

	calling->key = mem_printf("lead:%s", calling->lead.id);
	digest_sha256(digest, calling->key, strlen(calling->key));
	hex_encode(calling->digest, digest, sizeof(digest));
}

static void place(struct calling *calling)
{
	const struct lead *lead = &calling->lead;
	struct call_order *order = &calling->order;

	calling->metadata = json_pack("{s:s}", "lead_id", lead->id);
	calling->variables = json_object();
	set_variable(calling->variables, "name", lead->name);
	set_variable(calling->variables, "company", lead->company);
	set_variable(calling->variables, "message", lead->message);
	set_key(calling);
	calling->by =
		principal_new(PRINCIPAL_SYSTEM, order->task.tenant_id, NULL, ROLE_OPERATOR, NULL);
	/* For later, that is: when there are too many calls it waits, and in quiet hours too. */
	order->want = (struct call_wanted){
		.phone_number = lead->phone,
		.agent = calling->settings->agent,
		.metadata = calling->metadata,
		.variables = calling->variables,
		.declared_only = true,
		.temperature = NAN,
		.scheduled_at = clock_wall_us(),
		.idempotency_key = calling->key,
		.request_digest = calling->digest,
		.by = calling->by,
	};
	call_order_place(order, ordered);
}

/* ---- may anybody be called? ---- */

static void on_counts(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct calling *calling = arg;
	char reason[120];

	if (err) {
		finish(calling, err, "call backs cannot be counted");
	} else if (db_get_int(results[0], 0, 0) >= calling->settings->call_backs_per_day) {
		snprintf(reason, sizeof(reason),
			 "%lld call backs were placed in 24 hours; there may be no more.",
			 (long long)calling->settings->call_backs_per_day);
		note(calling, NULL, reason);
	} else if (db_get_int(results[1], 0, 0)) {
		snprintf(reason, sizeof(reason),
			 "The number was called back in the last %d hours already.",
			 LEAD_CALL_AGAIN_HOURS);
		note(calling, NULL, reason);
	} else {
		place(calling);
	}
}

static void count(struct calling *calling)
{
	struct task *task = &calling->order.task;
	const struct lead *lead = &calling->lead;
	struct batch batch auto_batch = {0};
	int64_t now = clock_wall_us();

	store_lead_calls(&batch, task->tenant_id, lead->id, now - 24 * hour_us);
	store_lead_calls_to(&batch, task->tenant_id, lead->id, lead->phone,
			    now - LEAD_CALL_AGAIN_HOURS * hour_us);
	calling->query = mem_unref(calling->query);
	batch_run(&batch, &calling->query, task->platform->api.db, on_counts, calling);
}

/* Settings are those of now: who switches leads off while somebody waits wants no call. */
static void on_loaded(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct calling *calling = arg;
	const char *settings = NULL;

	if (err) {
		finish(calling, err, "the lead cannot be read");
		return;
	}
	if (!db_rows(results[1])) {
		finish(calling, 0, NULL); /* it was deleted */
		return;
	}
	calling->row = mem_ref(results[1]);
	store_lead_borrow(&calling->lead, calling->row, 0);
	if (!str_equal(calling->lead.call_back_state, "pending")) {
		finish(calling, 0, NULL);
		return;
	}
	if (db_rows(results[0]) && str_equal(db_get_text(results[0], 0, 2), "active"))
		settings = db_get_text(results[0], 0, 3);
	calling->settings = lead_settings_of(settings);
	if (!calling->settings->enabled || !*calling->settings->agent)
		note(calling, NULL, "Calling back was switched off.");
	else
		count(calling);
}

static void run(struct job *job, void *arg)
{
	struct platform *platform = arg;
	const char *lead_id = json_get_str(job->payload, "lead_id", "");
	struct batch batch auto_batch = {0};
	struct calling *calling;
	char id[UUID_SIZE];

	if (overload_call_reason(platform->api.overload)) {
		job_postpone(job, BUSY_RETRY_MS, "there is too much to do right now");
		return;
	}
	uuid_new(id);
	calling = task_new(platform, sizeof(*calling), "call_manager", job->tenant_id, id);
	calling->order.task.job = job;
	calling->order.task.releaseh = release;
	store_tenant_select(&batch, job->tenant_id);
	store_lead_select(&batch, job->tenant_id, lead_id);
	batch_run(&batch, &calling->query, platform->api.db, on_loaded, calling);
}

void lead_call_add(struct batch *batch, const struct lead *lead)
{
	auto_json json_t *payload = json_pack("{s:s}", "lead_id", lead->id);
	struct job_params params = {
		.tenant_id = lead->tenant_id,
		.kind = JOB_LEAD_CALL,
		.unique_key = batch_own(batch, mem_printf(JOB_LEAD_CALL ":%s", lead->id)),
		.payload = payload,
	};

	job_add(batch, &params);
}

void lead_call_setup(struct platform *platform)
{
	struct job_kind kind = {
		.kind = JOB_LEAD_CALL,
		.runh = run,
		.arg = platform,
		.concurrency = 1, /* what one has placed the next one counts */
	};

	job_queue_handle(platform->api.jobs, &kind);
}
