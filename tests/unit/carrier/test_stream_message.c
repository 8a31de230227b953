/* Protects: the media stream protocol: names, strings and numbers, and what a server may send. */
#include "unit/check.h"

#include "carrier/stream_message.h"
#include "core/buf.h"
#include "core/mem.h"

#include <errno.h>
#include <string.h>

#define SID "MZ00000000000000000000000000000000"

static void media_is_written_with_strings(void **state)
{
	char out[STREAM_MEDIA_SIZE];
	const struct stream_media media = {.track = "inbound",
					   .chunk = 5,
					   .timestamp_ms = 100,
					   .payload = (const uint8_t *)"\xff\xff\x00",
					   .len = 3};
	size_t len = stream_message_media(out, 7, SID, &media);
	static const char expected[] =
		"{\"event\":\"media\",\"sequenceNumber\":\"7\",\"streamSid\":\"" SID
		"\",\"media\":{\"track\":\"inbound\",\"chunk\":\"5\",\"timestamp\":"
		"\"100\",\"payload\":\"//8A\"}}";

	assert_int_equal(len, strlen(expected));
	assert_memory_equal(out, expected, len);
}

static void the_longest_media_message_fits(void **state)
{
	char out[STREAM_MEDIA_SIZE];
	static const uint8_t frame[2 * STREAM_MAX_FRAME];
	const struct stream_media media = {.track = "outbound",
					   .chunk = UINT64_MAX,
					   .timestamp_ms = UINT64_MAX,
					   .payload = frame,
					   .len = sizeof(frame)};
	size_t len = stream_message_media(out, UINT64_MAX, SID, &media);
	auto_json json_t *json = NULL;
	char error[JSON_ERROR_SIZE];

	assert_true(len <= STREAM_MEDIA_SIZE);
	assert_int_equal(json_parse(&json, out, len, error), 0);
	assert_string_equal(json_get_str(json, "sequenceNumber", ""), "18446744073709551615");
	assert_int_equal(
		json_string_length(json_object_get(json_object_get(json, "media"), "payload")),
		(STREAM_MAX_FRAME + 2) / 3 * 4);
}

