#include "platform/api/query.h"

#include "core/buf.h"
#include "core/json_writer.h"
#include "core/mem.h"
#include "core/phone.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "http/form.h"
#include "http/http_server.h"
#include "platform/api/api.h"
#include "platform/api/error.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct query {
	struct api *api;
	struct http_request *req;
	query_done_h *doneh;
};

bool query_has_only(struct http_request *req, const char *const *names, size_t count)
{
	const struct form *query = http_request_query(req);

	for (size_t i = 0; i < form_count(query); i++) {
		const char *name = form_name(query, i);
		bool known = str_is_empty(name); /* "?" and "&&" name nothing */

		for (size_t j = 0; j < count && !known; j++)
			known = str_equal(name, names[j]);
		if (known)
			continue;
		api_fail(req, API_UNKNOWN_FIELD, str_is_utf8(name, strlen(name)) ? name : NULL,
			 NULL);
		return false;
	}
	return true;
}

bool query_int(struct http_request *req, const char *name, int64_t min, int64_t max, int64_t *value)
{
	const char *text = form_get(http_request_query(req), name);

	if (!text || !str_parse_int(value, text, min, max))
		return true;
	api_fail(req, API_INVALID_FIELD, name, "%s must be a number from %lld to %lld.", name,
		 (long long)min, (long long)max);
	return false;
}

bool query_time(struct http_request *req, const char *name, int64_t *value)
{
	const char *text = form_get(http_request_query(req), name);
	char *auto_free fixed = mem_strdup(text);
	char *space;

	if (!text)
		return true;
	/* The '+' of an offset, sent without escaping it. */
	space = strrchr(fixed, ' ');
	if (space && strchr(fixed, ':') < space)
		*space = '+';
	if (!timestamp_parse_iso(value, fixed) && *value > 0)
		return true;
	api_fail(req, API_INVALID_FIELD, name,
		 "%s must be an ISO 8601 time such as 2026-02-01T10:30:00Z.", name);
	return false;
}

bool query_period(struct http_request *req, int64_t *from, int64_t *to)
{
	if (!query_time(req, "from", from) || !query_time(req, "to", to))
		return false;
	if (!*from || !*to || *from < *to)
		return true;
	api_fail(req, API_INVALID_FIELD, "to", "to must be later than from.");
	return false;
}

bool query_phone(struct http_request *req, const char *name, char out[QUERY_PHONE_SIZE],
		 const char **value)
{
	const char *text = form_get(http_request_query(req), name);

	if (str_is_empty(text))
		return true;
	/* A '+' that was not escaped arrives as a space. */
	snprintf(out, QUERY_PHONE_SIZE, "%s%s",
		 isdigit((unsigned char)text[0]) || text[0] == ' ' ? "+" : "",
		 text[0] == ' ' ? text + 1 : text);
	*value = out;
	if (phone_is_e164(out))
		return true;
	api_fail(req, API_INVALID_FIELD, name, "%s must be E.164: + and 8 to 15 digits.", name);
	return false;
}

bool query_choice(struct http_request *req, const char *name, const char *const *values,
		  size_t count, const char **value)
{
	const char *text = form_get(http_request_query(req), name);

	if (str_is_empty(text))
		return true;
	for (size_t i = 0; i < count; i++) {
		if (!str_equal(values[i], text))
			continue;
		*value = values[i];
		return true;
	}
	api_fail_choice(req, name, values, count);
	return false;
}

bool query_text(struct http_request *req, const char *name, size_t max, const char **value)
{
	const char *text = form_get(http_request_query(req), name);

	if (str_is_empty(text))
		return true;
	if (strlen(text) > max || !str_is_utf8(text, strlen(text))) {
		api_fail(req, API_INVALID_FIELD, name, "%s must be UTF-8 of at most %zu bytes.",
			 name, max);
		return false;
	}
	*value = text;
	return true;
}

static void query_destroy(void *data)
{
	struct query *query = data;

	mem_unref(query->req);
}

static void on_done(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct query *query = arg;

	if (err)
		api_fail_errno(query->req, err);
	else
		query->doneh(query->api, query->req, results);
	mem_unref(query);
}

static struct query *query_new(struct api *api, struct http_request *req, query_done_h *doneh)
{
	struct query *query = mem_new(sizeof(*query), query_destroy);

	query->api = api;
	query->req = mem_ref(req);
	query->doneh = doneh;
	return query;
}

void query_run(struct api *api, struct http_request *req, struct batch *batch, query_done_h *doneh)
{
	batch_read(batch, NULL, api->db, on_done, query_new(api, req, doneh));
}

void query_lookup(struct api *api, struct http_request *req, struct batch *batch,
		  query_done_h *doneh)
{
	batch_lookup(batch, NULL, api->db, on_done, query_new(api, req, doneh));
}

void query_reply_of_call(struct http_request *req, struct db_result *const *results,
			 const char *name, query_row_h *writeh)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};

	if (!db_rows(results[0])) {
		api_fail(req, API_CALL_NOT_FOUND, NULL, NULL);
		return;
	}
	json_write_open(&writer, NULL, '{');
	json_write_str(&writer, "call_id", http_request_param(req, "call_id"));
	json_write_open(&writer, name, '[');
	for (size_t row = 0; row < db_rows(results[1]); row++)
		writeh(&writer, results[1], row);
	json_write_close(&writer, ']');
	json_write_close(&writer, '}');
	http_reply(req, 200, "application/json", body.data, body.len);
}

static char *cursor_of(const struct query_page *page, const struct db_result *result, size_t row)
{
	if (page->cursorh)
		return page->cursorh(result, row);
	return mem_strdup(db_get_text(result, row, page->id_column));
}

void query_reply_page(struct http_request *req, const struct db_result *result,
		      const struct query_page *page)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};
	char *auto_free cursor = NULL;
	size_t rows = db_rows(result);
	int64_t limit = page->default_limit;

	query_int(req, "limit", 1, page->max_limit, &limit);
	if (rows > (size_t)limit) {
		rows = (size_t)limit;
		cursor = cursor_of(page, result, rows - 1);
	}
	json_write_open(&writer, NULL, '{');
	json_write_open(&writer, page->name, '[');
	for (size_t row = 0; row < rows; row++)
		page->writeh(&writer, result, row);
	json_write_close(&writer, ']');
	json_write_str(&writer, "next_cursor", cursor);
	json_write_close(&writer, '}');
	http_reply(req, 200, "application/json", body.data, body.len);
}
