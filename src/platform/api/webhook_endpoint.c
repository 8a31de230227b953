/* /api/v1/webhooks: endpoints of outgoing webhooks, made, changed, paused and tried out. */
#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/http_server.h"
#include "http/url_guard.h"
#include "platform/api/body.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/query.h"
#include "platform/api/webhook.h"
#include "platform/audit.h"
#include "platform/store/webhook_delivery.h"
#include "platform/store/webhook_endpoint.h"
#include "platform/webhook.h"
#include "platform/webhook_sender.h"

#include <errno.h>

#define WEBHOOKS "/api/v1/webhooks"

enum {
	MAX_DESCRIPTION = 256,
	DEFAULT_OVERLAP_S = 24 * 3600,
	MAX_OVERLAP_S = 7 * 24 * 3600,
};

/* ---- changing ---- */

struct change {
	struct api *api;
	struct http_request *req;
	webhook_changed_h *doneh;
};

static void change_destroy(void *data)
{
	struct change *change = data;

	mem_unref(change->req);
}

static void on_changed(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct change *change = arg;

	if (err == -EAGAIN)
		api_fail(change->req, API_WEBHOOK_NOT_FOUND, NULL, NULL);
	else if (err)
		api_fail_errno(change->req, err);
	else
		change->doneh(change->api, change->req, results);
	mem_unref(change);
}

void webhook_change(struct api *api, struct http_request *req, struct batch *batch,
		    webhook_changed_h *doneh)
{
	struct change *change = mem_new(sizeof(*change), change_destroy);

	change->api = api;
	change->req = mem_ref(req);
	change->doneh = doneh;
	batch_run(batch, NULL, api->db, on_changed, change);
}

static void audit(struct batch *batch, struct http_request *req, const char *action,
		  const char *endpoint_id)
{
	audit_add(batch, api_principal(req), action, "webhook", endpoint_id, NULL);
}

bool webhook_id(struct http_request *req, const char *name, const char **ret_id)
{
	*ret_id = http_request_param(req, name);
	if (uuid_is_valid(*ret_id))
		return true;
	api_fail(req, API_WEBHOOK_NOT_FOUND, NULL, NULL);
	return false;
}

/* ---- showing ---- */

static json_t *view(const struct db_result *result, size_t row)
{
	static const struct {
		const char *name;
		enum store_webhook_column column;
	} times[] = {
		{"paused_at", STORE_WEBHOOK_PAUSED_AT},
		{"failing_since", STORE_WEBHOOK_FAILING_SINCE},
		{"last_success_at", STORE_WEBHOOK_LAST_SUCCESS_AT},
		{"last_failure_at", STORE_WEBHOOK_LAST_FAILURE_AT},
		{"not_before", STORE_WEBHOOK_NOT_BEFORE},
		{"previous_secret_until", STORE_WEBHOOK_PREVIOUS_UNTIL},
		{"created_at", STORE_WEBHOOK_CREATED_AT},
		{"updated_at", STORE_WEBHOOK_UPDATED_AT},
	};
	json_t *view = json_object();

	json_set_str(view, "id", db_get_text(result, row, STORE_WEBHOOK_ID));
	json_set_str(view, "url", db_get_text(result, row, STORE_WEBHOOK_URL));
	json_set_str(view, "description", db_get_text(result, row, STORE_WEBHOOK_DESCRIPTION));
	json_object_set_new(view, "events",
			    webhook_filter_view(db_get_text(result, row, STORE_WEBHOOK_EVENTS)));
	json_set_int(view, "max_concurrency",
		     db_get_int(result, row, STORE_WEBHOOK_MAX_CONCURRENCY));
	json_set_str(view, "state", db_get_text(result, row, STORE_WEBHOOK_STATE));
	json_set_str(view, "pause_reason", db_get_text(result, row, STORE_WEBHOOK_PAUSE_REASON));
	json_set_int(view, "failures", db_get_int(result, row, STORE_WEBHOOK_FAILURES));
	json_set_str(view, "last_error", db_get_text(result, row, STORE_WEBHOOK_LAST_ERROR));
	for (size_t i = 0; i < ARRAY_LEN(times); i++)
		json_set_time(view, times[i].name, db_get_int(result, row, times[i].column));
	return view;
}

