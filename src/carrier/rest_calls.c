/* The Call resource: create, fetch, list, change, delete. */
#include "carrier/call_leg.h"
#include "carrier/call_leg_book.h"
#include "carrier/call_leg_json.h"
#include "carrier/carrier_priv.h"
#include "carrier/rest.h"
#include "carrier/twiml.h"
#include "core/mem.h"
#include "core/phone.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_server.h"
#include "http/http_url.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MAX_TWIML = 4000, MAX_URI = 255, MAX_URL = 4000, MAX_SEND_DIGITS = 32 };

/* ---- parameters ---- */

static const char *get(const struct form *form, const char *name)
{
	const char *value = form_get(form, name);

	return str_is_empty(value) ? NULL : value;
}

static bool check_url(struct http_request *req, const struct form *form, const char *name)
{
	const char *value = get(form, name);
	struct http_url url;

	if (!value)
		return true;
	if (strlen(value) <= MAX_URL && !http_url_parse(&url, value) &&
	    str_has_prefix(url.scheme, "http"))
		return true;
	rest_error(req, REST_INVALID_URL, "%s is not a valid URL: %.200s", name, value);
	return false;
}

static bool check_method(struct http_request *req, const struct form *form, const char *name)
{
	const char *value = get(form, name);

	if (!value || str_equal(value, "GET") || str_equal(value, "POST"))
		return true;
	rest_error(req, REST_INVALID_METHOD, "%s must be GET or POST", name);
	return false;
}

static bool check_number(struct http_request *req, const struct form *form, const char *name,
			 int64_t min, int64_t max, enum rest_code code)
{
	const char *value = get(form, name);
	int64_t number;

	if (!value || !str_parse_int(&number, value, min, max))
		return true;
	rest_error(req, code, "%s must be a number from %" PRId64 " to %" PRId64, name, min, max);
	return false;
}

static bool check_bool(struct http_request *req, const struct form *form, const char *name)
{
	const char *value = get(form, name);

	if (!value || str_equal_nocase(value, "true") || str_equal_nocase(value, "false"))
		return true;
	rest_error(req, REST_INVALID_PARAMETER, "%s must be true or false", name);
	return false;
}

static bool check_word(struct http_request *req, const struct form *form, const char *name,
		       const char *words)
{
	const char *value = get(form, name);
	auto_free char *copy = mem_strdup(words);
	char *rest = copy, *word;

	if (!value)
		return true;
	while ((word = strsep(&rest, "|")))
		if (str_equal(word, value))
			return true;
	rest_error(req, REST_INVALID_PARAMETER, "%s must be one of %s", name, words);
	return false;
}

/* Asked for, but not there: better an error than a call that behaves otherwise. */
static bool check_unsupported(struct http_request *req, const struct form *form)
{
	static const char *const names[] = {"MachineDetection", "AsyncAmd", "CallToken", "Byoc"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = get(form, names[i]);

		if (value && !str_equal_nocase(value, "false")) {
			rest_error(req, REST_INVALID_PARAMETER,
				   "%s is not supported by this carrier", names[i]);
			return false;
		}
	}
	if (get(form, "ApplicationSid")) {
		rest_error(req, REST_INVALID_APPLICATION,
			   "ApplicationSid is not supported by this carrier");
		return false;
	}
	return true;
}

/* "sip:user@host[:port][;params]" without anything that could break a header. */
static bool is_sip_uri(const char *text)
{
	const char *rest = text + strlen("sip:");

	if (!str_has_prefix(text, "sip:") || strlen(text) > MAX_URI || !*rest)
		return false;
	for (; *rest; rest++)
		if (*rest <= ' ' || *rest >= 0x7f || strchr("<>\"\\", *rest))
			return false;
	return text[4] != '@' && !str_has_suffix(text, "@");
}

static bool is_caller_id(const char *text)
{
	size_t len = strlen(text);

	return len && len <= 64 &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-_.") ==
		       len;
}

