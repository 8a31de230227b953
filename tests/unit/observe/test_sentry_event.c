/*
 * Protects: the events and envelopes that are reported, and that numbers of people are masked
 * wherever they stand. tests/scenario/errors.test.mjs reads them with Sentry's own parser.
 */
#include "unit/check.h"

#include "core/buf.h"
#include "core/json.h"
#include "core/mem.h"
#include "observe/crash.h"
#include "observe/sentry_event.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#define ID "0123456789abcdef0123456789abcdef"

static const struct sentry_source source = {
	.server = "platform", .version = "1.2", .environment = "staging", .host = "pod-1"};

static json_t *event_of(const char *line)
{
	char key[SENTRY_KEY_SIZE];
	auto_buf struct buf out = {0};
	json_t *event = NULL;

	assert_int_equal(0, sentry_event_of_line(&out, &source, line, ID, key));
	assert_int_equal(0, json_parse(&event, out.data, out.len, NULL));
	return event;
}

static void a_log_line_becomes_an_event(void **state)
{
	auto_json json_t *event =
		event_of("{\"timestamp\":\"2026-02-01T10:30:00.000000Z\",\"level\":\"ERROR\","
			 "\"service\":\"call_manager\",\"call_id\":\"c-1\",\"trace_id\":\"t-1\","
			 "\"span_id\":\"s-1\",\"event\":\"dial_failed\",\"status\":503,"
			 "\"error\":\"Connection refused\"}");
	const json_t *tags = json_object_get(event, "tags");
	const json_t *trace = json_object_get(json_object_get(event, "contexts"), "trace");
	const json_t *extra = json_object_get(event, "extra");

	assert_string_equal(ID, json_get_str(event, "event_id", ""));
	assert_string_equal("2026-02-01T10:30:00.000000Z", json_get_str(event, "timestamp", ""));
	assert_string_equal("error", json_get_str(event, "level", ""));
	assert_string_equal("voiceai@1.2", json_get_str(event, "release", ""));
	assert_string_equal("staging", json_get_str(event, "environment", ""));
	assert_string_equal("pod-1", json_get_str(event, "server_name", ""));
	assert_string_equal("dial_failed: Connection refused",
			    json_get_str(json_object_get(event, "logentry"), "formatted", ""));
	assert_string_equal("platform", json_get_str(tags, "server", ""));
	assert_string_equal("c-1", json_get_str(tags, "call_id", ""));
	assert_string_equal("t-1", json_get_str(tags, "trace_id", ""));
	assert_string_equal("t-1", json_get_str(trace, "trace_id", ""));
	assert_string_equal("s-1", json_get_str(trace, "span_id", ""));
	assert_int_equal(503, json_get_int(extra, "status", 0));
	assert_null(json_object_get(extra, "call_id"));
}

