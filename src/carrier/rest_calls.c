/* The Call resource: create, fetch, list, change, delete. */
#include "carrier/call_leg.h"
#include "carrier/call_leg_book.h"
#include "carrier/call_leg_json.h"
#include "carrier/call_params.h"
#include "carrier/carrier_priv.h"
#include "carrier/rest.h"
#include "carrier/twiml.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_server.h"

#include <string.h>

enum { MAX_TWIML = 4000 };

/* ---- resource ---- */

static void reply_leg(struct http_request *req, int status, const struct call_leg *leg)
{
	auto_json json_t *json = call_leg_json(leg);

	http_reply_json(req, status, json);
}

static void create_call(struct http_request *req, void *arg)
{
	struct carrier *carrier = arg;
	auto_unref struct form *form = NULL;
	auto_unref struct call_leg *leg = NULL;
	struct rest_fault fault;

	if (!rest_admit(carrier, req))
		return;
	form = rest_form(req);
	if (!form || rest_refuse(req, call_params_check(&fault, form), &fault))
		return;
	if (carrier->queue.len >= MAX_QUEUE || carrier->stopping) {
		rest_error(req, REST_TOO_MANY, "Too many calls are waiting");
		return;
	}
	leg = call_leg_new(carrier, false, rest_form_get(form, "To"), rest_form_get(form, "From"));
	if (rest_refuse(req, call_params_read(&fault, form, leg), &fault))
		return;
	LOG_INFO(&leg->log, "call_created", LOG_PHONE("to", leg->to), LOG_PHONE("from", leg->from));
	reply_leg(req, 201, leg);
	carrier_enqueue(carrier, leg);
}

static void get_call(struct http_request *req, void *arg)
{
	const struct call_leg *leg = rest_leg(arg, req);

	if (leg)
		reply_leg(req, 200, leg);
}

static void delete_call(struct http_request *req, void *arg)
{
	struct carrier *carrier = arg;
	struct call_leg *leg = rest_leg(carrier, req);

	if (!leg)
		return;
	if (!call_leg_state_is_terminal(leg->state)) {
		rest_error(req, REST_NOT_IN_PROGRESS, "Call cannot be deleted before it has ended");
		return;
	}
	leg->deleted = true;
	carrier_leg_changed(carrier, leg);
	http_reply(req, 204, NULL, NULL, 0);
}

static bool check_update(struct rest_fault *fault, const struct form *form,
			 const struct call_leg *leg)
{
	const char *twiml = rest_form_get(form, "Twiml"), *url = rest_form_get(form, "Url");

	if (call_leg_state_is_terminal(leg->state)) {
		rest_fault_set(fault, REST_NOT_IN_PROGRESS,
			       "Call is not in-progress. Cannot redirect.");
		return false;
	}
	if (twiml && url) {
		rest_fault_set(fault, REST_INVALID_PARAMETER, "Twiml and Url exclude each other");
		return false;
	}
	if (twiml && strlen(twiml) > MAX_TWIML) {
		rest_fault_set(fault, REST_INVALID_PARAMETER, "Twiml is longer than %d characters",
			       MAX_TWIML);
		return false;
	}
	if ((twiml || url) && leg->state != LEG_IN_PROGRESS) {
		rest_fault_set(fault, REST_NOT_IN_PROGRESS,
			       "Call is not in-progress. Cannot redirect.");
		return false;
	}
	return rest_form_url(fault, form, "Url") && rest_form_url(fault, form, "FallbackUrl") &&
	       rest_form_url(fault, form, "StatusCallback") &&
	       rest_form_method(fault, form, "Method") &&
	       rest_form_method(fault, form, "FallbackMethod") &&
	       rest_form_method(fault, form, "StatusCallbackMethod") &&
	       rest_form_word(fault, form, "Status", "completed|canceled") &&
	       rest_form_number(fault, form, "TimeLimit", 1, MAX_TIME_LIMIT_S,
				REST_INVALID_PARAMETER);
}

static void apply_status(struct call_leg *leg, const char *status)
{
	bool completed = str_equal(status, "completed");

	/* "canceled" leaves a call that was answered alone. */
	if (leg->state == LEG_IN_PROGRESS && completed)
		(void)call_leg_step(leg, LEG_EV_HANGUP);
	else if (leg->state != LEG_IN_PROGRESS)
		(void)call_leg_step(leg, LEG_EV_CANCEL);
}

static void apply_update(struct call_leg *leg, const struct form *form, struct twiml *twiml)
{
	if (rest_form_get(form, "FallbackUrl"))
		call_leg_target_set(&leg->fallback, rest_form_get(form, "FallbackUrl"),
				    rest_form_get(form, "FallbackMethod"));
	if (rest_form_get(form, "StatusCallback"))
		call_leg_target_set(&leg->status, rest_form_get(form, "StatusCallback"),
				    rest_form_get(form, "StatusCallbackMethod"));
	if (rest_form_get(form, "TimeLimit"))
		call_leg_limit(leg, rest_form_number_or(form, "TimeLimit", TIME_LIMIT_S));
	if (twiml || rest_form_get(form, "Url"))
		call_leg_redirect(leg, twiml, rest_form_get(form, "Url"),
				  rest_form_get(form, "Method") ? rest_form_get(form, "Method")
								: "POST");
	if (rest_form_get(form, "Status"))
		apply_status(leg, rest_form_get(form, "Status"));
}

