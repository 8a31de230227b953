/*
 * Protects: what callers mean by days, times and numbers, spoken, typed and keyed, and how it is
 * said back. It is always Monday, 2026-03-02, 10:20.
 */
#include "unit/check.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "engine/flow_slot.h"

#include <stdio.h>
#include <string.h>

/* Open 9 to 17 from monday to friday. */
static struct calendar calendar_make(void)
{
	struct calendar c = {.slot_minutes = 30, .max_days = 90};

	for (enum weekday w = MONDAY; w <= FRIDAY; w++)
		c.hours[c.hours_len++] = (struct calendar_hours){w, 9 * 60, 17 * 60};
	return c;
}

/* "" when not understood or refused. */
static void resolve(char value[SLOT_VALUE_SIZE], const struct slot *slot, const char *rule,
		    const char *text)
{
	struct calendar calendar = calendar_make();
	const struct slot_context context = {&calendar, {date_of(2026, 3, 2), 620}, WEEKDAY_NONE};
	auto_unref struct grammar *grammar = grammar_new();
	auto_unref struct grammar_net *net = NULL;
	char error[GRAMMAR_ERROR_SIZE];
	struct grammar_match match;
	struct words words;

	value[0] = '\0';
	assert_int_equal(0, slot_add_rules(grammar, error));
	assert_int_equal(0, grammar_compile(&net, grammar, rule));
	words_parse(&words, text);
	if (grammar_match(&match, net, &words) || match.skipped ||
	    slot_resolve(value, slot, match.tags, match.count, &context))
		value[0] = '\0';
}

struct row {
	const char *text, *value;
};

static void check_rows(const struct slot *slot, const char *rule, const struct row *rows,
		       size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char value[SLOT_VALUE_SIZE];

		resolve(value, slot, rule, rows[i].text);
		if (!str_equal(rows[i].value, value))
			fail_msg("\"%s\" is \"%s\", not \"%s\"", rows[i].text, value,
				 rows[i].value);
	}
}

static void dates(void **state)
{
	static const struct row rows[] = {
		{"today", "2026-03-02"},
		{"tomorrow", "2026-03-03"},
		{"the day after tomorrow", "2026-03-04"},
		{"tuesday", "2026-03-03"},
		{"on sunday", "2026-03-08"},
		{"monday", "2026-03-09"}, /* today is called today */
		{"this friday", "2026-03-06"},
		{"next tuesday", "2026-03-10"},
		{"next monday", "2026-03-09"},
		{"wednesday next week", "2026-03-11"},
		{"a week from friday", "2026-03-13"},
		{"a week from today", "2026-03-09"},
		{"in two weeks", "2026-03-16"},
		{"in three days", "2026-03-05"},
		{"march third", "2026-03-03"},
		{"March 3rd", "2026-03-03"},
		{"march 3", "2026-03-03"},
		{"march first", "2027-03-01"}, /* has passed this year */
		{"february twenty ninth", "2028-02-29"},
		{"february thirtieth", ""},
		{"december twenty fifth", "2026-12-25"},
		{"the fifteenth", "2026-03-15"},
		{"the second", "2026-03-02"},
		{"the first", "2026-04-01"},
		{"the thirty first of may", "2026-05-31"},
		{"tuesday the third", "2026-03-03"},
		{"wednesday the third", ""}, /* is a tuesday */
		{"friday march sixth", "2026-03-06"},
		{"as soon as possible", "2026-03-02"},
		{"the next available day", "2026-03-02"},
		{"someday", ""},
	};
	const struct slot slot = {.kind = SLOT_DATE};

	check_rows(&slot, "date", rows, ARRAY_LEN(rows));
}

static void times(void **state)
{
	static const struct row rows[] = {
		{"three", "15:00"}, /* nobody is there at night */
		{"nine", "09:00"},
		{"at ten o'clock", "10:00"},
		{"ten o clock", "10:00"},
		{"half past three", "15:30"},
		{"three thirty p m", "15:30"},
		{"three thirty p. m.", "15:30"},
		{"3:30 pm", "15:30"},
		{"3pm", "15:00"},
		{"15:30", "15:30"},
		{"08:05", "08:05"},
		{"quarter to four", "15:45"},
		{"a quarter past nine", "09:15"},
		{"ten to eleven", "10:50"},
		{"twenty past twelve", "12:20"},
		{"ten oh five", "10:05"},
		{"four forty five", "16:45"},
		{"noon", "12:00"},
		{"twelve", "12:00"},
		{"quarter to twelve", "11:45"},
		{"twelve a. m.", "00:00"},
		{"eight in the morning", "08:00"},
		{"eight", "08:00"}, /* closed either way: the usual one */
		{"six in the evening", "18:00"},
		{"three in the afternoon", "15:00"},
		{"in the morning", "morning"},
		{"any time", "any"},
		{"half past", ""},
		{"thirteen", ""},
	};
	const struct slot slot = {.kind = SLOT_TIME};

	check_rows(&slot, "time", rows, ARRAY_LEN(rows));
}