static bool check_parties(struct http_request *req, const struct form *form)
{
	const char *to = get(form, "To"), *from = get(form, "From");
	bool sip = to && is_sip_uri(to);

	if (!to) {
		rest_error(req, REST_NO_TO, "No 'To' number is specified");
		return false;
	}
	if (!sip && !phone_is_e164(to)) {
		rest_error(req, REST_INVALID_TO,
			   "The phone number you are attempting to call, To=%.80s, is not valid.",
			   to);
		return false;
	}
	if (!from) {
		rest_error(req, REST_NO_FROM, "No 'From' number is specified");
		return false;
	}
	if (phone_is_e164(from) || (sip && (is_sip_uri(from) || is_caller_id(from))))
		return true;
	rest_error(req, REST_INVALID_FROM, "From=%.80s is not a valid phone number or caller id",
		   from);
	return false;
}

static bool check_orders(struct http_request *req, const struct form *form)
{
	const char *twiml = get(form, "Twiml"), *digits = get(form, "SendDigits");

	if (!get(form, "Url") && !twiml) {
		rest_error(req, REST_INVALID_URL, "Url parameter is required.");
		return false;
	}
	if (twiml && strlen(twiml) > MAX_TWIML) {
		rest_error(req, REST_INVALID_PARAMETER, "Twiml is longer than %d characters",
			   MAX_TWIML);
		return false;
	}
	if (digits && (strlen(digits) > MAX_SEND_DIGITS ||
		       digits[strspn(digits, "0123456789ABCDabcd*#wW")])) {
		rest_error(req, REST_INVALID_SEND_DIGITS,
			   "SendDigits must be at most %d of 0-9 A-D # * w W", MAX_SEND_DIGITS);
		return false;
	}
	return true;
}

struct event_name {
	const char *name;
	unsigned flag;
};

static const struct event_name call_events[] = {
	{"initiated", LEG_NOTIFY_INITIATED},
	{"ringing", LEG_NOTIFY_RINGING},
	{"answered", LEG_NOTIFY_ANSWERED},
	{"completed", LEG_NOTIFY_COMPLETED},
};

static const struct event_name recording_events[] = {
	{"in-progress", LEG_NOTIFY_IN_PROGRESS},
	{"completed", LEG_NOTIFY_RECORDED},
	{"absent", LEG_NOTIFY_ABSENT},
};

/* Adds the events that text names, separated by spaces. */
static bool add_events(struct http_request *req, unsigned *events, const char *param,
		       const char *text, const struct event_name *names, size_t count)
{
	auto_free char *copy = mem_strdup(text);
	char *rest = copy, *word;

	while ((word = strsep(&rest, " "))) {
		size_t i = 0;

		while (i < count && !str_equal(names[i].name, word))
			i++;
		if (i == count && *word) {
			rest_error(req, REST_INVALID_PARAMETER, "%s does not know the event %.40s",
				   param, word);
			return false;
		}
		*events |= i < count ? names[i].flag : 0;
	}
	return true;
}

/* The key is repeated for several events. */
static bool read_events(struct http_request *req, const struct form *form, const char *param,
			const struct event_name *names, size_t count, unsigned *ret_events)
{
	unsigned events = 0;

	for (size_t i = 0; i < form_count(form); i++)
		if (str_equal(form_name(form, i), param) &&
		    !add_events(req, &events, param, form_value(form, i), names, count))
			return false;
	if (events)
		*ret_events = events;
	return true;
}

