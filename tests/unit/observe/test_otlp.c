/*
 * Protects: the JSON of exported spans, byte for byte where OTLP is particular (ids in hex, 64-bit
 * numbers as strings), and how OTEL_EXPORTER_OTLP_HEADERS is read. tests/scenario/traces.test.mjs
 * holds it against the protocol's own definition.
 */
#include "unit/check.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/trace.h"
#include "observe/otlp.h"

#include <errno.h>
#include <string.h>

static void a_span_is_written_as_otlp_wants_it(void **state)
{
	static const char expected[] =
		"{\"resourceSpans\":[{\"resource\":{\"attributes\":["
		"{\"key\":\"service.name\",\"value\":{\"stringValue\":\"voiceai\"}},"
		"{\"key\":\"service.version\",\"value\":{\"stringValue\":\"1.2\"}},"
		"{\"key\":\"service.instance.id\",\"value\":{\"stringValue\":\"i\"}},"
		"{\"key\":\"voiceai.server\",\"value\":{\"stringValue\":\"engine\"}}]},"
		"\"scopeSpans\":[{\"scope\":{\"name\":\"voiceai\"},\"spans\":[{"
		"\"traceId\":\"0af7651916cd43dd8448eb211c80319c\",\"spanId\":\"b7ad6b7169203331\","
		"\"parentSpanId\":\"0102030405060708\",\"name\":\"call\",\"kind\":1,"
		"\"startTimeUnixNano\":\"1800000000000000000\","
		"\"endTimeUnixNano\":\"1800000001000001000\",\"attributes\":["
		"{\"key\":\"a\",\"value\":{\"stringValue\":\"\\\"quoted\\\"\"}},"
		"{\"key\":\"n\",\"value\":{\"intValue\":\"-9007199254740993\"}}],"
		"\"status\":{\"code\":2,\"message\":\"busy\"}}]}]}]}";
	static const uint8_t parent[SPAN_ID_LEN] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct otlp_resource resource = {"voiceai", "engine", "1.2", "i"};
	struct trace_context context;
	auto_buf struct buf out = {0};
	struct span *span;

	trace_start(1000000);
	traceparent_parse(&context, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
	span = span_past("call", &context, parent, 1800000000000000, 1800000001000001);
	span_str(span, "a", "\"quoted\"");
	span_int(span, "n", -9007199254740993);
	span_fail(span, "busy");
	otlp_write(&out, &resource, &span, 1);
	assert_string_equal(expected, buf_str(&out));
	mem_unref(span);
	trace_stop();
}

static void headers_are_read_from_pairs(void **state)
{
	static const char *const bad[] = {"novalue",
					  "a=b,,c=d",
					  "=b",
					  "a b=c",
					  "a=%zz",
					  "a=b%0d%0ac: d",
					  "a:b=c",
					  "a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,a=1,"
					  "a=1,a=1,a=1,a=1,a=1"};
	char **headers = NULL;

	assert_int_equal(0, otlp_headers_parse(&headers, "Authorization=Bearer%20x%3D, k = v=w"));
	assert_string_equal("Content-Type: application/json", headers[0]);
	assert_string_equal("Authorization: Bearer x=", headers[1]);
	assert_string_equal("k: v=w", headers[2]);
	assert_null(headers[3]);
	otlp_headers_free(headers);
	assert_int_equal(0, otlp_headers_parse(&headers, ""));
	assert_null(headers[1]);
	otlp_headers_free(headers);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(-EINVAL, otlp_headers_parse(&headers, bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_span_is_written_as_otlp_wants_it),
		cmocka_unit_test(headers_are_read_from_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