static void numbers_and_digits(void **state)
{
	static const struct row numbers[] = {
		{"zero", "0"},        {"seven", "7"},
		{"eleven", "11"},     {"twenty one", "21"},
		{"a hundred", "100"}, {"two hundred and five", "205"},
		{"42", "42"},         {"nine hundred ninety nine", ""},
		{"three one", ""},
	};
	static const struct row digits[] = {
		{"five five five one two three four", "5551234"},
		{"double five oh one", "5501"},
		{"5551234", "5551234"},
		{"one two three", ""}, /* too few */
		{"one two three four five six seven eight nine", ""},
	};
	static const struct row answers[] = {
		{"yes", "yes"},
		{"yes please", "yes"},
		{"that's right", "yes"},
		{"sure", "yes"},
		{"no", "no"},
		{"no thank you", "no"},
		{"not really", "no"},
		{"maybe", ""},
		{"i don't think so", "no"},
		{"that's not right", "no"},
	};
	const struct slot number = {.kind = SLOT_NUMBER, .min = 0, .max = 300};
	const struct slot digit = {.kind = SLOT_DIGITS, .min = 4, .max = 8};
	const struct slot yes_no = {.kind = SLOT_YES_NO};

	check_rows(&number, "number", numbers, ARRAY_LEN(numbers));
	check_rows(&digit, "digits", digits, ARRAY_LEN(digits));
	check_rows(&yes_no, "yes_no", answers, ARRAY_LEN(answers));
}

static void telephone_keys(void **state)
{
	static const struct {
		enum slot_kind kind;
		const char *keys, *value;
	} rows[] = {
		{SLOT_YES_NO, "1", "yes"},   {SLOT_YES_NO, "2", "no"},
		{SLOT_YES_NO, "3", ""},      {SLOT_NUMBER, "7", "7"},
		{SLOT_NUMBER, "11", ""},     {SLOT_DIGITS, "0123", "0123"},
		{SLOT_DIGITS, "*1", ""},     {SLOT_DATE, "0305", "2026-03-05"},
		{SLOT_DATE, "1340", ""},     {SLOT_DATE, "0230", ""},
		{SLOT_DATE, "305", ""},      {SLOT_TIME, "1530", "15:30"},
		{SLOT_TIME, "3", "15:00"},   {SLOT_TIME, "0930", "09:30"},
		{SLOT_TIME, "330", "15:30"}, {SLOT_TIME, "2560", ""},
		{SLOT_NAME, "1", ""},        {SLOT_TEXT, "1", ""},
		{SLOT_NUMBER, "", ""},       {SLOT_DIGITS, "999999999999999999999999999999999", ""},
	};
	struct calendar calendar = calendar_make();
	const struct slot_context context = {&calendar, {date_of(2026, 3, 2), 620}, WEEKDAY_NONE};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct slot slot = {.kind = rows[i].kind, .min = 0, .max = 10};
		char value[SLOT_VALUE_SIZE] = "";

		if (slot_keys(value, &slot, rows[i].keys, &context))
			value[0] = '\0';
		if (!str_equal(rows[i].value, value))
			fail_msg("keys %s of %s are \"%s\", not \"%s\"", rows[i].keys,
				 slot_kind_name(rows[i].kind), value, rows[i].value);
	}
}

