/* Protects: days begin when they do in the zone, also where clocks change, also at midnight. */
#include "unit/check.h"

#include "core/mem.h"
#include "core/timestamp.h"
#include "core/zone.h"

#include <errno.h>

static void days_begin_by_the_zones_clock(void **state)
{
	static const struct {
		const char *zone, *date, *start;
	} rows[] = {
		{"UTC", "2026-02-01", "2026-02-01T00:00:00.000000Z"},
		{"Europe/Berlin", "2026-02-01", "2026-01-31T23:00:00.000000Z"},
		{"Europe/Berlin", "2026-03-30", "2026-03-29T22:00:00.000000Z"},
		{"America/New_York", "2026-07-04", "2026-07-04T04:00:00.000000Z"},
		{"Asia/Kolkata", "2026-02-01", "2026-01-31T18:30:00.000000Z"},
		{"Asia/Kathmandu", "2026-02-01", "2026-01-31T18:15:00.000000Z"},
		/* There was no midnight: clocks went from 00:00 to 01:00. */
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00.000000Z"},
		/* Midnight came twice: back from 00:00 to 23:00. */
		{"America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00.000000Z"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct zone *zone auto_unref = NULL;
		char start[TIMESTAMP_SIZE], date[ZONE_DATE_SIZE];
		int64_t day, at;

		assert_int_equal(0, zone_open(&zone, rows[i].zone));
		assert_int_equal(0, zone_date_parse(&day, rows[i].date));
		at = zone_day_start(zone, day);
		timestamp_iso(start, at * 1000000);
		assert_string_equal(rows[i].start, start);
		assert_int_equal(day, zone_day(zone, at));
		assert_int_equal(day - 1, zone_day(zone, at - 1));
		zone_date(date, day);
		assert_string_equal(rows[i].date, date);
	}
}

static void other_names_are_refused(void **state)
{
	static const struct {
		const char *name;
		int err;
	} rows[] = {
		{"", -EINVAL},        {"../passwd", -EINVAL}, {"/etc/passwd", -EINVAL},
		{"Nowhere", -ENOENT}, {"Europe", -EBADMSG},   {"zone1970+tab", -ENOENT},
	};
	struct zone *zone = NULL;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(rows[i].err, zone_open(&zone, rows[i].name));
	assert_null(zone);
}

static void what_is_no_date_is_refused(void **state)
{
	static const char *const texts[] = {"", "2026-02-30", "2026-2-1", "2026-02-01T00:00:00Z",
					    "2026x02x01"};
	int64_t day;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_int_equal(-EINVAL, zone_date_parse(&day, texts[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_begin_by_the_zones_clock),
		cmocka_unit_test(other_names_are_refused),
		cmocka_unit_test(what_is_no_date_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