static void update_call(struct http_request *req, void *arg)
{
	struct carrier *carrier = arg;
	auto_unref struct call_leg *leg = mem_ref(rest_leg(carrier, req));
	auto_unref struct form *form = NULL;
	auto_unref struct twiml *twiml = NULL;
	struct twiml_error error;
	struct rest_fault fault;

	if (!leg)
		return;
	form = rest_form(req);
	if (!form || rest_refuse(req, check_update(&fault, form, leg), &fault))
		return;
	if (rest_form_get(form, "Twiml") &&
	    twiml_parse(&twiml, rest_form_get(form, "Twiml"), strlen(rest_form_get(form, "Twiml")),
			&error)) {
		rest_error(req, REST_INVALID_PARAMETER, "Twiml is not valid: %s", error.message);
		return;
	}
	apply_update(leg, form, twiml);
	reply_leg(req, 200, leg);
}

/* ---- list ---- */

struct time_filter {
	const char *name; /* parameter */
	int64_t from, to; /* of the parameter's own range */
	char sign;        /* '=', '<' or '>' */
	bool end;         /* of the call, not its start */
	bool given;
};

struct call_list {
	struct rest_page page;
	const char *to, *from, *status;
	bool none; /* a filter that nothing here can meet */
	struct time_filter times[6];
	json_t *items;
	uint64_t last;
	bool more;
};

static bool time_fits(const struct time_filter *filter, const struct call_leg *leg)
{
	int64_t us = filter->end ? leg->ended_us : leg->started_us;

	if (!filter->given)
		return true;
	if (!us)
		return false;
	/* "<" means on that day or before, ">" on that day or after. */
	return filter->sign == '<'   ? us < filter->to
	       : filter->sign == '>' ? us >= filter->from
				     : us >= filter->from && us < filter->to;
}

static bool fits(const struct call_list *list, const struct call_leg *leg)
{
	if ((list->to && !str_equal(list->to, leg->to)) ||
	    (list->from && !str_equal(list->from, leg->from)) ||
	    (list->status && !str_equal(list->status, call_leg_state_name(leg->state))))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(list->times); i++)
		if (!time_fits(&list->times[i], leg))
			return false;
	return true;
}

static bool on_leg(struct call_leg *leg, void *arg)
{
	struct call_list *list = arg;

	if (!fits(list, leg) || list->page.skip-- > 0)
		return true;
	if ((int64_t)json_array_size(list->items) == list->page.size) {
		list->more = true;
		return false;
	}
	json_array_append_new(list->items, call_leg_json(leg));
	list->last = leg->number;
	return true;
}

static bool parse_list(struct call_list *list, struct http_request *req)
{
	const struct form *query = http_request_query(req);
	struct rest_fault fault;

	list->to = rest_form_get(query, "To");
	list->from = rest_form_get(query, "From");
	list->status = rest_form_get(query, "Status");
	list->none = rest_form_get(query, "ParentCallSid") != NULL;
	if (!rest_page_parse(&list->page, req) ||
	    rest_refuse(
		    req,
		    rest_form_word(
			    &fault, query, "Status",
			    "queued|ringing|in-progress|completed|busy|failed|no-answer|canceled"),
		    &fault))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(list->times); i++) {
		struct time_filter *filter = &list->times[i];
		const char *text = rest_form_get(query, filter->name);

		filter->given = text != NULL;
		if (text && rest_time_range(&filter->from, &filter->to, text)) {
			rest_error(req, REST_INVALID_PARAMETER, "%s is not a date: %.40s",
				   filter->name, text);
			return false;
		}
	}
	return true;
}

static void list_calls(struct http_request *req, void *arg)
{
	struct carrier *carrier = arg;
	struct call_list list = {.times = {{.name = "StartTime", .sign = '='},
					   {.name = "StartTime<", .sign = '<'},
					   {.name = "StartTime>", .sign = '>'},
					   {.name = "EndTime", .sign = '=', .end = true},
					   {.name = "EndTime<", .sign = '<', .end = true},
					   {.name = "EndTime>", .sign = '>', .end = true}}};

	if (!rest_admit(carrier, req) || !parse_list(&list, req))
		return;
	list.items = json_array();
	if (!list.none)
		call_leg_book_each(carrier->book, list.page.before, on_leg, &list);
	rest_page_reply(req, &list.page, "calls", list.items, list.more ? list.last : 0);
}

void rest_call_routes(struct carrier *carrier)
{
	static const char calls[] = "/2010-04-01/Accounts/{account}/Calls";
	static const char calls_json[] = "/2010-04-01/Accounts/{account}/Calls.json";
	static const char call[] = "/2010-04-01/Accounts/{account}/Calls/{call}";

	http_server_route(carrier->server, "POST", calls_json, create_call, carrier);
	http_server_route(carrier->server, "GET", calls_json, list_calls, carrier);
	http_server_route(carrier->server, "POST", calls, create_call, carrier);
	http_server_route(carrier->server, "GET", calls, list_calls, carrier);
	http_server_route(carrier->server, "GET", call, get_call, carrier);
	http_server_route(carrier->server, "POST", call, update_call, carrier);
	http_server_route(carrier->server, "DELETE", call, delete_call, carrier);
}
