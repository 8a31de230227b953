/*
 * Protects the reading of "create call" bodies: every rule has a body that breaks it, the error
 * names the field, and what is accepted becomes the right settings and Call object.
 */
#include "unit/check.h"

#include "core/mem.h"
#include "engine/call_request.h"
#include "engine/duration.h"

#include <string.h>

static const struct {
	const char *body, *field; /* field NULL: accepted */
} bodies[] = {
	{"{'medium':{'twilio':{}}}", NULL},
	{"{'medium':{'twilio':null,'serverWebSocket':{'inputSampleRate':8000}}}", "medium"},
	{"{'medium':{'serverWebSocket':{'inputSampleRate':48000}}}", NULL},
	{"{'medium':{'serverWebSocket':{}}}", "medium"},
	{"{'medium':{'serverWebSocket':{'inputSampleRate':7999}}}", "medium"},
	{"{'medium':{'serverWebSocket':{'inputSampleRate':8000.5}}}", "medium"},
	{"{'medium':{}}", "medium"},
	{"{'medium':[]}", "medium"},
	{"{'medium':{'twilio':{'outgoing':{'to':'+1','from':'+1'}}}}", "medium"},
	{"{'medium':{'twilio':{}},'temperature':0}", NULL},
	{"{'medium':{'twilio':{}},'temperature':-0.1}", "temperature"},
	{"{'medium':{'twilio':{}},'temperature':'0'}", "temperature"},
	{"{'medium':{'twilio':{}},'joinTimeout':'0s'}", "joinTimeout"},
	{"{'medium':{'twilio':{}},'joinTimeout':'-5s'}", "joinTimeout"},
	{"{'medium':{'twilio':{}},'joinTimeout':'05s'}", "joinTimeout"},
	{"{'medium':{'twilio':{}},'joinTimeout':'5 s'}", "joinTimeout"},
	{"{'medium':{'twilio':{}},'joinTimeout':null}", NULL},
	{"{'medium':{'twilio':{}},'languageHint':'12345678901234567'}", "languageHint"},
	{"{'medium':{'twilio':{}},'firstSpeaker':'AGENT'}", "firstSpeaker"},
	{"{'medium':{'twilio':{}},'firstSpeaker':'FIRST_SPEAKER_USER',"
	 "'firstSpeakerSettings':{'agent':{}}}",
	 "firstSpeaker"},
	{"{'medium':{'twilio':{}},'firstSpeakerSettings':{'user':{'fallback':{'delay':3}}}}",
	 "firstSpeakerSettings"},
	{"{'medium':{'twilio':{}},'vadSettings':{'turnEndpointDelay':'11s'}}", "vadSettings"},
	{"{'medium':{'twilio':{}},'vadSettings':{'minimumTurnDuration':'0s'}}", NULL},
	{"{'medium':{'twilio':{}},'inactivityMessages':[{'duration':'5s'}]}", "inactivityMessages"},
	{"{'medium':{'twilio':{}},'inactivityMessages':[{'duration':'5s','message':'m',"
	 "'endBehavior':'HANG_UP'}]}",
	 "inactivityMessages"},
	{"{'medium':{'twilio':{}},'initialMessages':[{'role':'user','text':'x'}]}",
	 "initialMessages"},
	{"{'medium':{'twilio':{}},'metadata':{'k':null}}", "metadata"},
	{"{'medium':{'twilio':{}},'callbacks':{'ended':{}}}", "callbacks"},
	{"{'medium':{'twilio':{}},'callbacks':{'ended':{'url':'http://h/','secrets':['']}}}",
	 "callbacks"},
	{"{'medium':{'twilio':{}},'dataConnection':{}}", "dataConnection"},
	{"{'medium':{'twilio':{}},'dataConnection':{'websocketUrl':'ws://h/',"
	 "'headers':{'a':1}}}",
	 "dataConnection"},
	{"{'medium':{'twilio':{}},'voice':'Mark','externalVoice':{'lmnt':{}}}", "externalVoice"},
	{"{'medium':{'twilio':{}},'selectedTools':[{}]}", "selectedTools"},
	{"{'medium':{'twilio':{}},'selectedTools':[{'toolName':'hangUp'}]}", NULL},
	{"{'medium':{'twilio':{}},'selectedTools':[{'temporaryTool':{'modelToolName':'t'}}]}",
	 "selectedTools"},
	{"{'medium':{'twilio':{}},'selectedTools':[{'temporaryTool':{'modelToolName':'t',"
	 "'timeout':'41s','http':{'baseUrlPattern':'http://h/'}}}]}",
	 "selectedTools"},
	{"{'medium':{'twilio':{}},'retentionPolicy':'retain'}", "retentionPolicy"},
	{"{'medium':{'twilio':{}},'unknown':true}", NULL},
};

