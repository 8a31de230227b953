/* Protects: which documents are TwiML, what their attributes mean, and which error a bad one gets.
 */
#include "unit/check.h"

#include "carrier/twiml.h"
#include "core/buf.h"
#include "core/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct twiml *parse(const char *text)
{
	struct twiml *twiml = NULL;
	struct twiml_error error;

	if (twiml_parse(&twiml, text, strlen(text), &error))
		fail_msg("%s: %s", text, error.message);
	return twiml;
}

static void verbs_keep_their_order_and_text(void **state)
{
	auto_unref struct twiml *twiml =
		parse("\n<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- hello -->\n<Response>\n"
		      "  <Say voice=\"alice\"> Hello &amp; <prosody>welcome</prosody>\n</Say>\n"
		      "  <Play>http://x/a?b=1&amp;c=2</Play><Pause/><Hangup/>\n</Response>");

	assert_int_equal(twiml->count, 4);
	assert_int_equal(twiml->verbs[0].kind, TWIML_SAY);
	assert_string_equal(twiml->verbs[0].text, "Hello & welcome");
	assert_string_equal(twiml_text(&twiml->verbs[0], "voice"), "alice");
	assert_string_equal(twiml->verbs[1].text, "http://x/a?b=1&c=2");
	assert_int_equal(twiml->verbs[2].kind, TWIML_PAUSE);
	assert_int_equal(twiml->verbs[3].kind, TWIML_HANGUP);
}

static void defaults_are_the_vendors(void **state)
{
	auto_unref struct twiml *twiml =
		parse("<Response><Gather/><Say>x</Say><Pause/><Redirect>/a</Redirect><Reject/>"
		      "<Connect><Stream url='wss://x/'/></Connect></Response>");
	const struct twiml_verb *gather = &twiml->verbs[0];

	assert_int_equal(twiml_number(gather, "timeout"), 5);
	assert_string_equal(twiml_text(gather, "finishOnKey"), "#");
	assert_string_equal(twiml_text(gather, "method"), "POST");
	assert_string_equal(twiml_text(gather, "input"), "dtmf");
	assert_int_equal(twiml_number(gather, "numDigits"), 0);
	assert_int_equal(twiml_number(gather, "actionOnEmptyResult"), 0);
	assert_null(twiml_text(gather, "action"));
	assert_int_equal(twiml_number(&twiml->verbs[1], "loop"), 1);
	assert_int_equal(twiml_number(&twiml->verbs[2], "length"), 1);
	assert_string_equal(twiml_text(&twiml->verbs[4], "reason"), "rejected");
	assert_string_equal(twiml_text(&twiml->verbs[5].children[0], "track"), "inbound_track");
}

static void streams_one_way_have_a_choice_of_tracks(void **state)
{
	auto_unref struct twiml *twiml = parse(
		"<Response><Start><Stream url='wss://x/' name='n' track='both_tracks'/></Start>"
		"<Stop><Stream name='n'/></Stop></Response>");

	assert_int_equal(twiml->verbs[0].kind, TWIML_START);
	assert_string_equal(twiml_text(&twiml->verbs[0].children[0], "track"), "both_tracks");
	assert_int_equal(twiml->verbs[1].kind, TWIML_STOP);
	assert_string_equal(twiml_text(&twiml->verbs[1].children[0], "name"), "n");
}

static void nested_elements_are_children(void **state)
{
	auto_unref struct twiml *twiml =
		parse("<Response><Gather numDigits='4' action='/k' actionOnEmptyResult='true'>"
		      "<Say>a</Say><Pause length='2'/><Play digits='1w2'/></Gather>"
		      "<Connect action='/d'><Stream url='wss://x/m' name='n'>"
		      "<Parameter name='a' value='1'/><Parameter name='b'/></Stream></Connect>"
		      "</Response>");
	const struct twiml_verb *stream = &twiml->verbs[1].children[0];

	assert_int_equal(twiml->verbs[0].child_count, 3);
	assert_int_equal(twiml_number(&twiml->verbs[0], "numDigits"), 4);
	assert_int_equal(twiml_number(&twiml->verbs[0], "actionOnEmptyResult"), 1);
	assert_string_equal(twiml_text(&twiml->verbs[0].children[2], "digits"), "1w2");
	assert_int_equal(stream->child_count, 2);
	assert_string_equal(twiml_text(&stream->children[1], "name"), "b");
	assert_string_equal(twiml_text(&stream->children[1], "value"), "");
}

static void an_empty_response_has_no_verbs(void **state)
{
	auto_unref struct twiml *twiml = parse("<Response/>");

	assert_int_equal(twiml->count, 0);
}

