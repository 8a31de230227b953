#include "carrier/call_params.h"

#include "carrier/call_leg.h"
#include "carrier/call_recording.h"
#include "carrier/carrier_priv.h"
#include "core/mem.h"
#include "core/phone.h"
#include "core/str.h"
#include "http/form.h"

#include <string.h>

enum { MAX_TWIML = 4000, MAX_URI = 255, MAX_SEND_DIGITS = 32 };

/* Asked for, but not there: better an error than a call that behaves otherwise. */
static bool check_unsupported(struct rest_fault *fault, const struct form *form)
{
	static const char *const names[] = {"MachineDetection", "AsyncAmd", "CallToken", "Byoc"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = rest_form_get(form, names[i]);

		if (value && !str_equal_nocase(value, "false")) {
			rest_fault_set(fault, REST_INVALID_PARAMETER,
				       "%s is not supported by this carrier", names[i]);
			return false;
		}
	}
	if (rest_form_get(form, "ApplicationSid")) {
		rest_fault_set(fault, REST_INVALID_APPLICATION,
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

static bool check_parties(struct rest_fault *fault, const struct form *form)
{
	const char *to = rest_form_get(form, "To"), *from = rest_form_get(form, "From");
	bool sip = to && is_sip_uri(to);

	if (!to) {
		rest_fault_set(fault, REST_NO_TO, "No 'To' number is specified");
		return false;
	}
	if (!sip && !phone_is_e164(to)) {
		rest_fault_set(
			fault, REST_INVALID_TO,
			"The phone number you are attempting to call, To=%.80s, is not valid.", to);
		return false;
	}
	if (!from) {
		rest_fault_set(fault, REST_NO_FROM, "No 'From' number is specified");
		return false;
	}
	if (phone_is_e164(from) || (sip && (is_sip_uri(from) || is_caller_id(from))))
		return true;
	rest_fault_set(fault, REST_INVALID_FROM,
		       "From=%.80s is not a valid phone number or caller id", from);
	return false;
}

static bool check_orders(struct rest_fault *fault, const struct form *form)
{
	const char *twiml = rest_form_get(form, "Twiml"),
		   *digits = rest_form_get(form, "SendDigits");

	if (!rest_form_get(form, "Url") && !twiml) {
		rest_fault_set(fault, REST_INVALID_URL, "Url parameter is required.");
		return false;
	}
	if (twiml && strlen(twiml) > MAX_TWIML) {
		rest_fault_set(fault, REST_INVALID_PARAMETER, "Twiml is longer than %d characters",
			       MAX_TWIML);
		return false;
	}
	if (digits && (strlen(digits) > MAX_SEND_DIGITS ||
		       digits[strspn(digits, "0123456789ABCDabcd*#wW")])) {
		rest_fault_set(fault, REST_INVALID_SEND_DIGITS,
			       "SendDigits must be at most %d of 0-9 A-D # * w W", MAX_SEND_DIGITS);
		return false;
	}
	return true;
}

static const struct rest_event call_events[] = {
	{"initiated", LEG_NOTIFY_INITIATED},
	{"ringing", LEG_NOTIFY_RINGING},
	{"answered", LEG_NOTIFY_ANSWERED},
	{"completed", LEG_NOTIFY_COMPLETED},
};

static const struct rest_event recording_events[] = {
	{"in-progress", LEG_NOTIFY_IN_PROGRESS},
	{"completed", LEG_NOTIFY_RECORDED},
	{"absent", LEG_NOTIFY_ABSENT},
};

bool call_params_check_recording(struct rest_fault *fault, const struct form *form)
{
	return rest_form_url(fault, form, "RecordingStatusCallback") &&
	       rest_form_method(fault, form, "RecordingStatusCallbackMethod") &&
	       rest_form_word(fault, form, "RecordingChannels", "mono|dual") &&
	       rest_form_word(fault, form, "RecordingTrack", "inbound|outbound|both") &&
	       rest_form_word(fault, form, "Trim", "trim-silence|do-not-trim");
}

bool call_params_check(struct rest_fault *fault, const struct form *form)
{
	static const char *const urls[] = {"Url", "FallbackUrl", "StatusCallback"};
	static const char *const methods[] = {"Method", "FallbackMethod", "StatusCallbackMethod"};

	if (!rest_form_utf8(fault, form))
		return false;
	if (!check_parties(fault, form) || !check_unsupported(fault, form) ||
	    !check_orders(fault, form))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(urls); i++)
		if (!rest_form_url(fault, form, urls[i]) ||
		    !rest_form_method(fault, form, methods[i]))
			return false;
	return rest_form_number(fault, form, "Timeout", 1, 600, REST_INVALID_TIMEOUT) &&
	       rest_form_number(fault, form, "TimeLimit", 1, MAX_TIME_LIMIT_S,
				REST_INVALID_PARAMETER) &&
	       rest_form_bool(fault, form, "Record") && call_params_check_recording(fault, form);
}

bool call_params_read_recording(struct rest_fault *fault, const struct form *form,
				struct call_recording_conf *conf)
{
	const char *trim = rest_form_get(form, "Trim");

	call_leg_target_set(&conf->target, rest_form_get(form, "RecordingStatusCallback"),
			    rest_form_get(form, "RecordingStatusCallbackMethod"));
	conf->channels = str_equal(rest_form_get(form, "RecordingChannels"), "dual") ? 2 : 1;
	conf->track = call_recording_track_of(rest_form_get(form, "RecordingTrack"));
	if (trim)
		conf->trim = str_equal(trim, "trim-silence");
	return rest_form_events(fault, form, "RecordingStatusCallbackEvent", recording_events,
				ARRAY_LEN(recording_events), &conf->events);
}

/* The form was checked. */
static void fill_leg(struct call_leg *leg, const struct form *form)
{
	call_leg_target_set(&leg->voice, rest_form_get(form, "Url"), rest_form_get(form, "Method"));
	call_leg_target_set(&leg->fallback, rest_form_get(form, "FallbackUrl"),
			    rest_form_get(form, "FallbackMethod"));
	call_leg_target_set(&leg->status, rest_form_get(form, "StatusCallback"),
			    rest_form_get(form, "StatusCallbackMethod"));
	mem_replace_str(&leg->twiml, rest_form_get(form, "Twiml"));
	mem_replace_str(&leg->send_digits, rest_form_get(form, "SendDigits"));
	mem_replace_str(&leg->sip_username, rest_form_get(form, "SipAuthUsername"));
	mem_replace_str(&leg->sip_password, rest_form_get(form, "SipAuthPassword"));
	leg->ring_timeout_s = rest_form_number_or(form, "Timeout", RING_TIMEOUT_S);
	leg->time_limit_s = rest_form_number_or(form, "TimeLimit", TIME_LIMIT_S);
}

bool call_params_read(struct rest_fault *fault, const struct form *form, struct call_leg *leg)
{
	auto_unref struct call_recording_conf *conf = call_recording_conf_new("OutboundAPI");

	/* The vendor's default here, unlike that of a recording started later. */
	conf->trim = true;
	if (!rest_form_events(fault, form, "StatusCallbackEvent", call_events,
			      ARRAY_LEN(call_events), &leg->status_events) ||
	    !call_params_read_recording(fault, form, conf))
		return false;
	fill_leg(leg, form);
	if (rest_form_is_true(form, "Record"))
		leg->record = mem_ref(conf);
	return true;
}
