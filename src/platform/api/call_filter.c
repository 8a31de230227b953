#include "platform/api/call_filter.h"

#include "core/mem.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_server.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/query.h"
#include "platform/call.h"
#include "platform/store/call.h"

#include <string.h>

enum { MAX_TEXT = 200, MAX_NAME = 64 };

static bool read_status(struct http_request *req, struct call_filter *page)
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

static bool read_direction(struct http_request *req, struct call_filter *page)
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

static bool read_scheduled(struct http_request *req, struct call_filter *page)
{
	const char *text = form_get(http_request_query(req), "scheduled");

	if (str_is_empty(text))
		return true;
	if (!str_equal(text, "true")) {
		api_fail(req, API_INVALID_FIELD, "scheduled", "scheduled must be true or absent.");
		return false;
	}
	page->filter.scheduled = true;
	return true;
}

bool call_filter_read(struct http_request *req, struct call_filter *page, int64_t max_limit)
{
	static const char *const names[] = {"limit", "cursor",    "status",   "direction",
					    "from",  "to",        "number",   "text",
					    "agent", "scheduled", "retry_of", "sentiment"};
	static const char *const sentiments[] = {"positive", "neutral", "negative"};
	struct store_call_filter *filter = &page->filter;

	filter->tenant_id = api_tenant(req);
	return query_has_only(req, names, ARRAY_LEN(names)) &&
	       query_int(req, "limit", 1, max_limit, &filter->limit) &&
	       cursor_read(req, &filter->after_at, &filter->after_id, page->after_id) &&
	       read_status(req, page) && read_direction(req, page) &&
	       query_period(req, &filter->from, &filter->to) &&
	       query_phone(req, "number", page->number, &filter->number) &&
	       query_text(req, "text", MAX_TEXT, &page->text) &&
	       query_text(req, "agent", MAX_NAME, &filter->agent) &&
	       query_text(req, "retry_of", MAX_NAME, &filter->retry_of) &&
	       read_scheduled(req, page) &&
	       query_choice(req, "sentiment", sentiments, ARRAY_LEN(sentiments),
			    &filter->sentiment);
}

/* ---- beyond the request ---- */

static void filter_destroy(void *data)
{
	struct call_filter *page = data;

	for (size_t i = 0; i < ARRAY_LEN(page->owned); i++)
		mem_free(page->owned[i]);
}

struct call_filter *call_filter_keep(const struct call_filter *page)
{
	struct call_filter *kept = mem_new(sizeof(*kept), filter_destroy);
	struct store_call_filter *filter = &kept->filter;

	*kept = *page;
	filter->tenant_id = kept->owned[0] = mem_strdup(page->filter.tenant_id);
	filter->agent = kept->owned[1] = mem_strdup(page->filter.agent);
	filter->retry_of = kept->owned[2] = mem_strdup(page->filter.retry_of);
	kept->text = kept->owned[3] = page->text ? str_lower(mem_strdup(page->text)) : NULL;
	filter->number = filter->number ? kept->number : NULL;
	filter->after_id = filter->after_id ? kept->after_id : NULL;
	return kept;
}

void call_filter_go_on(struct call_filter *page, const struct db_result *calls, size_t row)
{
	struct call last;

	store_call_borrow(&last, calls, row);
	page->filter.after_at = last.created_at;
	str_copy(page->after_id, sizeof(page->after_id), last.id);
	page->filter.after_id = page->after_id;
}

static bool has_text(const char *text, const char *wanted)
{
	char *auto_free lower = text ? str_lower(mem_strdup(text)) : NULL;

	return lower && strstr(lower, wanted);
}

bool call_filter_matches(const struct call_filter *page, const struct db_result *calls,
			 const struct db_result *turns, size_t row)
{
	const char *id = db_get_text(calls, row, 0);

	if (has_text(db_get_text(calls, row, STORE_CALL_COLUMN_COUNT + 1), page->text))
		return true;
	for (size_t i = 0; i < db_rows(turns); i++)
		if (str_equal(db_get_text(turns, i, 0), id) &&
		    has_text(db_get_text(turns, i, 1), page->text))
			return true;
	return false;
}
