/* GET and PUT /api/v1/retention: how many days the tenant keeps what; 0 for ever. */
#include "platform/retention.h"

#include "core/clock.h"
#include "core/mem.h"
#include "http/http_server.h"
#include "platform/api/body.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/query.h"
#include "platform/audit.h"
#include "platform/platform_priv.h"
#include "platform/store/retention.h"

enum { MAX_DAYS = 36500 };

static void reply(struct http_request *req, const struct retention *retention)
{
	auto_json json_t *body = json_pack(
		"{s:I,s:I,s:I,s:I}", "words_days", (json_int_t)retention->words_days,
		"recordings_days", (json_int_t)retention->recordings_days, "calls_days",
		(json_int_t)retention->calls_days, "leads_days", (json_int_t)retention->leads_days);

	http_reply_json(req, 200, body);
}

static void on_selected(struct api *api, struct http_request *req, struct db_result *const *results)
{
	struct retention retention = store_retention_load(results[0]);

	reply(req, &retention);
}

static void get(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	struct batch batch auto_batch = {0};

	store_retention_select(&batch, api_tenant(req));
	query_lookup(&platform->api, req, &batch, on_selected);
}

static void on_set(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct task *task = arg;
	struct retention retention;

	if (err) {
		api_fail_errno(task->req, err);
	} else {
		retention = store_retention_load(results[1]);
		reply(task->req, &retention);
		job_queue_wake(task->platform->api.jobs);
	}
	task_end(task);
}

static bool take(struct http_request *req, const json_t *body, struct retention *retention)
{
	static const char *const required[] = {"words_days", "recordings_days", "calls_days"};

	for (size_t i = 0; i < ARRAY_LEN(required); i++) {
		if (json_object_get(body, required[i]))
			continue;
		api_fail(req, API_MISSING_FIELD, required[i], "%s is required; 0 keeps for ever.",
			 required[i]);
		return false;
	}
	return body_int(req, body, "words_days", 0, MAX_DAYS, &retention->words_days) &&
	       body_int(req, body, "recordings_days", 0, MAX_DAYS, &retention->recordings_days) &&
	       body_int(req, body, "calls_days", 0, MAX_DAYS, &retention->calls_days) &&
	       body_int(req, body, "leads_days", 0, MAX_DAYS, &retention->leads_days);
}

/* What is too old now goes at once, not in the next hour. */
static void set(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"words_days", "recordings_days", "calls_days",
					     "leads_days"};
	auto_json json_t *body = body_object(req, fields, ARRAY_LEN(fields), false);
	struct batch batch auto_batch = {0};
	struct retention retention = {.leads_days = -1};
	auto_free char *detail = NULL;
	struct task *task;

	if (!body || !take(req, body, &retention))
		return;
	task = task_for_request(arg, sizeof(*task), "retention", req, NULL);
	detail = json_text(body);
	store_retention_set(&batch, task->tenant_id, &retention, clock_wall_us());
	store_retention_select(&batch, task->tenant_id);
	job_add(&batch, &(struct job_params){.tenant_id = task->tenant_id, .kind = JOB_RETENTION});
	audit_add(&batch, api_principal(req), "retention.set", "retention", task->tenant_id,
		  detail);
	batch_run(&batch, NULL, task->platform->api.db, on_set, task);
}

void api_retention_routes(struct platform *platform)
{
	api_route(&platform->api, platform->server, "GET", "/api/v1/retention", PERM_PRIVACY, get,
		  platform);
	api_route(&platform->api, platform->server, "PUT", "/api/v1/retention", PERM_PRIVACY, set,
		  platform);
}
