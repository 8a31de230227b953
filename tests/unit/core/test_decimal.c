/* Protects: decimal numbers of settings and vendors' prices become exact millionths, and back. */
#include "unit/check.h"

#include "core/decimal.h"
#include "core/mem.h"

#include <errno.h>

static void numbers_become_millionths(void **state)
{
	static const struct {
		const char *text;
		int64_t micros;
	} rows[] = {
		{"0", 0},
		{"0.014", 14000},
		{"-0.00750", -7500},
		{"+.5", 500000},
		{"12.", 12000000},
		{"000000000000000001", 1000000},
		{"999999999999.999999", 999999999999999999},
		{"0.0000004", 0},
		{"0.0000005", 1},
		{"-0.0000015", -2},
		{"0.9999999", 1000000},
		{"0.00015", 150},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t micros = -1;

		assert_int_equal(0, decimal_parse(&micros, rows[i].text));
		assert_int_equal(rows[i].micros, micros);
	}
}

static void anything_else_is_refused(void **state)
{
	static const char *const texts[] = {"",      "-",  ".",  "1e3", "0x1", "1,5",
					    "1.2.3", " 1", "1 ", "--1", "nan", "1000000000000"};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		int64_t micros = 7;

		assert_int_equal(-EINVAL, decimal_parse(&micros, texts[i]));
		assert_int_equal(7, micros);
	}
}

static void millionths_are_written_without_needless_zeros(void **state)
{
	char text[DECIMAL_SIZE];

	assert_string_equal("0", decimal_format(text, 0));
	assert_string_equal("0.014", decimal_format(text, 14000));
	assert_string_equal("-0.0075", decimal_format(text, -7500));
	assert_string_equal("120", decimal_format(text, 120000000));
	assert_string_equal("-9223372036854.775808", decimal_format(text, INT64_MIN));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_become_millionths),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(millionths_are_written_without_needless_zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