static void numbers_are_masked_wherever_they_stand(void **state)
{
	static const struct {
		const char *said, *reported;
	} rows[] = {
		{"The number +15551235678 is unverified", "The number +1***5678 is unverified"},
		{"sip:+4930123456789@host, +15551235678", "sip:+4***6789@host, +1***5678"},
		{"/calls?to=%2B15551235678&x=1", "/calls?to=+1***5678&x=1"},
		{"+1234 and 1+1, at +0000", "+1234 and 1+1, at +0000"},
		{"", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *line = mem_printf(
			"{\"service\":\"s\",\"event\":\"e\",\"detail\":\"%s\"}", rows[i].said);
		auto_json json_t *event = event_of(line);
		auto_free char *message =
			*rows[i].said ? mem_printf("e: %s", rows[i].reported) : mem_strdup("e");

		assert_string_equal(rows[i].reported, json_get_str(json_object_get(event, "extra"),
								   "detail", "missing"));
		assert_string_equal(
			message, json_get_str(json_object_get(event, "logentry"), "formatted", ""));
	}
}

static void what_is_no_log_line_is_no_event(void **state)
{
	auto_buf struct buf out = {0};
	char key[SENTRY_KEY_SIZE];

	assert_int_equal(-EBADMSG, sentry_event_of_line(&out, &source, "plain", ID, key));
	assert_int_equal(-EBADMSG, sentry_event_of_line(&out, &source, "[1]", ID, key));
	assert_int_equal(0, out.len);
}

static void a_crash_names_signal_frames_and_images(void **state)
{
	struct crash_report report = {
		.server = "engine",
		.version = "0.9",
		.thread = "worker",
		.time_us = 1800000000000000,
		.signum = SIGSEGV,
		.code = 1,
		.address = 0x10,
		.frames = {0x1100, 0x9000},
		.frame_count = 2,
		.modules = {{.address = 0x1000,
			     .size = 0x200,
			     .build_id = "00112233445566778899aabbccddeeff01234567",
			     .path = "/opt/voiceai"}},
		.module_count = 1,
	};
	auto_buf struct buf out = {0};
	auto_json json_t *event = NULL;
	const json_t *exception, *frames, *image;

	sentry_event_of_crash(&out, &source, &report, ID);
	assert_int_equal(0, json_parse(&event, out.data, out.len, NULL));
	assert_string_equal("fatal", json_get_str(event, "level", ""));
	assert_string_equal("voiceai@0.9", json_get_str(event, "release", ""));
	assert_string_equal("engine", json_get_str(json_object_get(event, "tags"), "server", ""));
	exception =
		json_array_get(json_object_get(json_object_get(event, "exception"), "values"), 0);
	assert_string_equal("SIGSEGV", json_get_str(exception, "type", ""));
	assert_string_equal("Segmentation fault at 0x10", json_get_str(exception, "value", ""));
	/* Sentry wants the newest frame last. */
	frames = json_object_get(json_object_get(exception, "stacktrace"), "frames");
	assert_int_equal(2, json_array_size(frames));
	assert_string_equal("0x9000",
			    json_get_str(json_array_get(frames, 0), "instruction_addr", ""));
	assert_null(json_object_get(json_array_get(frames, 0), "package"));
	assert_string_equal("/opt/voiceai", json_get_str(json_array_get(frames, 1), "package", ""));
	image = json_array_get(json_object_get(json_object_get(event, "debug_meta"), "images"), 0);
	assert_string_equal("0x1000", json_get_str(image, "image_addr", ""));
	assert_int_equal(0x200, json_get_int(image, "image_size", 0));
	assert_string_equal("33221100-5544-7766-8899-aabbccddeeff",
			    json_get_str(image, "debug_id", ""));
}

static void an_envelope_tells_what_was_discarded(void **state)
{
	uint64_t discards[SENTRY_DISCARDS] = {0};
	auto_buf struct buf event = {0}, out = {0}, with = {0};

	buf_append_str(&event, "{\"a\":1}");
	sentry_envelope_write(&out, &source, ID, &event, discards);
	assert_non_null(strstr(buf_str(&out), "\n{\"type\":\"event\",\"content_type\":"
					      "\"application/json\",\"length\":7}\n{\"a\":1}\n"));
	assert_null(strstr(buf_str(&out), "client_report"));
	discards[SENTRY_DISCARD_QUEUE_OVERFLOW] = 7;
	sentry_envelope_write(&with, &source, ID, &event, discards);
	assert_non_null(strstr(buf_str(&with),
			       "\"discarded_events\":[{\"reason\":\"queue_overflow\","
			       "\"category\":\"error\",\"quantity\":7}]}\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_line_becomes_an_event),
		cmocka_unit_test(numbers_are_masked_wherever_they_stand),
		cmocka_unit_test(what_is_no_log_line_is_no_event),
		cmocka_unit_test(a_crash_names_signal_frames_and_images),
		cmocka_unit_test(an_envelope_tells_what_was_discarded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