/* However a media message is written, it means the same, or is as wrong. */
static void media_in_every_spelling(void **state)
{
	static const struct {
		const char *text;
		const char *payload; /* NULL: refused */
	} cases[] = {
		{"{\"streamSid\":\"" SID "\",\"event\":\"media\",\"media\":{\"payload\":\"YWJj\"}}",
		 "abc"},
		{" { \"event\" : \"media\" , \"streamSid\" : \"" SID
		 "\",\n\"media\" : { \"track\":\"outbound\", \"payload\" : \"YWJj\" } } ",
		 "abc"},
		{"{\"event\":\"media\",\"sequenceNumber\":\"4\",\"streamSid\":\"" SID
		 "\",\"media\":{\"chunk\":\"2\",\"timestamp\":\"20\",\"payload\":\"YWI=\"}}",
		 "ab"},
		{"{\"event\":\"media\",\"sequenceNumber\":4,\"streamSid\":\"" SID
		 "\",\"media\":{\"payload\":\"YWI=\"}}",
		 "ab"},
		{"{\"event\":\"m\\u0065dia\",\"streamSid\":\"" SID
		 "\",\"media\":{\"payload\":\"YWJj\"}}",
		 "abc"},
		{"{\"event\":\"media\",\"streamSid\":\"" SID
		 "\",\"media\":{\"payload\":\"\\/\\/8A\"},\"more\":[{\"é\":null}]}",
		 "\xff\xff"},
		{"{\"event\":\"media\",\"streamSid\":\"" SID
		 "\",\"media\":{\"payload\":\"YWJj\",\"payload\":\"YWJj\"}}",
		 NULL},
		{"{\"event\":\"media\",\"event\":\"media\",\"streamSid\":\"" SID
		 "\",\"media\":{\"payload\":\"YWJj\"}}",
		 NULL},
		{"{\"event\":\"media\",\"streamSid\":\"" SID
		 "\",\"media\":{\"payload\":\"YWJj\"}}x",
		 NULL},
		{"{\"event\":\"media\",\"streamSid\":\"" SID
		 "\",\"media\":{\"payload\":\"YWJj\"},}",
		 NULL},
		{"{\"event\":\"media\",\"streamSid\":\"" SID "\",\"media\":{\"payload\":\"YWJj\"}",
		 NULL},
		{"{\"event\":\"media\",\"streamSid\":\"" SID "\",\"media\":{\"payload\":\"YWJj",
		 NULL},
		{"{\"event\":\"media\",\"streamSid\":\"" SID "\",\"media\":{\"payload\":\"YWJ\"}}",
		 NULL},
		{"{\"event\":\"media\",\"streamSid\":\"" SID "\",\"media\":{\"payload\":\"Y=Jj\"}}",
		 NULL},
		{"{\"event\":\"media\",\"streamSid\":\"" SID "\",\"media\":{}}", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_buf struct buf payload = {0};
		struct stream_message message;
		char error[JSON_ERROR_SIZE] = "";
		int err = stream_message_parse(&message, &payload, cases[i].text,
					       strlen(cases[i].text), SID, error);

		assert_int_equal(err, cases[i].payload ? 0 : -EBADMSG);
		if (!cases[i].payload) {
			assert_true(*error);
			assert_int_equal(payload.len, 0);
			continue;
		}
		assert_int_equal(message.command, STREAM_MEDIA);
		assert_memory_equal(buf_str(&payload), cases[i].payload, strlen(cases[i].payload));
	}
}

static void marks_and_digits_are_escaped(void **state)
{
	auto_buf struct buf out = {0};
	auto_json json_t *json = NULL;
	char error[JSON_ERROR_SIZE];

	stream_message_mark(&out, 1, SID, "a\"b\\\n");
	assert_int_equal(json_parse(&json, out.data, out.len, error), 0);
	assert_string_equal(json_get_str(json_object_get(json, "mark"), "name", ""), "a\"b\\\n");
	stream_message_dtmf(&out, 2, SID, '#');
	assert_non_null(strstr(buf_str(&out), "\"digit\":\"#\""));
	assert_non_null(strstr(buf_str(&out), "\"track\":\"inbound_track\""));
}

static void commands_of_the_server(void **state)
{
	static const struct {
		const char *text;
		enum stream_command command;
		const char *payload, *mark;
	} cases[] = {
		{"{\"event\":\"media\",\"streamSid\":\"" SID "\",\"media\":{\"payload\":\"YWJj\"}}",
		 STREAM_MEDIA, "abc", ""},
		{"{\"event\":\"media\",\"streamSid\":\"" SID "\",\"media\":{\"payload\":\"\"}}",
		 STREAM_MEDIA, "", ""},
		{"{\"event\":\"mark\",\"streamSid\":\"" SID "\",\"mark\":{\"name\":\"m\"}}",
		 STREAM_MARK, "", "m"},
		{"{\"event\":\"clear\",\"streamSid\":\"" SID "\"}", STREAM_CLEAR, "", ""},
		{"{\"event\":\"news\"}", STREAM_OTHER, "", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_buf struct buf payload = {0};
		struct stream_message message;
		char error[JSON_ERROR_SIZE];

		assert_int_equal(stream_message_parse(&message, &payload, cases[i].text,
						      strlen(cases[i].text), SID, error),
				 0);
		assert_int_equal(message.command, cases[i].command);
		assert_string_equal(buf_str(&payload), cases[i].payload);
		assert_string_equal(message.mark, cases[i].mark);
	}
}

static void nonsense_is_refused_with_a_reason(void **state)
{
	static const char *const cases[] = {
		"",
		"nonsense",
		"[]",
		"{}",
		"{\"event\":1}",
		"{\"event\":\"media\",\"media\":{\"payload\":\"\"}}",
		"{\"event\":\"media\",\"streamSid\":\"MZ1\",\"media\":{\"payload\":\"\"}}",
		"{\"event\":\"media\",\"streamSid\":\"" SID "\"}",
		"{\"event\":\"media\",\"streamSid\":\"" SID "\",\"media\":[]}",
		"{\"event\":\"media\",\"streamSid\":\"" SID "\",\"media\":{\"payload\":7}}",
		"{\"event\":\"media\",\"streamSid\":\"" SID "\",\"media\":{\"payload\":\"*\"}}",
		"{\"event\":\"mark\",\"streamSid\":\"" SID "\"}",
		"{\"event\":\"clear\"}",
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_buf struct buf payload = {0};
		struct stream_message message;
		char error[JSON_ERROR_SIZE] = "";

		assert_int_equal(stream_message_parse(&message, &payload, cases[i],
						      strlen(cases[i]), SID, error),
				 -EBADMSG);
		assert_true(*error);
		assert_int_equal(payload.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(media_is_written_with_strings),
		cmocka_unit_test(the_longest_media_message_fits),
		cmocka_unit_test(media_in_every_spelling),
		cmocka_unit_test(marks_and_digits_are_escaped),
		cmocka_unit_test(commands_of_the_server),
		cmocka_unit_test(nonsense_is_refused_with_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