static json_t *parse(const char *text)
{
	char *copy = mem_strdup(text);
	json_t *json = NULL;

	for (char *c = copy; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	assert_int_equal(0, json_parse(&json, copy, strlen(copy), NULL));
	mem_free(copy);
	return json;
}

static void bodies_are_accepted_or_refused_by_field(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		auto_json json_t *body = parse(bodies[i].body), *errors = json_object();
		bool good = call_request_check(body, errors);

		if (good != !bodies[i].field)
			fail_msg("%s: %s", bodies[i].body, good ? "accepted" : json_text(errors));
		if (bodies[i].field && !json_object_get(errors, bodies[i].field))
			fail_msg("%s: %s", bodies[i].body, json_text(errors));
	}
}

static void settings_follow_the_body(void **state)
{
	auto_json json_t *body = parse(
		"{'medium':{'twilio':{'dtmfHandling':{'userTextMessage':{'text':'k {digits}',"
		"'urgency':'URGENCY_SOON'}}}},'maxDuration':'90.5s','timeExceededMessage':'bye',"
		"'vadSettings':{'turnEndpointDelay':'0.5s','frameActivationThreshold':0.4},"
		"'firstSpeakerSettings':{'user':{'fallback':{'delay':'2s','text':'hi'}}},"
		"'inactivityMessages':[{'duration':'7s','message':'m',"
		"'endBehavior':'END_BEHAVIOR_HANG_UP_SOFT'}]}");
	struct conversation_conf conf;

	call_request_conf(&conf, body);
	assert_int_equal(90500, conf.max_duration_ms);
	assert_string_equal("bye", conf.time_exceeded_message);
	assert_int_equal(500, conf.turn.endpoint_ms);
	assert_int_equal(90, conf.turn.min_interruption_ms);
	assert_true(conf.threshold > 0.39f && conf.threshold < 0.41f);
	assert_true(conf.user_first && conf.has_fallback);
	assert_int_equal(2000, conf.greeting_delay_ms);
	assert_string_equal("hi", conf.greeting);
	assert_string_equal("k {digits}", conf.digits_text);
	assert_int_equal(URGENCY_SOON, conf.digits_urgency);
	assert_int_equal(1, conf.inactivity_count);
	assert_int_equal(7000, conf.inactivity[0].after_ms);
	assert_int_equal(INACTIVITY_HANGS_UP_SOFT, conf.inactivity[0].end);
	call_request_conf_free(&conf);
}

static void call_object_has_defaults_and_no_secrets(void **state)
{
	auto_json json_t *body =
		parse("{'medium':{'twilio':{}},'firstSpeaker':'FIRST_SPEAKER_USER',"
		      "'retentionPolicy':'CALL_RETENTION_POLICY_AUTO_DELETE',"
		      "'sharedSecrets':['0123456789abcdef'],"
		      "'callbacks':{'ended':{'url':'http://h/','secrets':['x']}}}");
	auto_json json_t *call = call_request_to_call(body);
	const json_t *ended = json_object_get(json_object_get(call, "callbacks"), "ended");

	assert_string_equal("30s", json_get_str(call, "joinTimeout", ""));
	assert_string_equal("FIRST_SPEAKER_USER", json_get_str(call, "firstSpeaker", ""));
	assert_non_null(json_object_get(json_object_get(call, "firstSpeakerSettings"), "user"));
	assert_string_equal("auto_delete", json_get_str(call, "retentionPolicy", ""));
	assert_true(json_is_null(json_object_get(call, "endReason")));
	assert_string_equal("http://h/", json_get_str(ended, "url", ""));
	assert_null(json_object_get(ended, "secrets"));
	assert_null(json_object_get(call, "sharedSecrets"));
}

static void durations_are_read_and_written(void **state)
{
	static const struct {
		const char *text;
		int64_t us; /* -1: refused */
	} cases[] = {
		{"0s", 0},
		{"30s", 30000000},
		{"0.384s", 384000},
		{"5.5s", 5500000},
		{"", -1},
		{"s", -1},
		{"5", -1},
		{"05s", -1},
		{"5.s", -1},
		{".5s", -1},
		{"5ss", -1},
		{"1e3s", -1},
		{"+5s", -1},
		{"--5s", -1},
		{"5.0000000001s", -1},
		{"0.000001s", 1},
		{"999999999999s", INT64_C(999999999999000000)},
	};
	char out[DURATION_SIZE];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t us = -1;

		assert_int_equal(cases[i].us < 0 ? -22 : 0, duration_parse(&us, cases[i].text));
		if (cases[i].us < 0)
			continue;
		assert_int_equal(cases[i].us, us);
		duration_format(out, us);
		assert_string_equal(cases[i].text, out);
	}
	duration_format(out, -1500000);
	assert_string_equal("-1.5s", out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_are_accepted_or_refused_by_field),
		cmocka_unit_test(settings_follow_the_body),
		cmocka_unit_test(call_object_has_defaults_and_no_secrets),
		cmocka_unit_test(durations_are_read_and_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
