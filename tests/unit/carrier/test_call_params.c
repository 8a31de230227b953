/* Protects: what a call or a recording may be asked for with, the error of each parameter that is
 * no good, and what the good ones mean. */
#include "unit/check.h"

#include "carrier/call_leg.h"
#include "carrier/call_params.h"
#include "carrier/call_recording.h"
#include "carrier/carrier_priv.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/form.h"

#include <string.h>

#define CALL "To=%2B15550100001&From=%2B15550100000&Url=http://x/"

static struct form *form_of(const char *text)
{
	struct form *form;

	assert_int_equal(form_parse(&form, text, strlen(text)), 0);
	return form;
}

static void each_bad_parameter_is_named(void **state)
{
	static const struct {
		const char *form;
		int code;
		const char *named;
	} cases[] = {
		{"From=%2B15550100000&Url=http://x/", REST_NO_TO, "To"},
		{"To=&From=%2B15550100000&Url=http://x/", REST_NO_TO, "To"},
		{"To=555&From=%2B15550100000&Url=http://x/", REST_INVALID_TO, "To"},
		{"To=sip:&From=a&Url=http://x/", REST_INVALID_TO, "To"},
		{"To=sip:@h&From=a&Url=http://x/", REST_INVALID_TO, "To"},
		{"To=sip:a%0d%0ab@h&From=a&Url=http://x/", REST_INVALID_TO, "To"},
		{"To=sip:a@h%3e&From=a&Url=http://x/", REST_INVALID_TO, "To"},
		{"To=%2B15550100001&Url=http://x/", REST_NO_FROM, "From"},
		{"To=%2B15550100001&From=me&Url=http://x/", REST_INVALID_FROM, "From"},
		{"To=sip:a@h&From=a%20b&Url=http://x/", REST_INVALID_FROM, "From"},
		{"To=%2B15550100001&From=%2B15550100000", REST_INVALID_URL, "Url"},
		{"To=%2B15550100001&From=%2B15550100000&Url=ftp://x/", REST_INVALID_URL, "Url"},
		{CALL "&StatusCallback=x", REST_INVALID_URL, "StatusCallback"},
		{CALL "&FallbackUrl=ws://x/", REST_INVALID_URL, "FallbackUrl"},
		{CALL "&RecordingStatusCallback=x", REST_INVALID_URL, "RecordingStatusCallback"},
		{CALL "&Method=PUT", REST_INVALID_METHOD, "Method"},
		{CALL "&StatusCallbackMethod=get", REST_INVALID_METHOD, "StatusCallbackMethod"},
		{CALL "&Timeout=0", REST_INVALID_TIMEOUT, "Timeout"},
		{CALL "&Timeout=601", REST_INVALID_TIMEOUT, "Timeout"},
		{CALL "&Timeout=5s", REST_INVALID_TIMEOUT, "Timeout"},
		{CALL "&TimeLimit=86401", REST_INVALID_PARAMETER, "TimeLimit"},
		{CALL "&SendDigits=12x", REST_INVALID_SEND_DIGITS, "SendDigits"},
		{CALL "&SendDigits=111111111111111111111111111111111", REST_INVALID_SEND_DIGITS,
		 "SendDigits"},
		{CALL "&Record=yes", REST_INVALID_PARAMETER, "Record"},
		{CALL "&RecordingChannels=2", REST_INVALID_PARAMETER, "RecordingChannels"},
		{CALL "&RecordingTrack=all", REST_INVALID_PARAMETER, "RecordingTrack"},
		{CALL "&Trim=true", REST_INVALID_PARAMETER, "Trim"},
		{CALL "&MachineDetection=Enable", REST_INVALID_PARAMETER, "MachineDetection"},
		{CALL "&ApplicationSid=AP1", REST_INVALID_APPLICATION, "ApplicationSid"},
		{CALL "&CallReason=%ff", REST_INVALID_PARAMETER, "UTF-8"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_unref struct form *form = form_of(cases[i].form);
		struct rest_fault fault = {0};

		assert_false(call_params_check(&fault, form));
		assert_int_equal(fault.code, cases[i].code);
		assert_non_null(strstr(fault.message, cases[i].named));
	}
}

static void good_requests_are_taken(void **state)
{
	static const char *const cases[] = {
		CALL,
		"To=sip:bob@127.0.0.1:5070;transport=udp&From=me&Twiml=%3CResponse/%3E",
		CALL "&Timeout=1&TimeLimit=86400&Record=TRUE&SendDigits=wW12*%23abcd",
		CALL "&MachineDetection=&AsyncAmd=false&Method=GET&FallbackUrl=&Unknown=1",
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_unref struct form *form = form_of(cases[i]);
		struct rest_fault fault = {0};

		assert_true(call_params_check(&fault, form));
	}
}

static void recordings_mean_what_they_say(void **state)
{
	static const struct {
		const char *form;
		bool trim;
		uint32_t channels;
		unsigned track, events;
	} cases[] = {
		{"", false, 1, RECORDING_BOTH, LEG_NOTIFY_RECORDED},
		{"RecordingChannels=dual&Trim=trim-silence", true, 2, RECORDING_BOTH,
		 LEG_NOTIFY_RECORDED},
		{"RecordingTrack=inbound&Trim=do-not-trim", false, 1, RECORDING_INBOUND,
		 LEG_NOTIFY_RECORDED},
		{"RecordingTrack=outbound&RecordingStatusCallbackEvent=in-progress%20absent", false,
		 1, RECORDING_OUTBOUND, LEG_NOTIFY_IN_PROGRESS | LEG_NOTIFY_ABSENT},
		{"RecordingStatusCallbackEvent=completed&RecordingStatusCallbackEvent=absent",
		 false, 1, RECORDING_BOTH, LEG_NOTIFY_RECORDED | LEG_NOTIFY_ABSENT},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_unref struct call_recording_conf *conf = call_recording_conf_new("x");
		auto_unref struct form *form = form_of(cases[i].form);
		struct rest_fault fault = {0};

		assert_true(call_params_check_recording(&fault, form));
		assert_true(call_params_read_recording(&fault, form, conf));
		assert_int_equal(conf->trim, cases[i].trim);
		assert_int_equal(conf->channels, cases[i].channels);
		assert_int_equal(conf->track, cases[i].track);
		assert_int_equal(conf->events, cases[i].events);
	}
}

static void an_unknown_event_is_named(void **state)
{
	auto_unref struct call_recording_conf *conf = call_recording_conf_new("x");
	auto_unref struct form *form = form_of("RecordingStatusCallbackEvent=completed%20begun");
	struct rest_fault fault = {0};

	assert_false(call_params_read_recording(&fault, form, conf));
	assert_non_null(strstr(fault.message, "begun"));
}

static void a_call_becomes_a_leg(void **state)
{
	struct carrier carrier = {0};
	auto_unref struct call_leg *leg = call_leg_new(&carrier, false, "+1", "+2");
	auto_unref struct form *form =
		form_of(CALL "&Timeout=7&TimeLimit=9&Record=true&RecordingChannels=dual"
			     "&StatusCallback=http://s/&StatusCallbackMethod=GET"
			     "&StatusCallbackEvent=ringing&StatusCallbackEvent=answered");
	struct rest_fault fault = {0};

	assert_true(call_params_read(&fault, form, leg));
	assert_int_equal(leg->ring_timeout_s, 7);
	assert_int_equal(leg->time_limit_s, 9);
	assert_string_equal(leg->voice.url, "http://x/");
	assert_string_equal(leg->voice.method, "POST");
	assert_string_equal(leg->status.method, "GET");
	assert_int_equal(leg->status_events, LEG_NOTIFY_RINGING | LEG_NOTIFY_ANSWERED);
	assert_non_null(leg->record);
	assert_int_equal(leg->record->channels, 2);
	/* The vendor trims what was asked for with the call. */
	assert_true(leg->record->trim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_bad_parameter_is_named),
		cmocka_unit_test(good_requests_are_taken),
		cmocka_unit_test(recordings_mean_what_they_say),
		cmocka_unit_test(an_unknown_event_is_named),
		cmocka_unit_test(a_call_becomes_a_leg),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
