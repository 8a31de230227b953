/* Protects: the shape of log lines, masking in them, and what metrics count. */
#include "unit/check.h"

#include "core/json.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static char last[8192];

static void keep(const char *line, void *arg)
{
	snprintf(last, sizeof(last), "%s", line);
}

static int setup(void **state)
{
	last[0] = '\0';
	log_set_handler(keep, NULL);
	return 0;
}

static int teardown(void **state)
{
	log_set_handler(NULL, NULL);
	log_set_level(LOG_LEVEL_INFO);
	return 0;
}

static void line_has_the_fields_of_the_specification(void **state)
{
	struct log log;
	json_t *line = NULL;

	log_init(&log, "call_manager", "abc-123");
	LOG_INFO(&log, "call_initiated", LOG_PHONE("phone_number", "+15551235678"),
		 LOG_INT("duration_ms", 150), LOG_ERR(-EIO));
	assert_int_equal(json_parse(&line, last, strlen(last), NULL), 0);
	assert_string_equal(json_get_str(line, "level", ""), "INFO");
	assert_string_equal(json_get_str(line, "service", ""), "call_manager");
	assert_string_equal(json_get_str(line, "call_id", ""), "abc-123");
	assert_string_equal(json_get_str(line, "event", ""), "call_initiated");
	assert_string_equal(json_get_str(line, "phone_number", ""), "+1***5678");
	assert_int_equal(json_get_int(line, "duration_ms", 0), 150);
	assert_non_null(json_get_str(line, "timestamp", NULL));
	json_decref(line);
}

static void hostile_text_cannot_break_the_line(void **state)
{
	struct log log;

	log_init(&log, "test", NULL);
	LOG_WARN(&log, "odd", LOG_STR("text", "two\nlines\"}"), LOG_STR("bytes", "\xff\xfe"));
	assert_null(strchr(last, '\n'));
	assert_non_null(strstr(last, "two\\nlines\\\"}"));
	assert_non_null(strstr(last, "(not UTF-8)"));
}

static void lengthy_text_is_cut_between_characters(void **state)
{
	struct log log;
	char text[4001];

	log_init(&log, "test", NULL);
	for (size_t i = 0; i + 1 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa9", 3);
	LOG_WARN(&log, "odd", LOG_STR("even", text));
	assert_in_range(strlen(last), 1000, 1300);
	assert_non_null(strstr(last, "..."));
	LOG_WARN(&log, "odd", LOG_STR("uneven", memcpy(text, "ab", 2)), LOG_STR("cut", text + 1));
	assert_null(strstr(last, "not UTF-8"));
}

static void lines_below_the_level_are_dropped(void **state)
{
	struct log log;

	log_init(&log, "test", NULL);
	LOG_DEBUG(&log, "quiet");
	assert_string_equal(last, "");
	log_set_level(LOG_LEVEL_DEBUG);
	LOG_DEBUG(&log, "loud");
	assert_non_null(strstr(last, "loud"));
}

static void series_of_a_metric_are_bounded(void **state)
{
	char label[32];

	for (int i = 0; i < 1000; i++) {
		snprintf(label, sizeof(label), "status%d,inbound", i);
		metric_add(METRIC_CALL_TOTAL, label, 1);
	}
	assert_true(metric_value(METRIC_CALL_TOTAL, "status0,inbound") == 1);
	assert_true(metric_value(METRIC_CALL_TOTAL, "other,other") == 1000 - 256);
}

static void histogram_counts_into_its_buckets(void **state)
{
	metric_observe(METRIC_LOOP_LAG, "", 0.001);
	metric_observe(METRIC_LOOP_LAG, "", 1e9);
	assert_true(metric_value(METRIC_LOOP_LAG, "") == 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(line_has_the_fields_of_the_specification, setup,
						teardown),
		cmocka_unit_test_setup_teardown(hostile_text_cannot_break_the_line, setup,
						teardown),
		cmocka_unit_test_setup_teardown(lengthy_text_is_cut_between_characters, setup,
						teardown),
		cmocka_unit_test_setup_teardown(lines_below_the_level_are_dropped, setup, teardown),
		cmocka_unit_test(series_of_a_metric_are_bounded),
		cmocka_unit_test(histogram_counts_into_its_buckets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
