#include "core/mem.h"
#include "core/phone.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_server.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/lead_priv.h"
#include "platform/api/query.h"
#include "platform/email.h"

#include <ctype.h>
#include <stdio.h>

/* A '+' that was not escaped arrives as a space. */
static bool read_phone(struct http_request *req, struct lead_filter *page)
{
	const char *phone = form_get(http_request_query(req), "phone");

	if (str_is_empty(phone))
		return true;
	snprintf(page->phone, sizeof(page->phone), "%s%s",
		 isdigit((unsigned char)phone[0]) || phone[0] == ' ' ? "+" : "",
		 phone[0] == ' ' ? phone + 1 : phone);
	page->filter.phone = page->phone;
	if (phone_is_e164(page->phone))
		return true;
	api_fail(req, API_INVALID_FIELD, "phone", "phone must be E.164: + and 8 to 15 digits.");
	return false;
}

static bool read_state(struct http_request *req, struct lead_filter *page)
{
	static const char *const states[] = {"none", "pending", "placed", "refused"};
	const char *name = form_get(http_request_query(req), "call_back_state");

	if (str_is_empty(name))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (str_equal(states[i], name))
			page->filter.call_back_state = states[i];
	if (page->filter.call_back_state)
		return true;
	api_fail(req, API_INVALID_FIELD, "call_back_state",
		 "call_back_state must be none, pending, placed or refused.");
	return false;
}

bool lead_filter_read(struct http_request *req, struct lead_filter *page, int64_t max_limit)
{
	static const char *const names[] = {"limit", "cursor", "email",          "phone",
					    "from",  "to",     "call_back_state"};
	struct store_lead_filter *filter = &page->filter;

	filter->tenant_id = api_tenant(req);
	if (!query_has_only(req, names, ARRAY_LEN(names)) ||
	    !query_int(req, "limit", 1, max_limit, &filter->limit) ||
	    !cursor_read(req, &filter->after_at, &filter->after_id, page->after_id) ||
	    !query_time(req, "from", &filter->from) || !query_time(req, "to", &filter->to) ||
	    !query_text(req, "email", EMAIL_MAX, &filter->email) || !read_phone(req, page) ||
	    !read_state(req, page))
		return false;
	if (!filter->from || !filter->to || filter->from < filter->to)
		return true;
	api_fail(req, API_INVALID_FIELD, "to", "to must be later than from.");
	return false;
}

static void filter_destroy(void *data)
{
	struct lead_filter *page = data;

	for (size_t i = 0; i < ARRAY_LEN(page->owned); i++)
		mem_free(page->owned[i]);
}

struct lead_filter *lead_filter_keep(const struct lead_filter *page)
{
	struct lead_filter *kept = mem_new(sizeof(*kept), filter_destroy);
	struct store_lead_filter *filter = &kept->filter;

	*kept = *page;
	filter->tenant_id = kept->owned[0] = mem_strdup(page->filter.tenant_id);
	filter->email = kept->owned[1] = mem_strdup(page->filter.email);
	filter->phone = filter->phone ? kept->phone : NULL;
	filter->after_id = filter->after_id ? kept->after_id : NULL;
	return kept;
}
