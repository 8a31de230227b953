/* GET /api/v1/calls and /calls/active/list */
#include "core/buf.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/http_server.h"
#include "platform/api/call_filter.h"
#include "platform/api/cursor.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/query.h"
#include "platform/api/read.h"
#include "platform/call.h"
#include "platform/call_view.h"
#include "platform/store/call.h"
#include "platform/store/call_list.h"
#include "platform/summary.h"

enum { DEFAULT_LIMIT = 50, MAX_LIMIT = 200, MAX_ACTIVE = 1000 };

static void write_row(struct json_writer *writer, const struct db_result *result, size_t row)
{
	struct call call;

	store_call_borrow(&call, result, row);
	json_write_open(writer, NULL, '{');
	call_write(writer, &call);
	summary_write_row(writer, "summary", result, row, STORE_CALL_COLUMN_COUNT);
	json_write_close(writer, '}');
}

static char *cursor_of(const struct db_result *result, size_t row)
{
	struct call call;

	store_call_borrow(&call, result, row);
	return cursor_make(call.created_at, call.id);
}

/* ---- pages ---- */

static void on_page(struct api *api, struct http_request *req, struct db_result *const *results)
{
	static const struct query_page page = {"calls", DEFAULT_LIMIT, MAX_LIMIT, write_row,
					       cursor_of};

	query_reply_page(req, results[0], &page);
}

/* A condition without an index behind it may pass over any number of calls. */
static bool is_quick(const struct store_call_filter *filter)
{
	return !filter->direction && !filter->number && !filter->sentiment;
}

/*
 * ---- calls in which a text comes up ----
 *
 * What was said is stored sealed, so the database cannot search it: calls are opened here, newest
 * first, until a page is full. A request looks at so many at most; its cursor goes on from there.
 */
enum { SEARCH_STEP = 100, SEARCH_MOST = 5000 };

struct search {
	struct api *api;
	struct http_request *req;
	struct call_filter *filter; /* its limit and after_* are those of the next step */
	size_t limit;
	size_t looked_at;
	size_t found;
	struct buf body;
	struct json_writer writer;
};

static void search_step(struct search *search);

static void search_destroy(void *data)
{
	struct search *search = data;

	mem_unref(search->req);
	mem_unref(search->filter);
	buf_free(&search->body);
}

static void search_reply(struct search *search, const struct db_result *calls, size_t end,
			 bool more)
{
	char *auto_free cursor = more ? cursor_of(calls, end - 1) : NULL;

	json_write_close(&search->writer, ']');
	json_write_str(&search->writer, "next_cursor", cursor);
	json_write_close(&search->writer, '}');
	http_reply(search->req, 200, "application/json", search->body.data, search->body.len);
	mem_unref(search);
}

static void on_step(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct search *search = arg;
	size_t rows = err ? 0 : db_rows(results[0]), row;

	if (err) {
		api_fail_errno(search->req, err);
		mem_unref(search);
		return;
	}
	for (row = 0; row < rows && search->found < search->limit; row++) {
		if (!call_filter_matches(search->filter, results[0], results[1], row))
			continue;
		write_row(&search->writer, results[0], row);
		search->found++;
	}
	search->looked_at += row;
	if (rows < SEARCH_STEP && row == rows) {
		search_reply(search, results[0], row, false);
	} else if (search->found == search->limit || search->looked_at >= SEARCH_MOST) {
		search_reply(search, results[0], row, true);
	} else {
		call_filter_go_on(search->filter, results[0], rows - 1);
		search_step(search);
	}
}

static void search_step(struct search *search)
{
	struct batch batch auto_batch = {0};

	store_call_list(&batch, &search->filter->filter);
	store_call_list_turns(&batch, &search->filter->filter);
	batch_read(&batch, NULL, search->api->db, on_step, search);
}

static void search_start(struct api *api, struct http_request *req,
			 const struct call_filter *filter)
{
	struct search *search = mem_new(sizeof(*search), search_destroy);

	search->api = api;
	search->req = mem_ref(req);
	search->filter = call_filter_keep(filter);
	search->limit = (size_t)filter->filter.limit;
	search->filter->filter.limit = SEARCH_STEP;
	search->writer.out = &search->body;
	json_write_open(&search->writer, NULL, '{');
	json_write_open(&search->writer, "calls", '[');
	search_step(search);
}

static bool wants_csv(const struct http_request *req)
{
	const char *accept = http_request_header(req, "accept");

	return accept && str_has_prefix(accept, "text/csv");
}

void call_list(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct call_filter page = {.filter.limit = DEFAULT_LIMIT};
	struct batch batch auto_batch = {0};

	http_reply_header(req, "Vary", "Accept");
	if (wants_csv(req)) {
		call_csv_reply(api, req, MAX_LIMIT);
		return;
	}
	if (!call_filter_read(req, &page, MAX_LIMIT))
		return;
	if (page.text) {
		search_start(api, req, &page);
		return;
	}
	page.filter.limit++;
	store_call_list(&batch, &page.filter);
	if (is_quick(&page.filter) && !db_has_replica(api->db))
		query_lookup(api, req, &batch, on_page);
	else
		query_run(api, req, &batch, on_page);
}

static void on_active(struct api *api, struct http_request *req, struct db_result *const *results)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};

	json_write_open(&writer, NULL, '{');
	json_write_open(&writer, "calls", '[');
	for (size_t row = 0; row < db_rows(results[0]); row++)
		write_row(&writer, results[0], row);
	json_write_close(&writer, ']');
	json_write_int(&writer, "count", (int64_t)db_rows(results[0]));
	json_write_close(&writer, '}');
	http_reply(req, 200, "application/json", body.data, body.len);
}

void call_active(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct batch batch auto_batch = {0};

	store_call_active(&batch, api_tenant(req), clock_wall_us(), MAX_ACTIVE);
	query_run(api, req, &batch, on_active);
}
