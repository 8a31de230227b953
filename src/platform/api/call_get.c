/* GET /api/v1/calls/{call_id} and what hangs below it */
#include "core/mem.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_server.h"
#include "platform/api/error.h"
#include "platform/api/query.h"
#include "platform/api/read.h"
#include "platform/call.h"
#include "platform/live.h"
#include "platform/store/call.h"
#include "platform/store/call_event.h"
#include "platform/store/recording.h"
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

/* The first statement of every batch here selects the call. */
static void add_call(struct batch *batch, struct api *api, struct http_request *req)
{
	store_call_select(batch, api->tenant_id, STORE_CALL_BY_ID, id_of(req));
}

/* Answers 404 and returns NULL when there is no such call. */
static struct call *load_call(struct http_request *req, struct db_result *const *results)
{
	if (db_rows(results[0]))
		return store_call_load(results[0], 0);
	api_fail(req, API_CALL_NOT_FOUND, NULL, NULL);
	return NULL;
}

/* ---- the call ---- */

static json_t *recording_view(const struct call *call, const struct db_result *result)
{
	json_t *view;
	char url[96];

	if (!db_rows(result))
		return json_null();
	view = json_object();
	json_set_str(view, "status", db_get_text(result, 0, 0));
	json_set_str(view, "error", db_get_text(result, 0, 4));
	json_set_int(view, "duration_seconds", db_get_int(result, 0, 5));
	json_set_int(view, "size_bytes", db_get_int(result, 0, 6));
	json_set_int(view, "channels", db_get_int(result, 0, 7));
	snprintf(url, sizeof(url), "/api/v1/calls/%s/recording", call->id);
	json_set_str(view, "url", str_equal(db_get_text(result, 0, 0), "available") ? url : NULL);
	return view;
}

static void on_call(struct api *api, struct http_request *req, struct db_result *const *results)
{
	struct call *call auto_unref = load_call(req, results);
	json_t *auto_json view = NULL;

	if (!call)
		return;
	view = call_view(call);
	json_object_set_new(view, "transcript", transcript_rows(results[1]));
	json_object_set_new(view, "summary", summary_row(results[2], 0, 0));
	json_object_set_new(view, "recording", recording_view(call, results[3]));
	json_set_str(view, "recording_path",
		     db_rows(results[3]) ? db_get_text(results[3], 0, 3) : NULL);
	http_reply_json(req, 200, view);
}

void call_get(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct batch batch auto_batch = {0};

	add_call(&batch, api, req);
	store_turn_select(&batch, api->tenant_id, id_of(req));
	store_summary_select(&batch, api->tenant_id, id_of(req));
	store_recording_select(&batch, api->tenant_id, id_of(req));
	query_run(api, req, &batch, on_call);
}

/* ---- its transcript ---- */

static void on_transcript(struct api *api, struct http_request *req,
			  struct db_result *const *results)
{
	struct call *call auto_unref = load_call(req, results);
	json_t *auto_json body = NULL;

	if (!call)
		return;
	body = json_object();
	json_set_str(body, "call_id", call->id);
	json_set_str(body, "status", call_status_name(call->status));
	json_object_set_new(body, "transcript", transcript_rows(results[1]));
	http_reply_json(req, 200, body);
}

void call_transcript(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct batch batch auto_batch = {0};

	add_call(&batch, api, req);
	store_turn_select(&batch, api->tenant_id, id_of(req));
	query_run(api, req, &batch, on_transcript);
}

/* ---- its summary ---- */

static void on_summary(struct api *api, struct http_request *req, struct db_result *const *results)
{
	struct call *call auto_unref = load_call(req, results);
	json_t *auto_json view = NULL;

	if (!call)
		return;
	view = summary_row(results[1], 0, 0);
	if (json_is_null(view) || str_equal(json_get_str(view, "status", ""), "pending")) {
		api_fail(req, API_NO_SUMMARY, NULL, NULL);
		return;
	}
	json_set_str(view, "call_id", call->id);
	http_reply_json(req, 200, view);
}

void call_summary(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct batch batch auto_batch = {0};

	add_call(&batch, api, req);
	store_summary_select(&batch, api->tenant_id, id_of(req));
	query_run(api, req, &batch, on_summary);
}

/* ---- its events ---- */

static json_t *event_view(const struct db_result *result, size_t row)
{
	const char *text = db_get_text(result, row, 4);
	json_t *view = json_object(), *data = NULL;

	json_set_int(view, "seq", live_seq_of_row(db_get_int(result, row, 0)));
	json_set_time(view, "at", db_get_int(result, row, 3));
	json_set_str(view, "type", db_get_text(result, row, 2));
	json_set_str(view, "call_id", db_get_text(result, row, 1));
	if (text)
		json_parse(&data, text, strlen(text), NULL);
	json_object_set_new(view, "data", data ? data : json_null());
	return view;
}

static void on_events(struct api *api, struct http_request *req, struct db_result *const *results)
{
	struct call *call auto_unref = load_call(req, results);
	json_t *auto_json body = NULL;
	json_t *events;

	if (!call)
		return;
	body = json_object();
	events = json_array();
	for (size_t row = 0; row < db_rows(results[1]); row++)
		json_array_append_new(events, event_view(results[1], row));
	json_set_str(body, "call_id", call->id);
	json_object_set_new(body, "events", events);
	http_reply_json(req, 200, body);
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
	store_event_select(&batch, api->tenant_id, id_of(req), live_row_of_seq(since), limit);
	query_run(api, req, &batch, on_events);
}

/* ---- its recording ---- */

static void on_recording(struct api *api, struct http_request *req,
			 struct db_result *const *results)
{
	struct call *call auto_unref = load_call(req, results);
	const char *path = db_get_text(results[1], 0, 3);
	char disposition[96];

	if (!call)
		return;
	if (!path || !str_equal(db_get_text(results[1], 0, 0), "available")) {
		api_fail(req, API_NO_RECORDING, NULL, NULL);
		return;
	}
	snprintf(disposition, sizeof(disposition), "inline; filename=\"%s.wav\"", call->id);
	http_reply_header(req, "Content-Disposition", disposition);
	http_reply_header(req, "X-Content-Type-Options", "nosniff");
	if (http_reply_file(req, path, "audio/wav"))
		api_fail(req, API_NO_RECORDING, NULL, "The file of the recording is gone.");
}

void call_recording(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct batch batch auto_batch = {0};

	add_call(&batch, api, req);
	store_recording_select(&batch, api->tenant_id, id_of(req));
	query_run(api, req, &batch, on_recording);
}