static void on_changed_endpoint(struct api *api, struct http_request *req,
				struct db_result *const *results)
{
	auto_json json_t *body = view(results[0], 0);

	http_reply_json(req, 200, body);
}

static void on_list(struct api *api, struct http_request *req, struct db_result *const *results)
{
	auto_json json_t *body = json_object();
	json_t *list = json_array();

	for (size_t row = 0; row < db_rows(results[0]); row++)
		json_array_append_new(list, view(results[0], row));
	json_object_set_new(body, "webhooks", list);
	http_reply_json(req, 200, body);
}

static void list(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct batch batch auto_batch = {0};

	if (!query_has_only(req, NULL, 0))
		return;
	store_webhook_list(&batch, api_tenant(req));
	query_run(api, req, &batch, on_list);
}

static void on_endpoint(struct api *api, struct http_request *req, struct db_result *const *results)
{
	if (db_rows(results[0]))
		on_changed_endpoint(api, req, results);
	else
		api_fail(req, API_WEBHOOK_NOT_FOUND, NULL, NULL);
}

static void get(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct batch batch auto_batch = {0};
	const char *id;

	if (!webhook_id(req, "webhook_id", &id))
		return;
	store_webhook_select(&batch, api_tenant(req), id);
	query_lookup(api, req, &batch, on_endpoint);
}

static void events(struct http_request *req, void *arg)
{
	auto_json json_t *body = json_object();
	json_t *list = json_array();

	for (size_t i = 0; i < webhook_event_count(); i++)
		json_array_append_new(list,
				      json_pack("{s:s,s:s}", "type", webhook_event_info(i)->name,
						"description", webhook_event_info(i)->sentence));
	json_object_set_new(body, "events", list);
	http_reply_json(req, 200, body);
}

/* ---- making and changing one ---- */

static bool take_url(struct api *api, struct http_request *req, const json_t *body,
		     struct store_webhook *want)
{
	const char *why;

	if (!body_text(req, body, "url", WEBHOOK_MAX_URL, &want->url))
		return false;
	why = want->url ? url_guard_check(api->url_guard, want->url) : NULL;
	if (!why)
		return true;
	api_fail(req, API_INVALID_FIELD, "url", "url is refused: %s.", why);
	return false;
}

/* ret_filter: owned by the caller. */
static bool take_events(struct http_request *req, const json_t *body, char **ret_filter)
{
	const json_t *events = json_object_get(body, "events");
	char bad[80];

	if (!events)
		return true;
	*ret_filter = webhook_filter(events, bad);
	if (*ret_filter)
		return true;
	api_fail(req, API_INVALID_FIELD, "events", "events: %s.", bad);
	return false;
}

static const char *const fields[] = {"url", "events", "description", "max_concurrency"};

static bool take_endpoint(struct api *api, struct http_request *req, const json_t *body,
			  struct store_webhook *want, char **ret_filter)
{
	return take_url(api, req, body, want) && take_events(req, body, ret_filter) &&
	       body_text(req, body, "description", MAX_DESCRIPTION, &want->description) &&
	       body_int(req, body, "max_concurrency", 1, WEBHOOK_MAX_CONCURRENCY,
			&want->max_concurrency);
}

/* The only answers that show a secret: to who has just made it. */
static void reply_secret(struct http_request *req, int status, struct db_result *const *results)
{
	auto_json json_t *body = view(results[0], 0);

	json_set_str(body, "secret", db_get_text(results[1], 0, 0));
	http_reply_json(req, status, body);
}

static void on_made(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct http_request *req = arg;

	if (err == -EAGAIN)
		api_fail(req, API_TOO_MANY_WEBHOOKS, NULL, NULL);
	else if (err)
		api_fail_errno(req, err);
	else
		reply_secret(req, 201, results);
	mem_unref(req);
}

