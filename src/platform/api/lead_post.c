/*
 * POST /api/v1/leads: a form of a web site; nobody signs in. What guards it: the tenant has to have
 * switched it on, the page has to come from a web site of its list, an address sends a few a
 * minute, and who fills in the field that nobody sees is told that all is well.
 *
 * Whatever is answered, the tenant's settings are looked up first: only they say whether the page
 * may read the answer (CORS).
 */
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_server.h"
#include "platform/api/error.h"
#include "platform/api/lead_priv.h"
#include "platform/lead.h"
#include "platform/lead_settings.h"
#include "platform/overload.h"
#include "platform/platform_priv.h"
#include "platform/principal.h"
#include "platform/rate_limit.h"
#include "platform/store/tenant.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MAX_TENANTS = 1000 };

struct posting {
	struct task task;
	struct db_request *query;
	struct lead_form *form; /* NULL: the body cannot be read, for this reason: */
	enum api_error bad;
	char *bad_reason;
	struct lead_settings *settings;
	struct lead_keeping *keeping;
	bool page; /* it is answered with pages */
	bool too_often;
};

static void release(void *data)
{
	struct posting *posting = data;

	mem_unref(posting->query);
	mem_unref(posting->form);
	mem_unref(posting->settings);
	mem_unref(posting->keeping);
	mem_free(posting->bad_reason);
}

/* ---- answers ---- */

/* The end of a posting that is not taken. */
static void refuse(struct posting *posting, enum api_error error, const char *field,
		   const char *reason)
{
	metric_add(METRIC_LEAD_TOTAL,
		   api_error_status(error) == 400   ? "invalid"
		   : api_error_status(error) == 413 ? "invalid"
						    : "refused",
		   1);
	if (posting->page)
		lead_page_refusal(posting->task.req, api_error_status(error),
				  reason ? reason : api_error_message(error));
	else if (reason)
		api_fail(posting->task.req, error, field, "%s", reason);
	else
		api_fail(posting->task.req, error, field, NULL);
	task_end(&posting->task);
}

static void refuse_faults(struct posting *posting)
{
	static const enum api_error errors[] = {
		[LEAD_MISSING] = API_MISSING_FIELD,
		[LEAD_INVALID] = API_INVALID_FIELD,
		[LEAD_UNKNOWN] = API_UNKNOWN_FIELD,
	};
	const struct lead_fault *first = &posting->form->faults[0];

	if (!posting->page) {
		refuse(posting, errors[first->kind], *first->field ? first->field : NULL,
		       first->reason);
		return;
	}
	metric_add(METRIC_LEAD_TOTAL, "invalid", 1);
	lead_page_faults(posting->task.req, posting->form);
	task_end(&posting->task);
}

static void thank(struct posting *posting)
{
	struct http_request *req = posting->task.req;
	bool call_back = lead_wants_call(posting->form, posting->settings);
	auto_json json_t *answer = NULL;

	if (posting->page && posting->form->redirect) {
		http_reply_header(req, "Location", posting->form->redirect);
		http_reply(req, 303, NULL, NULL, 0);
	} else if (posting->page) {
		lead_page_thanks(req, call_back);
	} else {
		answer = json_object();
		json_set_bool(answer, "accepted", true);
		json_set_bool(answer, "call_back", call_back);
		http_reply_json(req, 202, answer);
	}
	task_end(&posting->task);
}

/* ---- once the tenant is known ---- */

static void kept(int err, bool repeated, void *arg)
{
	struct posting *posting = arg;

	if (!err) {
		LOG_INFO(&posting->task.log, repeated ? "lead_repeated" : "lead_kept",
			 LOG_STR("tenant_id", posting->task.tenant_id));
		thank(posting);
		return;
	}
	LOG_ERROR(&posting->task.log, "lead_not_kept", LOG_ERR(err));
	http_reply_header(posting->task.req, "Retry-After", "5");
	refuse(posting, API_UNAVAILABLE, NULL, NULL);
}

static void keep(struct posting *posting)
{
	struct lead_keep_params params = {
		.tenant_id = posting->task.tenant_id,
		.form = posting->form,
		.settings = posting->settings,
		.origin = http_request_header(posting->task.req, "origin"),
	};

	posting->keeping = lead_keep(posting->task.platform, &params, kept, posting);
}

static void check_redirect(struct posting *posting)
{
	struct lead_form *form = posting->form;

	if (!form->redirect || lead_settings_allow_url(posting->settings, form->redirect))
		return;
	lead_form_fault(form, LEAD_INVALID, "redirect",
			"redirect must be a page of a web site whose forms are taken.");
	form->redirect = mem_free(form->redirect);
}

/* A tenant that is not there is one that takes none. */
static void refuse_site(struct posting *posting)
{
	if (posting->settings->enabled)
		refuse(posting, API_ORIGIN, "Origin", NULL);
	else
		refuse(posting, API_LEADS_OFF, NULL, NULL);
}

static void judge(struct posting *posting)
{
	struct http_request *req = posting->task.req;
	const char *busy = overload_reason(posting->task.platform->api.overload);
	bool allowed = lead_settings_allow(posting->settings, http_request_header(req, "origin"));

	if (allowed)
		http_reply_origin(req);
	if (posting->too_often) {
		refuse(posting, API_RATE_LIMITED, NULL, NULL);
		return;
	}
	if (!allowed) {
		refuse_site(posting);
		return;
	}
	if (busy) {
		http_reply_header(req, "Retry-After", "2");
		refuse(posting, API_OVERLOADED, NULL, NULL);
		return;
	}
	if (!posting->form) {
		refuse(posting, posting->bad,
		       posting->bad == API_BAD_REQUEST ? "Content-Type" : NULL,
		       posting->bad_reason);
		return;
	}
	check_redirect(posting);
	if (posting->form->website) {
		metric_add(METRIC_LEAD_TOTAL, "trapped", 1);
		thank(posting);
	} else if (posting->form->fault_count) {
		refuse_faults(posting);
	} else {
		keep(posting);
	}
}

