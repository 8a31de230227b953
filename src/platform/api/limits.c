/*
 * GET and PUT /api/v1/limits: where the tenant's calls may go and what they may cost. PUT replaces
 * the tenant's own limits; what it leaves out or sets to null comes from the settings.
 */
#include "core/clock.h"
#include "core/mem.h"
#include "http/http_server.h"
#include "platform/api/body.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/audit.h"
#include "platform/call_limit_book.h"
#include "platform/platform_priv.h"
#include "platform/store/call_limit.h"

#include <string.h>

struct limits {
	struct task task;
	char *own; /* JSON text, of a PUT */
};

static json_t *usage_json(const struct db_result *result)
{
	struct call_usage usage = store_usage_load(result);

	if (!db_rows(result))
		return json_null(); /* nothing is counted without a cap */
	return json_pack("{s:I,s:I,s:I}", "calls", (json_int_t)usage.calls, "reserved_micros",
			 (json_int_t)usage.reserved, "spent_micros", (json_int_t)usage.spent);
}

/* Results: the tenant's own limits, usage of the day, usage of the month. */
static void reply(struct limits *limits, struct db_result *const *results)
{
	struct platform *platform = limits->task.platform;
	struct call_limit *defaults = call_limit_book_defaults(platform->limits);
	auto_unref struct call_limit *all = NULL;
	auto_json json_t *own = NULL;
	auto_json json_t *body = json_object();
	char reason[CALL_LIMIT_REASON_SIZE] = "";
	const char *text = db_get_text(results[0], 0, 0), *field = "";

	if (!text || json_parse(&own, text, strlen(text), NULL))
		own = json_object();
	if (call_limit_parse(&all, defaults, own, &field, reason))
		all = mem_ref(defaults);
	json_object_set_new(body, "limits", call_limit_json(all));
	json_object_set(body, "own", own);
	json_object_set_new(body, "defaults", call_limit_json(defaults));
	json_set_str(body, "currency", platform->api.rates.currency);
	json_object_set_new(body, "today", usage_json(results[1]));
	json_object_set_new(body, "this_month", usage_json(results[2]));
	http_reply_json(limits->task.req, 200, body);
}

static void on_read(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct limits *limits = arg;

	if (err)
		api_fail_errno(limits->task.req, err);
	else
		reply(limits, results);
	task_end(&limits->task);
}

static void read_all(struct limits *limits)
{
	struct batch batch auto_batch = {0};

	store_limit_select(&batch, limits->task.tenant_id);
	store_usage_select(&batch, limits->task.tenant_id, clock_wall_us());
	batch_run(&batch, NULL, limits->task.platform->api.db, on_read, limits);
}

static void release(void *data)
{
	struct limits *limits = data;

	mem_free(limits->own);
}

static void get(struct http_request *req, void *arg)
{
	read_all(task_for_request(arg, sizeof(struct limits), "call_limit", req, NULL));
}

static void on_saved(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct limits *limits = arg;

	if (err) {
		api_fail_errno(limits->task.req, err);
		task_end(&limits->task);
		return;
	}
	call_limit_book_forget(limits->task.platform->limits, limits->task.tenant_id);
	read_all(limits);
}

static void put(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	auto_json json_t *own = body_json(req);
	auto_unref struct call_limit *limit = NULL;
	char reason[CALL_LIMIT_REASON_SIZE] = "";
	struct batch batch auto_batch = {0};
	const char *field = NULL;
	struct limits *limits;

	if (!own)
		return;
	if (call_limit_parse(&limit, call_limit_book_defaults(platform->limits), own, &field,
			     reason)) {
		api_fail(req, API_INVALID_FIELD, field, "%s", reason);
		return;
	}
	limits = task_for_request(platform, sizeof(*limits), "call_limit", req, NULL);
	limits->task.releaseh = release;
	limits->own = json_text(own);
	store_limit_set(&batch, limits->task.tenant_id, limits->own, clock_wall_us());
	audit_add(&batch, api_principal(req), "limits.set", "limits", limits->task.tenant_id,
		  limits->own);
	batch_run(&batch, NULL, platform->api.db, on_saved, limits);
}

void api_limits_routes(struct platform *platform)
{
	api_route(&platform->api, platform->server, "GET", "/api/v1/limits", PERM_LIMITS_READ, get,
		  platform);
	api_route(&platform->api, platform->server, "PUT", "/api/v1/limits", PERM_LIMITS_WRITE, put,
		  platform);
}