static void make(struct http_request *req, void *arg)
{
	struct api *api = arg;
	auto_json json_t *body = body_object(req, fields, ARRAY_LEN(fields), false);
	auto_free char *filter = NULL;
	char id[UUID_SIZE], secret[WEBHOOK_SECRET_SIZE];
	struct batch batch auto_batch = {0};
	struct store_webhook want = {
		.tenant_id = api_tenant(req),
		.id = id,
		.description = "",
		.secret = secret,
		.max_concurrency = WEBHOOK_DEFAULT_CONCURRENCY,
	};

	if (!body || !take_endpoint(api, req, body, &want, &filter))
		return;
	if (!want.url || !filter) {
		api_fail(req, API_MISSING_FIELD, want.url ? "events" : "url", NULL);
		return;
	}
	want.events = filter;
	uuid_new(id);
	webhook_secret_new(secret);
	store_webhook_insert(&batch, &want, WEBHOOK_MAX_ENDPOINTS, clock_wall_us());
	store_webhook_secret(&batch, api_tenant(req), id);
	audit(&batch, req, "webhook.create", id);
	batch_run(&batch, NULL, api->db, on_made, mem_ref(req));
}

static void change(struct http_request *req, void *arg)
{
	struct api *api = arg;
	auto_json json_t *body = NULL;
	auto_free char *filter = NULL;
	struct batch batch auto_batch = {0};
	struct store_webhook want = {.tenant_id = api_tenant(req)};

	if (!webhook_id(req, "webhook_id", &want.id))
		return;
	body = body_object(req, fields, ARRAY_LEN(fields), false);
	if (!body || !take_endpoint(api, req, body, &want, &filter))
		return;
	want.events = filter;
	store_webhook_update(&batch, &want, clock_wall_us());
	audit(&batch, req, "webhook.update", want.id);
	webhook_change(api, req, &batch, on_changed_endpoint);
}

static void on_deleted(struct api *api, struct http_request *req, struct db_result *const *results)
{
	http_reply(req, 204, NULL, NULL, 0);
}

static void drop(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct batch batch auto_batch = {0};
	const char *id;

	if (!webhook_id(req, "webhook_id", &id))
		return;
	store_webhook_delete(&batch, api_tenant(req), id);
	audit(&batch, req, "webhook.delete", id);
	webhook_change(api, req, &batch, on_deleted);
}

/* ---- rotate, pause, resume, test ---- */

static void on_rotated(struct api *api, struct http_request *req, struct db_result *const *results)
{
	reply_secret(req, 200, results);
}

static void rotate(struct http_request *req, void *arg)
{
	static const char *const names[] = {"overlap_seconds"};
	struct api *api = arg;
	auto_json json_t *body = NULL;
	int64_t overlap_s = DEFAULT_OVERLAP_S, now = clock_wall_us();
	char secret[WEBHOOK_SECRET_SIZE];
	struct batch batch auto_batch = {0};
	const char *id;

	if (!webhook_id(req, "webhook_id", &id))
		return;
	body = body_object(req, names, ARRAY_LEN(names), true);
	if (!body || !body_int(req, body, "overlap_seconds", 0, MAX_OVERLAP_S, &overlap_s))
		return;
	webhook_secret_new(secret);
	store_webhook_rotate(&batch, api_tenant(req), id, secret, now + overlap_s * 1000000, now);
	store_webhook_secret(&batch, api_tenant(req), id);
	audit(&batch, req, "webhook.rotate", id);
	webhook_change(api, req, &batch, on_rotated);
}

static void pause(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct batch batch auto_batch = {0};
	const char *id;

	if (!webhook_id(req, "webhook_id", &id))
		return;
	store_webhook_pause(&batch, api_tenant(req), id, clock_wall_us());
	audit(&batch, req, "webhook.pause", id);
	webhook_change(api, req, &batch, on_changed_endpoint);
}

