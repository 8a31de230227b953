/* GET /api/v1/calls and /calls/active/list */
#include "core/buf.h"
#include "core/encoding.h"
#include "core/mem.h"
#include "core/phone.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_server.h"
#include "platform/api/error.h"
#include "platform/api/query.h"
#include "platform/api/read.h"
#include "platform/call.h"
#include "platform/call_view.h"
#include "platform/store/call.h"
#include "platform/store/call_list.h"
#include "platform/summary.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { DEFAULT_LIMIT = 50, MAX_LIMIT = 200, MAX_ACTIVE = 1000, MAX_TEXT = 200, MAX_NAME = 64 };

struct page {
	struct store_call_filter filter;
	char after_id[UUID_SIZE];
	char number[32];
};

static void write_rows(struct json_writer *writer, const struct db_result *result, size_t rows)
{
	struct call call;

	json_write_open(writer, "calls", '[');
	for (size_t row = 0; row < rows; row++) {
		store_call_borrow(&call, result, row);
		json_write_open(writer, NULL, '{');
		call_write(writer, &call);
		summary_write_row(writer, "summary", result, row, STORE_CALL_COLUMN_COUNT);
		json_write_close(writer, '}');
	}
	json_write_close(writer, ']');
}

/* ---- cursors: where a page ended, "CREATED_AT:ID" in base64url; clients need not read it ---- */

static char *cursor_make(const struct db_result *result, size_t row)
{
	struct buf auto_buf cursor = {0};
	struct call call;
	char text[64];

	store_call_borrow(&call, result, row);
	snprintf(text, sizeof(text), "%lld:%s", (long long)call.created_at, call.id);
	base64url_encode(&cursor, text, strlen(text));
	return buf_steal(&cursor);
}

static int cursor_parse(struct page *page, const char *cursor)
{
	struct buf auto_buf text = {0}, auto_buf plain = {0};
	const char *colon;
	char at[24];

	/* base64url to base64, with its padding back */
	for (const char *c = cursor; *c; c++)
		buf_append_char(&plain, *c == '-' ? '+' : *c == '_' ? '/' : *c);
	while (plain.len % 4)
		buf_append_char(&plain, '=');
	if (plain.len > 128 || base64_decode(&text, buf_str(&plain), plain.len))
		return -1;
	colon = strchr(buf_str(&text), ':');
	if (!colon || (size_t)(colon - text.data) >= sizeof(at))
		return -1;
	memcpy(at, text.data, (size_t)(colon - text.data));
	at[colon - text.data] = '\0';
	if (str_parse_int(&page->filter.after_at, at, 0, INT64_MAX) || !colon[1] ||
	    strlen(buf_str(&text)) != text.len || !str_is_utf8(colon + 1, strlen(colon + 1)) ||
	    !str_copy(page->after_id, sizeof(page->after_id), colon + 1))
		return -1;
	page->filter.after_id = page->after_id;
	return 0;
}

static bool read_cursor(struct http_request *req, struct page *page)
{
	const char *cursor = form_get(http_request_query(req), "cursor");

	if (str_is_empty(cursor) || !cursor_parse(page, cursor))
		return true;
	api_fail(req, API_INVALID_FIELD, "cursor", "cursor must be a next_cursor of this list.");
	return false;
}

/* ---- filters ---- */

static bool read_status(struct http_request *req, struct page *page)
{
	const char *name = form_get(http_request_query(req), "status");
	enum call_status status;

	if (str_is_empty(name))
		return true;
	if (call_status_parse(&status, name)) {
		api_fail(req, API_INVALID_FIELD, "status",
			 "status must be one of PENDING, INITIATING, RINGING, IN_PROGRESS, "
			 "COMPLETED, FAILED, NO_ANSWER and BUSY.");
		return false;
	}
	page->filter.status = call_status_name(status);
	return true;
}

