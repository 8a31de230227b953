#include "core/mem.h"
#include "http/http_server.h"
#include "platform/api/guard.h"
#include "platform/api/lead_priv.h"
#include "platform/api/query.h"
#include "platform/email.h"

bool lead_filter_read(struct http_request *req, struct lead_filter *page, int64_t max_limit)
{
	static const char *const names[] = {"limit", "cursor", "email",          "phone",
					    "from",  "to",     "call_back_state"};
	static const char *const states[] = {"none", "pending", "placed", "refused"};
	struct store_lead_filter *filter = &page->filter;

	filter->tenant_id = api_tenant(req);
	return query_has_only(req, names, ARRAY_LEN(names)) &&
	       query_int(req, "limit", 1, max_limit, &filter->limit) &&
	       cursor_read(req, &filter->after_at, &filter->after_id, page->after_id) &&
	       query_period(req, &filter->from, &filter->to) &&
	       query_text(req, "email", EMAIL_MAX, &filter->email) &&
	       query_phone(req, "phone", page->phone, &filter->phone) &&
	       query_choice(req, "call_back_state", states, ARRAY_LEN(states),
			    &filter->call_back_state);
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
