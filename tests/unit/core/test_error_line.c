/* Protects: which log lines wait to be reported, that their queue is bounded, and in what order
 * they leave it. */
#include "unit/check.h"

#include "core/error_line.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"

#include <stdio.h>
#include <string.h>

enum { ROOM = 256 };

static void pass_over(const char *line, void *arg)
{
}

static int setup(void **state)
{
	log_set_handler(pass_over, NULL);
	error_line_start();
	return 0;
}

static int teardown(void **state)
{
	error_line_stop();
	log_set_handler(NULL, NULL);
	return 0;
}

static void only_errors_wait_as_they_were_written(void **state)
{
	auto_free char *line = NULL;
	struct log log;

	log_init(&log, "call_manager", "abc-123");
	LOG_WARN(&log, "odd");
	LOG_ERROR(&log, "broken", LOG_PHONE("to", "+15551235678"));
	assert_int_equal(1, error_line_queued());
	line = error_line_pop();
	assert_non_null(strstr(line, "\"event\":\"broken\",\"to\":\"+1***5678\""));
	assert_non_null(strstr(line, "\"call_id\":\"abc-123\""));
	assert_null(error_line_pop());
}

static void a_full_queue_keeps_the_first_and_counts_the_rest(void **state)
{
	const double before = metric_value(METRIC_ERROR_REPORTS, "dropped");
	char text[16];

	for (int i = 0; i < ROOM + 5; i++) {
		snprintf(text, sizeof(text), "%d", i);
		error_line_add(text);
	}
	assert_int_equal(ROOM, error_line_queued());
	assert_int_equal(5, error_line_dropped());
	assert_int_equal(0, error_line_dropped());
	assert_true(metric_value(METRIC_ERROR_REPORTS, "dropped") == before + 5);
	/* Half out and half in again: it is a ring. */
	for (int i = 0; i < ROOM / 2; i++)
		mem_free(error_line_pop());
	error_line_add("last");
	for (int i = ROOM / 2; i < ROOM; i++) {
		auto_free char *line = error_line_pop();

		snprintf(text, sizeof(text), "%d", i);
		assert_string_equal(text, line);
	}
	mem_free(error_line_pop());
	assert_int_equal(0, error_line_queued());
}

static void nothing_waits_while_nobody_asked_for_it(void **state)
{
	error_line_add("forgotten");
	error_line_stop();
	assert_null(error_line_pop());
	error_line_add("passed over");
	assert_null(error_line_pop());
	assert_int_equal(0, error_line_dropped());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_errors_wait_as_they_were_written, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_full_queue_keeps_the_first_and_counts_the_rest,
						setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_waits_while_nobody_asked_for_it, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
