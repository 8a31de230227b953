/* Protects the hours in which nobody is called: when they begin and end, in every kind of night. */
#include "unit/check.h"

#include "core/mem.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "platform/quiet_hours.h"

#include <errno.h>

static struct quiet_hours *quiet_of(const char *text)
{
	struct quiet_hours *quiet = NULL;
	char reason[160] = "";

	if (quiet_hours_of_text(&quiet, text, reason, sizeof(reason)))
		fail_msg("%s %s", text, reason);
	return quiet;
}

static void a_call_waits_until_they_end(void **state)
{
	static const struct {
		const char *hours, *at, *end;
	} rows[] = {
		{"21:00-08:00 UTC", "2026-02-01T20:59:59Z", "2026-02-01T20:59:59Z"},
		{"21:00-08:00 UTC", "2026-02-01T21:00:00Z", "2026-02-02T08:00:00Z"},
		{"21:00-08:00 UTC", "2026-02-02T00:00:00Z", "2026-02-02T08:00:00Z"},
		{"21:00-08:00 UTC", "2026-02-02T07:59:59Z", "2026-02-02T08:00:00Z"},
		{"21:00-08:00 UTC", "2026-02-02T08:00:00Z", "2026-02-02T08:00:00Z"},
		{"12:30-13:15 UTC", "2026-02-02T12:29:00Z", "2026-02-02T12:29:00Z"},
		{"12:30-13:15 UTC", "2026-02-02T12:30:00Z", "2026-02-02T13:15:00Z"},
		{"21:00-08:00 America/New_York", "2026-02-02T02:00:00Z", "2026-02-02T13:00:00Z"},
		{"21:00-08:00 America/New_York", "2026-02-02T13:00:00Z", "2026-02-02T13:00:00Z"},
		{"21:00-08:00 Asia/Kolkata", "2026-02-02T00:00:00Z", "2026-02-02T02:30:00Z"},
		/* the nights in which the clocks change */
		{"21:00-08:00 Europe/Berlin", "2026-03-28T20:00:00Z", "2026-03-29T06:00:00Z"},
		{"21:00-08:00 Europe/Berlin", "2026-10-24T19:00:00Z", "2026-10-25T07:00:00Z"},
		{"01:00-02:30 Europe/Berlin", "2026-03-29T00:10:00Z", "2026-03-29T01:00:00Z"},
		{"22:00-02:30 Europe/Berlin", "2026-10-25T00:10:00Z", "2026-10-25T00:30:00Z"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_unref struct quiet_hours *quiet = quiet_of(rows[i].hours);
		int64_t at, end, got;
		char text[TIMESTAMP_SIZE];

		assert_int_equal(0, timestamp_parse_iso(&at, rows[i].at));
		assert_int_equal(0, timestamp_parse_iso(&end, rows[i].end));
		got = quiet_hours_end(quiet, at);
		timestamp_iso(text, got);
		if (got != end)
			fail_msg("%s at %s: %s", rows[i].hours, rows[i].at, text);
	}
	assert_int_equal(12345, quiet_hours_end(NULL, 12345));
}

static void what_is_no_time_of_the_day_is_refused(void **state)
{
	static const char *const texts[] = {
		"21:00",           "21:00-08:00",     "21:00-08:00 ",    "21:00-08:00 Nowhere/Town",
		"25:00-08:00 UTC", "21:60-08:00 UTC", "9:00-08:00 UTC ", "08:00-08:00 UTC",
		"21-00-08-00 UTC", "-1:00-08:00 UTC",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct quiet_hours *quiet = NULL;
		char reason[160] = "";

		assert_int_equal(-EINVAL,
				 quiet_hours_of_text(&quiet, texts[i], reason, sizeof(reason)));
		assert_true(*reason);
		assert_null(quiet);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_waits_until_they_end),
		cmocka_unit_test(what_is_no_time_of_the_day_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
