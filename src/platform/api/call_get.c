/* GET /api/v1/calls/{call_id} and what hangs below it */
#include "core/mem.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_server.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/query.h"
#include "platform/api/read.h"
#include "platform/call.h"
#include "platform/call_view.h"
#include "platform/cost.h"
#include "platform/live.h"
#include "platform/store/call.h"
#include "platform/store/call_event.h"
#include "platform/store/call_payload.h"
#include "platform/store/call_whole.h"
#include "platform/store/summary.h"
#include "platform/store/turn.h"
#include "platform/summary.h"
#include "platform/transcript.h"

#include <stdio.h>
#include <string.h>

enum { DEFAULT_EVENTS = 200, MAX_EVENTS = 1000 };

static const char *id_of(struct http_request *req)
{
	return http_request_param(req, "call_id");
}

/* The first statement of every batch here selects the call, and for the call itself more of it. */
static void add_call(struct batch *batch, struct api *api, struct http_request *req)
{
	store_call_select(batch, api_tenant(req), STORE_CALL_BY_ID, id_of(req));
}

/* Answers 404 and returns false when there is no such call. Its strings are the result's. */
static bool find_call(struct call *ret_call, struct http_request *req,
		      struct db_result *const *results)
{
	if (db_rows(results[0])) {
		store_call_borrow(ret_call, results[0], 0);
		return true;
	}
	api_fail(req, API_CALL_NOT_FOUND, NULL, NULL);
	return false;
}

/* ---- the call ---- */

static void write_recording(struct json_writer *writer, const struct call *call,
			    const struct db_result *result)
{
	const size_t first = STORE_WHOLE_RECORDING;
	const char *status = db_get_text(result, 0, first);
	char url[96];

	if (!status) {
		json_write_str(writer, "recording", NULL);
		return;
	}
	json_write_open(writer, "recording", '{');
	json_write_str(writer, "status", status);
	json_write_str(writer, "error", db_get_text(result, 0, first + 4));
	json_write_int(writer, "duration_seconds", db_get_int(result, 0, first + 5));
	json_write_int(writer, "size_bytes", db_get_int(result, 0, first + 6));
	json_write_int(writer, "channels", db_get_int(result, 0, first + 7));
	snprintf(url, sizeof(url), "/api/v1/calls/%s/recording", call->id);
	json_write_str(writer, "url", str_equal(status, "available") ? url : NULL);
	json_write_close(writer, '}');
}

static void on_call(struct api *api, struct http_request *req, struct db_result *const *results)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};
	struct call call;

	if (!find_call(&call, req, results))
		return;
	json_write_open(&writer, NULL, '{');
	call_write(&writer, &call);
	transcript_write_rows(&writer, "transcript", results[1]);
	summary_write_row(&writer, "summary", results[0], 0, STORE_WHOLE_SUMMARY);
	write_recording(&writer, &call, results[0]);
	json_write_str(&writer, "recording_path",
		       db_get_text(results[0], 0, STORE_WHOLE_RECORDING + 3));
	cost_write_row(&writer, "cost", results[0], 0, STORE_WHOLE_COST);
	json_write_close(&writer, '}');
	http_reply(req, 200, "application/json", body.data, body.len);
}

void call_get(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct batch batch auto_batch = {0};

	store_call_whole_select(&batch, api_tenant(req), id_of(req));
	store_turn_select(&batch, api_tenant(req), id_of(req));
	query_lookup(api, req, &batch, on_call);
}

/* ---- its transcript ---- */

static void on_transcript(struct api *api, struct http_request *req,
			  struct db_result *const *results)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};
	struct call call;

	if (!find_call(&call, req, results))
		return;
	json_write_open(&writer, NULL, '{');
	json_write_str(&writer, "call_id", call.id);
	json_write_str(&writer, "status", call_status_name(call.status));
	transcript_write_rows(&writer, "transcript", results[1]);
	json_write_close(&writer, '}');
	http_reply(req, 200, "application/json", body.data, body.len);
}

void call_transcript(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct batch batch auto_batch = {0};

	add_call(&batch, api, req);
	store_turn_select(&batch, api_tenant(req), id_of(req));
	query_run(api, req, &batch, on_transcript);
}

/* ---- its summary ---- */

static void on_summary(struct api *api, struct http_request *req, struct db_result *const *results)
{
	struct call call;
	json_t *auto_json view = NULL;

	if (!find_call(&call, req, results))
		return;
	view = summary_row(results[1], 0, 0);
	if (json_is_null(view) || str_equal(json_get_str(view, "status", ""), "pending")) {
		api_fail(req, API_NO_SUMMARY, NULL, NULL);
		return;
	}
	json_set_str(view, "call_id", call.id);
	http_reply_json(req, 200, view);
}

void call_summary(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct batch batch auto_batch = {0};

	add_call(&batch, api, req);
	store_summary_select(&batch, api_tenant(req), id_of(req));
	query_lookup(api, req, &batch, on_summary);
}

/* ---- its events ---- */

static void write_event(struct json_writer *writer, const struct db_result *result, size_t row)
{
	json_write_open(writer, NULL, '{');
	json_write_int(writer, "seq", live_seq_of_row(db_get_int(result, row, 0)));
	json_write_time(writer, "at", db_get_int(result, row, 3));
	json_write_str(writer, "type", db_get_text(result, row, 2));
	json_write_str(writer, "call_id", db_get_text(result, row, 1));
	json_write_raw(writer, "data", db_get_text(result, row, 4), "null");
	json_write_close(writer, '}');
}

static void on_events(struct api *api, struct http_request *req, struct db_result *const *results)
{
	query_reply_of_call(req, results, "events", write_event);
}

void call_events(struct http_request *req, void *arg)
{
	static const char *const names[] = {"since", "limit"};
	struct api *api = arg;
	int64_t since = 0, limit = DEFAULT_EVENTS;
	struct batch batch auto_batch = {0};

	if (!query_has_only(req, names, ARRAY_LEN(names)) ||
	    !query_int(req, "since", 0, LIVE_MAX_SEQ, &since) ||
	    !query_int(req, "limit", 1, MAX_EVENTS, &limit))
		return;
	add_call(&batch, api, req);
	store_event_select(&batch, api_tenant(req), id_of(req), live_row_of_seq(since), limit);
	query_run(api, req, &batch, on_events);
}

/* ---- what vendors sent ---- */

static void write_payload(struct json_writer *writer, const struct db_result *result, size_t row)
{
	const char *body = db_get_text(result, row, 4);
	int64_t size = db_get_int(result, row, 5);

	json_write_open(writer, NULL, '{');
	json_write_str(writer, "payload_id", db_get_text(result, row, 0));
	json_write_time(writer, "received_at", db_get_int(result, row, 6));
	json_write_str(writer, "source", db_get_text(result, row, 1));
	json_write_str(writer, "kind", db_get_text(result, row, 2));
	json_write_str(writer, "content_type", db_get_text(result, row, 3));
	json_write_int(writer, "size_bytes", size);
	json_write_bool(writer, "truncated", body && (int64_t)strlen(body) < size);
	json_write_str(writer, "body", body);
	json_write_close(writer, '}');
}

static void on_payloads(struct api *api, struct http_request *req, struct db_result *const *results)
{
	query_reply_of_call(req, results, "payloads", write_payload);
}

void call_payloads(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct batch batch auto_batch = {0};

	add_call(&batch, api, req);
	store_payload_select(&batch, api_tenant(req), id_of(req));
	query_run(api, req, &batch, on_payloads);
}
