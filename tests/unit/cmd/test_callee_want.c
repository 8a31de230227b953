/*
 * Protects: the demo callee's sense of what it wants. A read-back of another day, date or time is
 * noticed; the right one, in any wording, is not objected to.
 */
#include "unit/check.h"

#include "cmd/callee_want.h"
#include "core/mem.h"
#include "core/str.h"
#include "engine/flow_calendar.h"

#include <errno.h>
#include <string.h>

static const char wants_text[] = "{\"day\": {\"date\": \"next thursday\", \"correct\": \"day\"},"
				 " \"time\": {\"is\": [\"three pm\", \"three\"],"
				 "  \"among\": [\"one\", \"two\", \"three\", \"four\", \"thirty\", "
				 "\"am\"], \"correct\": \"time\"}}";

static void read_backs_are_compared(void **state)
{
	static const struct {
		const char *words, *missed; /* NULL: as wanted */
	} cases[] = {
		{"so that is thursday december third at three pm for daniel is that right", NULL},
		{"what time on thursday december third would you like", NULL},
		{"thursday at three", NULL},
		{"is that right", NULL},
		{"", NULL},
		{"so that is tuesday december first at three pm", "day"},
		{"so that is thursday november twenty sixth at three pm", "day"},
		{"thursday december thirteenth", "day"},
		{"tomorrow at three pm", "day"},
		{"thursday december third at four pm", "time"},
		{"thursday december third at three thirty pm", "time"},
		{"thursday december third at three am", "time"},
	};
	auto_json json_t *wants = json_loads(wants_text, 0, NULL);
	auto_json json_t *names = json_loads("[\"day\", \"time\"]", 0, NULL);
	const int32_t monday = date_of(2026, 11, 23);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const json_t *missed = callee_want_missed(wants, names, cases[i].words, monday);
		const char *correct = json_get_str(missed, "correct", NULL);

		if (!str_equal(correct, cases[i].missed))
			fail_msg("\"%s\": %s, not %s", cases[i].words, correct, cases[i].missed);
	}
	assert_null(callee_want_missed(wants, NULL, "friday at four", monday));
	assert_null(callee_want_missed(NULL, names, "friday at four", monday));
}

static void days_are_those_of_the_flows(void **state)
{
	static const struct {
		const char *text;
		unsigned today, day;
	} cases[] = {
		{"next thursday", 23, 26 + 7}, {"thursday", 23, 26}, {"monday", 23, 30},
		{"next monday", 23, 30},       {"sunday", 29, 36},   {"next sunday", 29, 36},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(
			callee_want_date(cases[i].text,
					 date_of(2026, 11, 1) + (int32_t)cases[i].today - 1),
			date_of(2026, 11, 1) + (int32_t)cases[i].day - 1);
	assert_int_equal(callee_want_date("someday", 0), -1);
	assert_int_equal(callee_want_date("", 0), -1);
}

static void bad_wants_are_refused(void **state)
{
	static const char *const cases[] = {
		"[1]",
		"{\"day\": {\"date\": \"next year\", \"correct\": \"No\"}}",
		"{\"day\": {\"date\": \"thursday\"}}",
		"{\"time\": {\"is\": [\"three\"], \"correct\": \"No\"}}",
		"{\"time\": {\"is\": [3], \"among\": [\"four\"], \"correct\": \"No\"}}",
		"{\"time\": 3}",
	};
	auto_json json_t *good = json_loads(wants_text, 0, NULL);
	char error[160];

	assert_int_equal(callee_want_check(good, error), 0);
	assert_int_equal(callee_want_check(NULL, error), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_json json_t *wants = json_loads(cases[i], JSON_DECODE_ANY, NULL);

		error[0] = '\0';
		assert_int_equal(callee_want_check(wants, error), -EINVAL);
		assert_non_null(strstr(error, "\""));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_backs_are_compared),
		cmocka_unit_test(days_are_those_of_the_flows),
		cmocka_unit_test(bad_wants_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