static bool check_create(struct http_request *req, const struct form *form)
{
	static const char *const urls[] = {"Url", "FallbackUrl", "StatusCallback",
					   "RecordingStatusCallback"};
	static const char *const methods[] = {"Method", "FallbackMethod", "StatusCallbackMethod",
					      "RecordingStatusCallbackMethod"};

	for (size_t i = 0; i < form_count(form); i++) {
		const char *value = form_value(form, i);

		if (!str_is_utf8(value, strlen(value))) {
			rest_error(req, REST_INVALID_PARAMETER, "A parameter is not UTF-8");
			return false;
		}
	}
	if (!check_parties(req, form) || !check_unsupported(req, form) || !check_orders(req, form))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(urls); i++)
		if (!check_url(req, form, urls[i]) || !check_method(req, form, methods[i]))
			return false;
	return check_number(req, form, "Timeout", 1, 600, REST_INVALID_TIMEOUT) &&
	       check_number(req, form, "TimeLimit", 1, MAX_TIME_LIMIT_S, REST_INVALID_PARAMETER) &&
	       check_bool(req, form, "Record") &&
	       check_word(req, form, "RecordingChannels", "mono|dual") &&
	       check_word(req, form, "RecordingTrack", "both") &&
	       check_word(req, form, "Trim", "trim-silence|do-not-trim");
}

static uint32_t number_or(const struct form *form, const char *name, uint32_t otherwise)
{
	int64_t value = otherwise;

	if (get(form, name))
		(void)str_parse_int(&value, get(form, name), 0, INT32_MAX);
	return (uint32_t)value;
}

static bool is_true(const struct form *form, const char *name)
{
	return get(form, name) && str_equal_nocase(get(form, name), "true");
}

static bool read_all_events(struct http_request *req, const struct form *form, struct call_leg *leg)
{
	return read_events(req, form, "StatusCallbackEvent", call_events, ARRAY_LEN(call_events),
			   &leg->status_events) &&
	       read_events(req, form, "RecordingStatusCallbackEvent", recording_events,
			   ARRAY_LEN(recording_events), &leg->recording_events);
}

/* The form was checked. */
static void fill_leg(struct call_leg *leg, const struct form *form)
{
	call_leg_target_set(&leg->voice, get(form, "Url"), get(form, "Method"));
	call_leg_target_set(&leg->fallback, get(form, "FallbackUrl"), get(form, "FallbackMethod"));
	call_leg_target_set(&leg->status, get(form, "StatusCallback"),
			    get(form, "StatusCallbackMethod"));
	call_leg_target_set(&leg->recording_target, get(form, "RecordingStatusCallback"),
			    get(form, "RecordingStatusCallbackMethod"));
	mem_replace_str(&leg->twiml, get(form, "Twiml"));
	mem_replace_str(&leg->send_digits, get(form, "SendDigits"));
	mem_replace_str(&leg->sip_username, get(form, "SipAuthUsername"));
	mem_replace_str(&leg->sip_password, get(form, "SipAuthPassword"));
	leg->ring_timeout_s = number_or(form, "Timeout", RING_TIMEOUT_S);
	leg->time_limit_s = number_or(form, "TimeLimit", TIME_LIMIT_S);
	leg->record = is_true(form, "Record");
	leg->recording.channels = str_equal(get(form, "RecordingChannels"), "dual") ? 2 : 1;
}

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

	if (!rest_admit(carrier, req))
		return;
	form = rest_form(req);
	if (!form || !check_create(req, form))
		return;
	if (carrier->queue.len >= MAX_QUEUE || carrier->stopping) {
		rest_error(req, REST_TOO_MANY, "Too many calls are waiting");
		return;
	}
	leg = call_leg_new(carrier, false, get(form, "To"), get(form, "From"));
	if (!read_all_events(req, form, leg))
		return;
	fill_leg(leg, form);
	LOG_INFO(&leg->log, "call_created", LOG_PHONE("to", leg->to), LOG_PHONE("from", leg->from));
	reply_leg(req, 201, leg);
	carrier_enqueue(carrier, leg);
}

/* The leg named in the path. NULL: it was answered. */
static struct call_leg *requested_leg(struct carrier *carrier, struct http_request *req)
{
	struct call_leg *leg;
	char sid[REST_NAME_SIZE];