static bool is_active(const struct db_result *tenants, size_t row)
{
	return str_equal(db_get_text(tenants, row, 2), "active");
}

/* One of several has to be named; who is not there, or suspended, takes no leads. */
static void on_tenants(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct posting *posting = arg;
	const struct db_result *tenants = err ? NULL : results[0];
	bool found = !err && db_rows(tenants) == 1 && is_active(tenants, 0);

	posting->query = mem_unref(posting->query);
	posting->settings = lead_settings_of(found ? db_get_text(tenants, 0, 3) : NULL);
	if (found)
		str_copy(posting->task.tenant_id, sizeof(posting->task.tenant_id),
			 db_get_text(tenants, 0, 0));
	if (err) {
		http_reply_header(posting->task.req, "Retry-After", "5");
		refuse(posting, API_UNAVAILABLE, NULL, NULL);
	} else if (db_rows(tenants) > 1 && !posting->too_often) {
		refuse(posting, API_MISSING_FIELD, "tenant",
		       "tenant is required: there are several.");
	} else {
		judge(posting);
	}
}

/* ---- the request ---- */

static bool is_type(const struct http_request *req, const char *type)
{
	const char *given = http_request_header(req, "content-type");
	size_t len = given ? strcspn(given, "; \t") : 0;

	return len == strlen(type) && !strncasecmp(given, type, len);
}

static void bad(struct posting *posting, enum api_error error, char *reason)
{
	posting->bad = error;
	posting->bad_reason = reason;
}

static void read_json(struct posting *posting, const char *text, size_t len)
{
	auto_json json_t *body = NULL;
	char reason[JSON_ERROR_SIZE];

	if (json_parse(&body, text, len, reason))
		bad(posting, API_INVALID_JSON,
		    mem_printf("The body is not valid JSON: %s", reason));
	else if (!json_is_object(body))
		bad(posting, API_INVALID_JSON, mem_strdup("The body must be a JSON object."));
	else
		posting->form = lead_form_of_json(body);
}

static void read_form(struct posting *posting, const char *text, size_t len)
{
	auto_unref struct form *fields = NULL;

	if (form_parse(&fields, text, len))
		bad(posting, API_INVALID_FORM, NULL);
	else
		posting->form = lead_form_of_fields(fields);
}

static void read_body(struct posting *posting)
{
	struct http_request *req = posting->task.req;
	const char *accept = http_request_header(req, "accept");
	bool is_form = is_type(req, "application/x-www-form-urlencoded");
	size_t len;
	const char *text = http_request_body(req, &len);

	posting->page = is_form && !(accept && strstr(accept, "application/json") &&
				     !strstr(accept, "text/html"));
	if (len > LEAD_MAX_BODY)
		bad(posting, API_TOO_LARGE, NULL);
	else if (is_form)
		read_form(posting, text ? text : "", len);
	else if (is_type(req, "application/json"))
		read_json(posting, text, len);
	else
		bad(posting, API_BAD_REQUEST,
		    mem_strdup("Content-Type must be application/json or "
			       "application/x-www-form-urlencoded."));
}

void lead_post(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	struct posting *posting = task_new(platform, sizeof(*posting), "lead", "", NULL);
	struct batch batch auto_batch = {0};
	const char *tenant;

	posting->task.releaseh = release;
	posting->task.req = mem_ref(req);
	posting->too_often = !rate_limit_visit(platform->rate_limit, req, RATE_LEAD).pass;
	read_body(posting);
	tenant = posting->form ? posting->form->tenant : NULL;
	if (tenant)
		store_tenant_select(&batch, tenant_id_is_valid(tenant) ? tenant : "");
	else
		store_tenant_list(&batch, "", 2);
	batch_lookup(&batch, &posting->query, platform->api.db, on_tenants, posting);
}

/* ---- before a script sends one ---- */

static void on_settings(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct posting *posting = arg;
	struct http_request *req = posting->task.req;
	const char *origin = http_request_header(req, "origin");
	bool allowed = false;

	for (size_t row = 0; !err && !allowed && row < db_rows(results[0]); row++) {
		auto_unref struct lead_settings *settings =
			lead_settings_of(db_get_text(results[0], row, 0));

		allowed = lead_settings_allow(settings, origin);
	}
	if (err)
		api_fail_errno(req, err);
	else if (allowed)
		http_reply_preflight(req, "POST");
	else
		api_fail(req, API_ORIGIN, "Origin", NULL);
	task_end(&posting->task);
}

/* It does not say for which tenant: the answer is yes when one of them takes forms from there. */
void lead_preflight(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	struct posting *posting = task_new(platform, sizeof(*posting), "lead", "", NULL);
	struct batch batch auto_batch = {0};

	posting->task.releaseh = release;
	posting->task.req = mem_ref(req);
	store_tenant_with_leads(&batch, MAX_TENANTS);
	batch_lookup(&batch, &posting->query, platform->api.db, on_settings, posting);
}
