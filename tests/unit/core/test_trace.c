/*
 * Protects: traces. What a traceparent must look like, who decides about sampling, that a call's
 * trace follows from its id, that a root can be adopted with everything below it, that nothing of
 * what is not sampled is kept, and that the queue is bounded.
 */
#include "unit/check.h"

#include "core/mem.h"
#include "core/metric.h"
#include "core/trace.h"

#include <errno.h>
#include <string.h>

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN  "b7ad6b7169203331"

static const char call_id[] = "01a31d84-0b90-7001-a4be-2ae23fd85855";

static int setup(void **state)
{
	trace_start(1000000);
	return 0;
}

static int teardown(void **state)
{
	trace_stop();
	assert_null(span_current());
	return 0;
}

static void only_what_the_standard_allows_is_a_traceparent(void **state)
{
	static const struct {
		const char *text;
		int err;
		bool sampled;
	} rows[] = {
		{"00-" TRACE "-" SPAN "-01", 0, true},
		{"00-" TRACE "-" SPAN "-00", 0, false},
		{"00-" TRACE "-" SPAN "-fe", 0, false},
		{"01-" TRACE "-" SPAN "-03", 0, true},
		{"cc-" TRACE "-" SPAN "-01-what-comes-later", 0, true},
		{"cc-" TRACE "-" SPAN "-01.what", -EINVAL, false},
		{"00-" TRACE "-" SPAN "-01-more", -EINVAL, false},
		{"ff-" TRACE "-" SPAN "-01", -EINVAL, false},
		{"00-" TRACE "-" SPAN "-0", -EINVAL, false},
		{"00-" TRACE "-" SPAN "-0g", -EINVAL, false},
		{"00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01", -EINVAL, false},
		{"00-00000000000000000000000000000000-" SPAN "-01", -EINVAL, false},
		{"00-" TRACE "-0000000000000000-01", -EINVAL, false},
		{"00_" TRACE "-" SPAN "-01", -EINVAL, false},
		{"", -EINVAL, false},
		{NULL, -EINVAL, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct trace_context context = {0};

		assert_int_equal(rows[i].err, traceparent_parse(&context, rows[i].text));
		assert_int_equal(rows[i].sampled, context.sampled);
	}
}

static void a_child_lies_below_the_current_span(void **state)
{
	struct span *root = span_root("request", SPAN_SERVER, NULL, false), *child, *before, *span;
	char text[TRACEPARENT_SIZE], child_text[TRACEPARENT_SIZE];

	assert_null(span_child("nobody", SPAN_CLIENT));
	before = span_enter(root);
	assert_null(before);
	assert_string_equal(traceparent_format(text, span_context(root)),
			    trace_current_parent(child_text));
	child = span_child("query", SPAN_CLIENT);
	span_str(child, "what", "SELECT 1");
	span_int(child, "count", 3);
	span_fail(child, "broken");
	child = span_end(child);
	assert_int_equal(0, trace_queued()); /* it waits for the root */
	span_end(root);
	span_leave(before);

	span = trace_pop();
	assert_string_equal("query", span_data(span)->name);
	assert_int_equal(2, span_data(span)->attribute_count);
	assert_true(span_data(span)->failed);
	assert_string_equal("broken", span_data(span)->why);
	assert_memory_equal(span_data(span)->context.trace_id, span_context(span)->trace_id,
			    TRACE_ID_LEN);
	traceparent_format(child_text, &span_data(span)->context);
	assert_memory_equal(text, child_text, 35);
	mem_unref(span);
	span = trace_pop();
	assert_string_equal("request", span_data(span)->name);
	assert_true(span_data(span)->end_us >= span_data(span)->start_us);
	mem_unref(span);
	assert_null(trace_pop());
}

/* One root with a child of before and one of after it ended; the traceparents of all three. */
static void run_adopted(const struct trace_context *parent, bool remote,
			char texts[3][TRACEPARENT_SIZE])
{
	struct span *root = span_root("callback", SPAN_SERVER, parent, remote), *span;
	struct span *keep = mem_ref(root), *before = span_enter(root);
	struct trace_context call;

	memset(texts, 0, 3 * TRACEPARENT_SIZE);
	span_end(span_child("load", SPAN_CLIENT));
	trace_of_uuid(&call, call_id);
	trace_adopt(&call);
	root = span_end(root);
	span_end(span_child("later", SPAN_CLIENT));
	span_leave(before);
	mem_unref(keep);
	for (int i = 0; i < 3 && (span = trace_pop()); i++) {
		traceparent_format(texts[i], &span_data(span)->context);
		if (!strcmp(span_data(span)->name, "callback"))
			assert_int_equal(remote, span_data(span)->linked);
		mem_unref(span);
	}
}

static void a_callback_becomes_part_of_its_calls_trace(void **state)
{
	char texts[3][TRACEPARENT_SIZE];

	run_adopted(NULL, false, texts);
	for (int i = 0; i < 3; i++)
		assert_memory_equal("00-01a31d840b907001a4be2ae23fd85855-", texts[i], 36);
}

static void what_a_peer_began_stays_its_own_and_is_linked(void **state)
{
	char texts[3][TRACEPARENT_SIZE];
	struct trace_context peer;

	traceparent_parse(&peer, "00-" TRACE "-" SPAN "-01");
	run_adopted(&peer, true, texts);
	for (int i = 0; i < 3; i++)
		assert_memory_equal("00-" TRACE "-", texts[i], 36);
}

static void what_is_not_sampled_is_not_kept(void **state)
{
	char texts[3][TRACEPARENT_SIZE];
	struct trace_context peer;
	struct span *root;

	traceparent_parse(&peer, "00-" TRACE "-" SPAN "-00");
	run_adopted(&peer, true, texts);
	assert_string_equal("", texts[0]);
	trace_start(0);
	run_adopted(NULL, false, texts);
	assert_string_equal("", texts[0]);
	/* Whom we ask still learns of the trace, and that nobody records it. */
	root = span_root("request", SPAN_SERVER, &peer, true);
	span_enter(root);
	assert_string_equal("-00", trace_current_parent(texts[0]) + 52);
	span_leave(NULL);
	span_end(root);
}

static void every_process_decides_the_same_about_a_call(void **state)
{
	struct trace_context context;
	int sampled = 0;

	trace_start(250000);
	for (int i = 0; i < 4000; i++) {
		struct span *root = span_root("any", SPAN_SERVER, NULL, false);

		sampled += span_context(root)->sampled;
		mem_unref(root);
	}
	assert_in_range(sampled, 800, 1200);
	trace_of_uuid(&context, call_id);
	for (int i = 0; i < 3; i++) {
		struct trace_context again;

		trace_of_uuid(&again, call_id);
		assert_int_equal(context.sampled, again.sampled);
	}
	trace_of_uuid(&context, "a call of old"); /* not an UUID: still one trace */
	assert_true(context.trace_id[0] || context.trace_id[1] || context.trace_id[2]);
}

static void off_is_nothing(void **state)
{
	trace_stop();
	assert_null(span_root("request", SPAN_SERVER, NULL, false));
	span_str(NULL, "key", "value");
	span_fail(NULL, "why");
	assert_null(span_end(NULL));
	assert_null(span_context(NULL));
}

static void the_queue_is_bounded(void **state)
{
	double dropped = metric_value(METRIC_TRACE_SPANS, "dropped");

	for (int i = 0; i < 5000; i++)
		span_end(span_root("request", SPAN_SERVER, NULL, false));
	assert_int_equal(4096, trace_queued());
	assert_true(metric_value(METRIC_TRACE_SPANS, "dropped") - dropped == 5000 - 4096);
}

static void text_is_cut_at_a_whole_character(void **state)
{
	struct span *root = span_root("request", SPAN_SERVER, NULL, false);
	char text[600];

	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa9", 3);
	memmove(text + 1, text, strlen(text) + 1);
	text[0] = 'x';
	span_str(root, "long", text);
	span_str(root, "bad", "\xff");
	for (int i = 0; i < 20; i++)
		span_int(root, "number", i);
	assert_int_equal(255, strlen(span_data(root)->attributes[0].str));
	assert_string_equal("(not UTF-8)", span_data(root)->attributes[1].str);
	assert_int_equal(SPAN_MAX_ATTRIBUTES, span_data(root)->attribute_count);
	span_end(root);
}

int main(void)
{
#define ROW(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(only_what_the_standard_allows_is_a_traceparent),
		ROW(a_child_lies_below_the_current_span),
		ROW(a_callback_becomes_part_of_its_calls_trace),
		ROW(what_a_peer_began_stays_its_own_and_is_linked),
		ROW(what_is_not_sampled_is_not_kept),
		ROW(every_process_decides_the_same_about_a_call),
		ROW(off_is_nothing),
		ROW(the_queue_is_bounded),
		ROW(text_is_cut_at_a_whole_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