static void on_resumed(struct api *api, struct http_request *req, struct db_result *const *results)
{
	webhook_sender_wake(api->webhooks);
	on_changed_endpoint(api, req, results);
}

/* What waited meanwhile is sent at once. */
static void resume(struct http_request *req, void *arg)
{
	struct api *api = arg;
	int64_t now = clock_wall_us();
	struct batch batch auto_batch = {0};
	const char *id;

	if (!webhook_id(req, "webhook_id", &id))
		return;
	store_webhook_resume(&batch, api_tenant(req), id, now);
	store_delivery_hurry(&batch, api_tenant(req), id, now);
	audit(&batch, req, "webhook.resume", id);
	webhook_change(api, req, &batch, on_resumed);
}

static void on_test(struct api *api, struct http_request *req, struct db_result *const *results)
{
	auto_json json_t *body = json_object();

	json_set_str(body, "event_id", db_get_text(results[0], 0, 0));
	json_set_str(body, "type", WEBHOOK_TEST);
	webhook_sender_wake(api->webhooks);
	http_reply_json(req, 202, body);
}

static void test(struct http_request *req, void *arg)
{
	struct api *api = arg;
	char event_id[UUID_SIZE];
	struct batch batch auto_batch = {0};
	struct store_event event = {
		.tenant_id = api_tenant(req),
		.id = event_id,
		.type = WEBHOOK_TEST,
		.data = "{\"message\":\"This is a test.\"}",
		.at = clock_wall_us(),
	};
	const char *id;

	if (!webhook_id(req, "webhook_id", &id))
		return;
	uuid_new(event_id);
	store_delivery_insert_for(&batch, &event, id);
	audit(&batch, req, "webhook.test", id);
	webhook_change(api, req, &batch, on_test);
}

void api_webhook_routes(struct api *api, struct http_server *server)
{
	static const struct {
		const char *method;
		const char *path;
		enum permission permission;
		http_request_h *handler;
	} routes[] = {
		{"GET", WEBHOOKS, PERM_WEBHOOKS_READ, list},
		{"POST", WEBHOOKS, PERM_WEBHOOKS_WRITE, make},
		{"GET", WEBHOOKS "/events", PERM_WEBHOOKS_READ, events},
		{"GET", WEBHOOKS "/{webhook_id}", PERM_WEBHOOKS_READ, get},
		{"PATCH", WEBHOOKS "/{webhook_id}", PERM_WEBHOOKS_WRITE, change},
		{"DELETE", WEBHOOKS "/{webhook_id}", PERM_WEBHOOKS_WRITE, drop},
		{"POST", WEBHOOKS "/{webhook_id}/rotate", PERM_WEBHOOKS_WRITE, rotate},
		{"POST", WEBHOOKS "/{webhook_id}/pause", PERM_WEBHOOKS_WRITE, pause},
		{"POST", WEBHOOKS "/{webhook_id}/resume", PERM_WEBHOOKS_WRITE, resume},
		{"POST", WEBHOOKS "/{webhook_id}/test", PERM_WEBHOOKS_WRITE, test},
		{"POST", WEBHOOKS "/{webhook_id}/replay", PERM_WEBHOOKS_WRITE,
		 webhook_delivery_replay_range},
		{"GET", WEBHOOKS "/{webhook_id}/deliveries", PERM_WEBHOOKS_READ,
		 webhook_delivery_list},
		{"GET", WEBHOOKS "/{webhook_id}/deliveries/{event_id}", PERM_WEBHOOKS_READ,
		 webhook_delivery_get},
		{"POST", WEBHOOKS "/{webhook_id}/deliveries/{event_id}/replay", PERM_WEBHOOKS_WRITE,
		 webhook_delivery_replay},
	};

	for (size_t i = 0; i < ARRAY_LEN(routes); i++)
		api_route(api, server, routes[i].method, routes[i].path, routes[i].permission,
			  routes[i].handler, api);
}
