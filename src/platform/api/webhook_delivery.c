/* /api/v1/webhooks/{webhook_id}/deliveries: what was sent, what came back, and sending it again. */
#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/json_writer.h"
#include "http/http_server.h"
#include "platform/api/body.h"
#include "platform/api/cursor.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/query.h"
#include "platform/api/webhook.h"
#include "platform/audit.h"
#include "platform/store/webhook_delivery.h"
#include "platform/store/webhook_endpoint.h"
#include "platform/webhook.h"
#include "platform/webhook_sender.h"

enum { DEFAULT_LIMIT = 50, MAX_LIMIT = 200, MAX_TYPE = 64, MAX_ATTEMPTS_SHOWN = 200 };

/* ---- showing ---- */

static void write_delivery(struct json_writer *writer, const struct db_result *result, size_t row)
{
	json_write_str(writer, "event_id", db_get_text(result, row, STORE_DELIVERY_EVENT_ID));
	json_write_str(writer, "type", db_get_text(result, row, STORE_DELIVERY_EVENT_TYPE));
	json_write_time(writer, "created_at", db_get_int(result, row, STORE_DELIVERY_EVENT_AT));
	json_write_str(writer, "call_id", db_get_text(result, row, STORE_DELIVERY_CALL_ID));
	json_write_str(writer, "state", db_get_text(result, row, STORE_DELIVERY_STATE));
	json_write_int(writer, "attempts", db_get_int(result, row, STORE_DELIVERY_ATTEMPTS));
	json_write_time(writer, "queued_at", db_get_int(result, row, STORE_DELIVERY_QUEUED_AT));
	json_write_time(writer, "next_attempt_at", db_get_int(result, row, STORE_DELIVERY_NEXT_AT));
	json_write_time(writer, "finished_at", db_get_int(result, row, STORE_DELIVERY_FINISHED_AT));
	json_write_int(writer, "last_status", db_get_int(result, row, STORE_DELIVERY_LAST_STATUS));
	json_write_str(writer, "last_error", db_get_text(result, row, STORE_DELIVERY_LAST_ERROR));
}

static void reply(struct http_request *req, struct buf *body)
{
	http_reply(req, 200, "application/json", body->data, body->len);
}

/* ---- the list ---- */

static void write_item(struct json_writer *writer, const struct db_result *result, size_t row)
{
	json_write_open(writer, NULL, '{');
	write_delivery(writer, result, row);
	json_write_close(writer, '}');
}

static char *cursor_of(const struct db_result *result, size_t row)
{
	return cursor_make(db_get_int(result, row, STORE_DELIVERY_EVENT_AT),
			   db_get_text(result, row, STORE_DELIVERY_EVENT_ID));
}

/* results: the endpoint, and its deliveries. */
static void on_list(struct api *api, struct http_request *req, struct db_result *const *results)
{
	static const struct query_page page = {"deliveries", DEFAULT_LIMIT, MAX_LIMIT, write_item,
					       cursor_of};

	if (db_rows(results[0]))
		query_reply_page(req, results[1], &page);
	else
		api_fail(req, API_WEBHOOK_NOT_FOUND, NULL, NULL);
}

static const char *const states[] = {"pending", "delivered", "dead", "any"};

void webhook_delivery_list(struct http_request *req, void *arg)
{
	static const char *const names[] = {"limit", "cursor",  "state", "type",
					    "from",  "call_id", "to"};
	struct api *api = arg;
	char after_id[CURSOR_ID_SIZE];
	struct batch batch auto_batch = {0};
	struct store_delivery_filter filter = {.tenant_id = api_tenant(req),
					       .limit = DEFAULT_LIMIT};

	if (!webhook_id(req, "webhook_id", &filter.endpoint_id) ||
	    !query_has_only(req, names, ARRAY_LEN(names)) ||
	    !query_int(req, "limit", 1, MAX_LIMIT, &filter.limit) ||
	    !cursor_read(req, &filter.after_at, &filter.after_id, after_id) ||
	    !query_choice(req, "state", states, ARRAY_LEN(states) - 1, &filter.state) ||
	    !query_text(req, "type", MAX_TYPE, &filter.type) ||
	    !query_text(req, "call_id", MAX_TYPE, &filter.call_id) ||
	    !query_period(req, &filter.from, &filter.to))
		return;
	filter.limit++;
	store_webhook_select(&batch, api_tenant(req), filter.endpoint_id);
	store_delivery_list(&batch, &filter);
	query_run(api, req, &batch, on_list);
}

/* ---- one ---- */