static void bad_documents_say_what_is_wrong(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *reason;
	} cases[] = {
		{"", 12100, "empty"},
		{"   ", 12100, "empty"},
		{"hello", 12100, "line 1"},
		{"<Response><Say>", 12100, "line 1"},
		{"<response/>", 12100, "not <Response>"},
		{"<!DOCTYPE a [<!ENTITY b \"c\">]><Response><Say>&b;</Say></Response>", 12100,
		 "document type"},
		{"<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><Response/>", 12100, "document type"},
		{"<Response><Say>&nothing;</Say></Response>", 12100, "nothing"},
		{"<Response>\n<Dial>+1</Dial></Response>", 12200,
		 "line 2: <Dial> is not supported"},
		{"<Response><say>x</say></Response>", 12200, "<say> is not known"},
		{"<Response><Stream url='wss://x'/></Response>", 12200, "<Stream> is not known"},
		{"<Response><Gather><Hangup/></Gather></Response>", 12200, "inside <Gather>"},
		{"<Response><Pause length='x'/></Response>", 12200, "length"},
		{"<Response><Pause length='-1'/></Response>", 12200, "length"},
		{"<Response><Gather numDigits='0'/></Response>", 12200, "numDigits"},
		{"<Response><Gather finishOnKey='12'/></Response>", 12200, "finishOnKey"},
		{"<Response><Gather input='speech'/></Response>", 12200, "input"},
		{"<Response><Gather method='PUT'/></Response>", 12200, "method"},
		{"<Response><Reject reason='no'/></Response>", 12200, "reason"},
		{"<Response><Play/></Response>", 12200, "neither a URL nor digits"},
		{"<Response><Play digits='hello'/></Response>", 12200, "digits"},
		{"<Response><Connect/></Response>", 12200, "exactly one <Stream>"},
		{"<Response><Connect><Stream/></Connect></Response>", 12200, "no url"},
		{"<Response><Start/></Response>", 12200, "exactly one <Stream>"},
		{"<Response><Start><Stream name='n'/></Start></Response>", 12200, "no url"},
		{"<Response><Stop><Stream url='wss://x'/></Stop></Response>", 12200, "no name"},
		{"<Response><Start><Stream url='wss://x' track='left'/></Start></Response>", 12200,
		 "track"},
		{"<Response><Connect><Stream url='wss://x' "
		 "track='both_tracks'/></Connect></Response>",
		 12200, "inbound_track only"},
		{"<Response><Connect><Stream "
		 "url='wss://x'><Parameter/></Stream></Connect></Response>",
		 12200, "no name"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct twiml *twiml = NULL;
		struct twiml_error error = {0};

		assert_int_equal(twiml_parse(&twiml, cases[i].text, strlen(cases[i].text), &error),
				 -EBADMSG);
		assert_null(twiml);
		assert_int_equal(error.code, cases[i].code);
		if (!strstr(error.message, cases[i].reason))
			fail_msg("%s: \"%s\" lacks \"%s\"", cases[i].text, error.message,
				 cases[i].reason);
	}
}

static void sizes_are_bounded(void **state)
{
	auto_free char *big = mem_alloc(TWIML_MAX_BYTES + 2);
	auto_buf struct buf many = {0}, say = {0};
	struct twiml *twiml;
	struct twiml_error error;

	memset(big, ' ', TWIML_MAX_BYTES + 1);
	assert_int_equal(twiml_parse(&twiml, big, TWIML_MAX_BYTES + 1, &error), -EBADMSG);
	buf_append_str(&many, "<Response>");
	for (int i = 0; i <= TWIML_MAX_NODES; i++)
		buf_append_str(&many, "<Pause/>");
	buf_append_str(&many, "</Response>");
	assert_int_equal(twiml_parse(&twiml, many.data, many.len, &error), -EBADMSG);
	buf_append_str(&say, "<Response><Say>");
	for (int i = 0; i <= TWIML_MAX_TEXT; i++)
		buf_append_char(&say, 'a');
	buf_append_str(&say, "</Say></Response>");
	assert_int_equal(twiml_parse(&twiml, say.data, say.len, &error), -EBADMSG);
	assert_int_equal(error.code, TWIML_ERROR_SCHEMA);
}

static void documents_of_our_own_have_defaults(void **state)
{
	auto_unref struct twiml *say = twiml_new_say("hello");
	auto_unref struct twiml *play = twiml_new_play("http://x/a.wav", NULL);
	auto_unref struct twiml *digits = twiml_new_play(NULL, "1w2");

	assert_string_equal(say->verbs[0].text, "hello");
	assert_int_equal(twiml_number(&say->verbs[0], "loop"), 1);
	assert_string_equal(play->verbs[0].text, "http://x/a.wav");
	assert_null(twiml_text(&play->verbs[0], "digits"));
	assert_string_equal(twiml_text(&digits->verbs[0], "digits"), "1w2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verbs_keep_their_order_and_text),
		cmocka_unit_test(defaults_are_the_vendors),
		cmocka_unit_test(streams_one_way_have_a_choice_of_tracks),
		cmocka_unit_test(nested_elements_are_children),
		cmocka_unit_test(an_empty_response_has_no_verbs),
		cmocka_unit_test(bad_documents_say_what_is_wrong),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(documents_of_our_own_have_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
