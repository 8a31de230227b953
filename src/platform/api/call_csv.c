/* GET /api/v1/calls/export.csv, and /calls with "Accept: text/csv": the call list as a file. */
#include "core/buf.h"
#include "core/json.h"
#include "core/mem.h"
#include "platform/api/api.h"
#include "platform/api/call_filter.h"
#include "platform/api/csv.h"
#include "platform/api/read.h"
#include "platform/call.h"
#include "platform/store/call.h"

#include <string.h>

enum { MAX_ROWS = 100000, STEP = 100 };

struct call_export {
	struct call_filter *filter;
	size_t left; /* rows */
};

static void export_destroy(void *data)
{
	struct call_export *export = data;

	mem_unref(export->filter);
}

/* ---- rows ---- */

/* Texts of a JSON array, a line each; owned by the caller. */
static char *lines_of(const char *json)
{
	json_t *auto_json list = NULL;
	struct buf lines = {0};
	const json_t *item;
	size_t i;

	if (json)
		json_parse(&list, json, strlen(json), NULL);
	json_array_foreach(list, i, item)
	{
		if (i)
			buf_append_char(&lines, '\n');
		buf_append_str(&lines, json_is_string(item) ? json_string_value(item) : "");
	}
	return buf_steal(&lines);
}

static const char head[] =
	"call_id,status,direction,phone_number,from_number,agent,scheduled_at,created_at,"
	"started_at,ended_at,duration_seconds,end_reason,end_detail,answered_by,attempt,retry_of,"
	"outcome,summary_status,sentiment,summary,key_points,action_items\r\n";

static void append_row(struct buf *out, const struct db_result *result, size_t row)
{
	enum { SUMMARY = STORE_CALL_COLUMN_COUNT };
	auto_free char *key_points = lines_of(db_get_text(result, row, SUMMARY + 2));
	auto_free char *action_items = lines_of(db_get_text(result, row, SUMMARY + 4));
	struct call call;

	store_call_borrow(&call, result, row);
	csv_text(out, call.id);
	csv_text(out, call_status_name(call.status));
	csv_text(out, call_direction_name(call.direction));
	csv_text(out, call.phone_number);
	csv_text(out, call.from_number);
	csv_text(out, call.agent);
	csv_time(out, call.scheduled_at);
	csv_time(out, call.created_at);
	csv_time(out, call.started_at);
	csv_time(out, call.ended_at);
	if (call.ended_at)
		csv_int(out, call.duration_s);
	else
		csv_text(out, NULL);
	csv_text(out, call.end_reason);
	csv_text(out, call.end_detail);
	csv_text(out, call.answered_by);
	csv_int(out, call.attempt);
	csv_text(out, call.retry_of);
	csv_text(out, call.outcome);
	csv_text(out, db_get_text(result, row, SUMMARY));
	csv_text(out, db_get_text(result, row, SUMMARY + 3));
	csv_text(out, db_get_text(result, row, SUMMARY + 1));
	csv_text(out, key_points);
	csv_last(out, action_items);
}

/* ---- pages ---- */

static void add_page(struct batch *batch, void *arg)
{
	const struct call_export *export = arg;

	store_call_list(batch, &export->filter->filter);
	if (export->filter->text)
		store_call_list_turns(batch, &export->filter->filter);
}

static bool take_rows(struct buf *out, struct db_result *const *results, void *arg)
{
	struct call_export *export = arg;
	const struct db_result *calls = results[0];
	const struct db_result *turns = export->filter->text ? results[1] : NULL;
	size_t rows = db_rows(calls);

	for (size_t row = 0; row < rows && export->left; row++) {
		if (turns && !call_filter_matches(export->filter, calls, turns, row))
			continue;
		append_row(out, calls, row);
		export->left--;
	}
	if (rows < STEP || !export->left)
		return false;
	call_filter_go_on(export->filter, calls, rows - 1);
	return true;
}

void call_csv_reply(struct api *api, struct http_request *req, int64_t most)
{
	struct call_filter filter = {.filter.limit = MAX_ROWS};
	struct call_export *export;

	if (!call_filter_read(req, &filter, most))
		return;
	export = mem_new(sizeof(*export), export_destroy);
	export->filter = call_filter_keep(&filter);
	export->left = (size_t)filter.filter.limit;
	export->filter->filter.limit = STEP;
	csv_export(api, req,
		   &(struct csv_export_params){.file_name = "calls.csv",
					       .head = head,
					       .pageh = add_page,
					       .rowsh = take_rows,
					       .arg = export});
}

void call_csv(struct http_request *req, void *arg)
{
	call_csv_reply(arg, req, MAX_ROWS);
}