	if (!rest_admit(carrier, req))
		return NULL;
	rest_name(req, "call", sid);
	leg = call_leg_book_find(carrier->book, sid);
	if (!leg)
		rest_error(req, REST_NOT_FOUND, "The requested resource %.200s was not found",
			   http_request_path(req));
	return leg;
}

static void get_call(struct http_request *req, void *arg)
{
	const struct call_leg *leg = requested_leg(arg, req);

	if (leg)
		reply_leg(req, 200, leg);
}

static void delete_call(struct http_request *req, void *arg)
{
	struct carrier *carrier = arg;
	struct call_leg *leg = requested_leg(carrier, req);

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

static bool check_update(struct http_request *req, const struct form *form,
			 const struct call_leg *leg)
{
	const char *twiml = get(form, "Twiml"), *url = get(form, "Url");

	if (call_leg_state_is_terminal(leg->state)) {
		rest_error(req, REST_NOT_IN_PROGRESS, "Call is not in-progress. Cannot redirect.");
		return false;
	}
	if (twiml && url) {
		rest_error(req, REST_INVALID_PARAMETER, "Twiml and Url exclude each other");
		return false;
	}
	if (twiml && strlen(twiml) > MAX_TWIML) {
		rest_error(req, REST_INVALID_PARAMETER, "Twiml is longer than %d characters",
			   MAX_TWIML);
		return false;
	}
	if ((twiml || url) && leg->state != LEG_IN_PROGRESS) {
		rest_error(req, REST_NOT_IN_PROGRESS, "Call is not in-progress. Cannot redirect.");
		return false;
	}
	return check_url(req, form, "Url") && check_url(req, form, "FallbackUrl") &&
	       check_url(req, form, "StatusCallback") && check_method(req, form, "Method") &&
	       check_method(req, form, "FallbackMethod") &&
	       check_method(req, form, "StatusCallbackMethod") &&
	       check_word(req, form, "Status", "completed|canceled") &&
	       check_number(req, form, "TimeLimit", 1, MAX_TIME_LIMIT_S, REST_INVALID_PARAMETER);
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
	if (get(form, "FallbackUrl"))
		call_leg_target_set(&leg->fallback, get(form, "FallbackUrl"),
				    get(form, "FallbackMethod"));
	if (get(form, "StatusCallback"))
		call_leg_target_set(&leg->status, get(form, "StatusCallback"),
				    get(form, "StatusCallbackMethod"));
	if (get(form, "TimeLimit"))
		call_leg_limit(leg, number_or(form, "TimeLimit", TIME_LIMIT_S));
	if (twiml || get(form, "Url"))
		call_leg_redirect(leg, twiml, get(form, "Url"),
				  get(form, "Method") ? get(form, "Method") : "POST");
	if (get(form, "Status"))
		apply_status(leg, get(form, "Status"));
}

static void update_call(struct http_request *req, void *arg)
{
	struct carrier *carrier = arg;
	auto_unref struct call_leg *leg = mem_ref(requested_leg(carrier, req));
	auto_unref struct form *form = NULL;
	auto_unref struct twiml *twiml = NULL;
	struct twiml_error error;

	if (!leg)
		return;
	form = rest_form(req);
	if (!form || !check_update(req, form, leg))
		return;
	if (get(form, "Twiml") &&
	    twiml_parse(&twiml, get(form, "Twiml"), strlen(get(form, "Twiml")), &error)) {
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

	list->to = get(query, "To");
	list->from = get(query, "From");
	list->status = get(query, "Status");
	list->none = get(query, "ParentCallSid") != NULL;
	if (!rest_page_parse(&list->page, req) ||
	    !check_word(req, query, "Status",
			"queued|ringing|in-progress|completed|busy|failed|no-answer|canceled"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(list->times); i++) {
		struct time_filter *filter = &list->times[i];
		const char *text = get(query, filter->name);

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