static void values_are_said_as_people_say_them(void **state)
{
	static const struct {
		enum slot_kind kind;
		const char *value, *spoken;
	} rows[] = {
		{SLOT_DATE, "2026-03-03", "Tuesday, March 3rd"},
		{SLOT_DATE, "2026-03-11", "Wednesday, March 11th"},
		{SLOT_DATE, "2026-03-21", "Saturday, March 21st"},
		{SLOT_DATE, "2026-03-22", "Sunday, March 22nd"},
		{SLOT_TIME, "15:30", "3:30 p.m."},
		{SLOT_TIME, "09:00", "9 a.m."},
		{SLOT_TIME, "12:00", "noon"},
		{SLOT_TIME, "00:05", "12:05 a.m."},
		{SLOT_TIME, "morning", "in the morning"},
		{SLOT_TIME, "any", "any time"},
		{SLOT_DIGITS, "5551234", "5 5 5, 1 2 3 4"},
		{SLOT_DIGITS, "12", "1 2"},
		{SLOT_NUMBER, "7", "7"},
	};
	const struct slot_context context = {NULL, {date_of(2026, 3, 2), 620}, WEEKDAY_NONE};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct slot slot = {.kind = rows[i].kind};
		auto_buf struct buf buf = {0};

		slot_speak(&buf, &slot, rows[i].value, &context);
		assert_string_equal(rows[i].spoken, buf_str(&buf));
	}
}

static void dates_count_right_for_four_centuries(void **state)
{
	int32_t expected = date_of(1900, 1, 1);

	for (int year = 1900; year < 2300; year++)
		for (unsigned month = 1; month <= 12; month++)
			for (unsigned dom = 1; dom <= month_days(year, month); dom++) {
				unsigned m, d;
				int y;

				assert_int_equal(expected, date_of(year, month, dom));
				date_parts(expected++, &y, &m, &d);
				assert_true(y == year && m == month && d == dom);
			}
	assert_int_equal(0, date_of(1970, 1, 1));
	assert_int_equal(THURSDAY, date_weekday(0));
	assert_int_equal(WEDNESDAY, date_weekday(-1));
}

static void what_is_free(void **state)
{
	struct calendar c = calendar_make();
	const struct calendar_now now = {date_of(2026, 3, 2), 620};
	const int32_t monday = now.day;

	c.taken[c.taken_len++] = (struct calendar_taken){-1, TUESDAY, 600};
	c.taken[c.taken_len++] = (struct calendar_taken){monday + 2, WEEKDAY_NONE, -1};
	for (int32_t m = 540; m < 1020; m += 30)
		c.taken[c.taken_len++] = (struct calendar_taken){monday + 3, WEEKDAY_NONE, m};

	const struct {
		int32_t day, minute;
		enum calendar_status status;
	} rows[] = {
		{monday, 600, CALENDAR_PAST},
		{monday, 660, CALENDAR_FREE},
		{monday - 1, -1, CALENDAR_PAST},
		{monday + 1, -1, CALENDAR_FREE},
		{monday + 1, 600, CALENDAR_TAKEN},
		{monday + 1, 630, CALENDAR_FREE},
		{monday + 1, 615, CALENDAR_TAKEN}, /* off the grid */
		{monday + 1, 1020, CALENDAR_CLOSED_TIME},
		{monday + 1, 990, CALENDAR_FREE},
		{monday + 1, 1005, CALENDAR_CLOSED_TIME}, /* would end after closing */
		{monday + 2, -1, CALENDAR_CLOSED_DAY},
		{monday + 3, -1, CALENDAR_FULL_DAY},
		{monday + 5, -1, CALENDAR_CLOSED_DAY},
		{monday + 91, -1, CALENDAR_TOO_FAR},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].status != calendar_check(&c, now, rows[i].day, rows[i].minute))
			fail_msg("day %d, minute %d is not %s", rows[i].day - monday,
				 rows[i].minute, calendar_status_name(rows[i].status));

	int32_t day = monday + 1, minute = 600;

	assert_true(calendar_offer(&c, now, &day, &minute, 0, 1440));
	assert_true(day == monday + 1 && minute == 570);
	day = monday + 2;
	minute = -1;
	assert_true(calendar_offer(&c, now, &day, &minute, 720, 1440));
	assert_true(day == monday + 4 && minute == 720);
	c.hours_len = 0;
	assert_false(calendar_offer(&c, now, &day, &minute, 0, 1440));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates),
		cmocka_unit_test(times),
		cmocka_unit_test(numbers_and_digits),
		cmocka_unit_test(telephone_keys),
		cmocka_unit_test(values_are_said_as_people_say_them),
		cmocka_unit_test(dates_count_right_for_four_centuries),
		cmocka_unit_test(what_is_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
