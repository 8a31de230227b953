/* Protects: how long a server that has enough of errors is left alone. */
#include "unit/check.h"

#include "core/clock.h"
#include "core/mem.h"
#include "observe/sentry_limit.h"

static void limits_are_read_as_sentry_writes_them(void **state)
{
	static const struct {
		int status;
		const char *limits, *after;
		uint64_t ms;
	} rows[] = {
		{200, NULL, NULL, 0},
		{200, NULL, "30", 0},
		{429, NULL, NULL, 60000},
		{429, NULL, "30", 30000},
		{429, NULL, "nonsense", 60000},
		{429, NULL, "Sun, 09 Sep 2001 01:46:50 GMT", 10000},
		{200, "60:error:organization", NULL, 60000},
		{200, "60::organization", NULL, 60000},
		{200, "60", NULL, 60000},
		{200, "60:transaction;session:key, 5: error ;default:key:quota", NULL, 5000},
		{429, "60:transaction:key", "30", 0},
		{200, "5:error, 70:error", NULL, 70000},
		{429, "x:error", NULL, 0},
		{200, ",,::;,", NULL, 0},
		{200, "-5:error", NULL, 0},
		{200, "99999999:error", NULL, 86400000},
	};

	clock_fake_wall_us(1000000000000000); /* 2001-09-09 01:46:40 */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(rows[i].ms,
				 sentry_limit_parse(rows[i].status, rows[i].limits, rows[i].after));
	clock_fake_wall_us(-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_read_as_sentry_writes_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