static bool read_direction(struct http_request *req, struct page *page)
{
	const char *name = form_get(http_request_query(req), "direction");
	enum call_direction direction;

	if (str_is_empty(name))
		return true;
	if (call_direction_parse(&direction, name)) {
		api_fail(req, API_INVALID_FIELD, "direction",
			 "direction must be INBOUND or OUTBOUND.");
		return false;
	}
	page->filter.direction = call_direction_name(direction);
	return true;
}

/* A '+' that was not escaped arrives as a space. */
static bool read_number(struct http_request *req, struct page *page)
{
	const char *number = form_get(http_request_query(req), "number");

	if (str_is_empty(number))
		return true;
	snprintf(page->number, sizeof(page->number), "%s%s",
		 isdigit((unsigned char)number[0]) || number[0] == ' ' ? "+" : "",
		 number[0] == ' ' ? number + 1 : number);
	if (!phone_is_e164(page->number) || strlen(number) >= sizeof(page->number)) {
		api_fail(req, API_INVALID_FIELD, "number",
			 "number must be E.164: + and 8 to 15 digits.");
		return false;
	}
	page->filter.number = page->number;
	return true;
}

static bool read_page(struct http_request *req, struct page *page)
{
	static const char *const names[] = {"limit", "cursor", "status", "direction", "from",
					    "to",    "number", "text",   "agent"};
	struct store_call_filter *filter = &page->filter;

	filter->limit = DEFAULT_LIMIT;
	if (!query_has_only(req, names, ARRAY_LEN(names)) ||
	    !query_int(req, "limit", 1, MAX_LIMIT, &filter->limit) || !read_cursor(req, page) ||
	    !read_status(req, page) || !read_direction(req, page) ||
	    !query_time(req, "from", &filter->from) || !query_time(req, "to", &filter->to) ||
	    !read_number(req, page) || !query_text(req, "text", MAX_TEXT, &filter->text) ||
	    !query_text(req, "agent", MAX_NAME, &filter->agent))
		return false;
	if (!filter->from || !filter->to || filter->from < filter->to)
		return true;
	api_fail(req, API_INVALID_FIELD, "to", "to must be later than from.");
	return false;
}

/* ---- pages ---- */

static size_t limit_of(struct http_request *req)
{
	int64_t limit = DEFAULT_LIMIT;

	query_int(req, "limit", 1, MAX_LIMIT, &limit);
	return (size_t)limit;
}

/* One row more than the limit was asked for: it tells whether there is another page. */
static void on_page(struct api *api, struct http_request *req, struct db_result *const *results)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};
	char *auto_free cursor = NULL;
	size_t limit = limit_of(req), rows = db_rows(results[0]);

	if (rows > limit) {
		rows = limit;
		cursor = cursor_make(results[0], limit - 1);
	}
	json_write_open(&writer, NULL, '{');
	write_rows(&writer, results[0], rows);
	json_write_str(&writer, "next_cursor", cursor);
	json_write_close(&writer, '}');
	http_reply(req, 200, "application/json", body.data, body.len);
}

/* A condition without an index behind it may pass over any number of calls. */
static bool is_quick(const struct store_call_filter *filter)
{
	return !filter->text && !filter->agent && !filter->direction && !filter->number;
}

void call_list(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct page page = {.filter.tenant_id = api->tenant_id};
	struct batch batch auto_batch = {0};

	if (!read_page(req, &page))
		return;
	page.filter.limit++;
	store_call_list(&batch, &page.filter);
	if (is_quick(&page.filter))
		query_lookup(api, req, &batch, on_page);
	else
		query_run(api, req, &batch, on_page);
}

static void on_active(struct api *api, struct http_request *req, struct db_result *const *results)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};

	json_write_open(&writer, NULL, '{');
	write_rows(&writer, results[0], db_rows(results[0]));
	json_write_int(&writer, "count", (int64_t)db_rows(results[0]));
	json_write_close(&writer, '}');
	http_reply(req, 200, "application/json", body.data, body.len);
}

void call_active(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct batch batch auto_batch = {0};

	store_call_active(&batch, api->tenant_id, MAX_ACTIVE);
	query_run(api, req, &batch, on_active);
}