static void write_attempts(struct json_writer *writer, const struct db_result *rows)
{
	json_write_open(writer, "attempt_log", '[');
	for (size_t row = 0; row < db_rows(rows); row++) {
		json_write_open(writer, NULL, '{');
		json_write_int(writer, "attempt", db_get_int(rows, row, 0));
		json_write_time(writer, "at", db_get_int(rows, row, 1));
		json_write_int(writer, "duration_ms", db_get_int(rows, row, 2));
		json_write_int(writer, "status", db_get_int(rows, row, 3));
		json_write_str(writer, "error", db_get_text(rows, row, 4));
		json_write_str(writer, "response", db_get_text(rows, row, 5));
		json_write_close(writer, '}');
	}
	json_write_close(writer, ']');
}

static void on_delivery(struct api *api, struct http_request *req, struct db_result *const *results)
{
	const struct db_result *found = results[0];
	struct buf auto_buf body = {0}, auto_buf sent = {0};
	struct json_writer writer = {.out = &body};
	struct webhook_event event;

	if (!db_rows(found)) {
		api_fail(req, API_DELIVERY_NOT_FOUND, NULL, NULL);
		return;
	}
	event = (struct webhook_event){
		.tenant_id = api_tenant(req),
		.type = db_get_text(found, 0, STORE_DELIVERY_EVENT_TYPE),
		.call_id = db_get_text(found, 0, STORE_DELIVERY_CALL_ID),
		.data = db_get_text(found, 0, STORE_DELIVERY_DATA),
		.at = db_get_int(found, 0, STORE_DELIVERY_EVENT_AT),
	};
	webhook_write_body(&sent, db_get_text(found, 0, STORE_DELIVERY_EVENT_ID), &event);
	json_write_open(&writer, NULL, '{');
	write_delivery(&writer, found, 0);
	json_write_raw(&writer, "request", buf_str(&sent), "null");
	write_attempts(&writer, results[1]);
	json_write_close(&writer, '}');
	reply(req, &body);
}

void webhook_delivery_get(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct batch batch auto_batch = {0};
	const char *id, *event_id;

	if (!webhook_id(req, "webhook_id", &id) || !webhook_id(req, "event_id", &event_id))
		return;
	store_delivery_select(&batch, api_tenant(req), id, event_id);
	store_delivery_attempts(&batch, api_tenant(req), id, event_id, MAX_ATTEMPTS_SHOWN);
	query_lookup(api, req, &batch, on_delivery);
}

/* ---- again ---- */

static void reply_count(struct api *api, struct http_request *req, int64_t count)
{
	auto_json json_t *body = json_object();

	json_set_int(body, "replayed", count);
	webhook_sender_wake(api->webhooks);
	http_reply_json(req, 202, body);
}

static void on_replayed(struct api *api, struct http_request *req, struct db_result *const *results)
{
	reply_count(api, req, db_changes(results[0]));
}

void webhook_delivery_replay(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct batch batch auto_batch = {0};
	const char *id, *event_id;

	if (!webhook_id(req, "webhook_id", &id) || !webhook_id(req, "event_id", &event_id))
		return;
	store_delivery_replay(&batch, api_tenant(req), id, event_id, clock_wall_us());
	audit_add(&batch, api_principal(req), "webhook.replay", "webhook", id, NULL);
	webhook_change(api, req, &batch, on_replayed);
}

static void on_range_replayed(struct api *api, struct http_request *req,
			      struct db_result *const *results)
{
	reply_count(api, req, db_changes(results[1]));
}

void webhook_delivery_replay_range(struct http_request *req, void *arg)
{
	static const char *const names[] = {"from", "to", "state"};
	struct api *api = arg;
	auto_json json_t *body = NULL;
	int64_t now = clock_wall_us(), from = 0, to = now;
	const char *state = "dead", *id;
	struct batch batch auto_batch = {0};

	if (!webhook_id(req, "webhook_id", &id))
		return;
	body = body_object(req, names, ARRAY_LEN(names), false);
	if (!body || !body_time(req, body, "from", &from) || !body_time(req, body, "to", &to) ||
	    !body_choice(req, body, "state", states, ARRAY_LEN(states), &state))
		return;
	if (!json_object_get(body, "from")) {
		api_fail(req, API_MISSING_FIELD, "from", NULL);
		return;
	}
	if (from >= to) {
		api_fail(req, API_INVALID_FIELD, "from",
			 "from must be earlier than to, which is now unless it is given.");
		return;
	}
	store_webhook_expect(&batch, api_tenant(req), id);
	store_delivery_replay_range(&batch, api_tenant(req), id,
				    str_equal(state, "any") ? NULL : state, from, to, now);
	audit_add(&batch, api_principal(req), "webhook.replay", "webhook", id, NULL);
	webhook_change(api, req, &batch, on_range_replayed);
}
