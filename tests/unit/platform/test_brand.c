/* Protects what a tenant may put on its viewers' screens: a name, a colour, a picture; nothing
 * else. */
#include "core/json.h"
#include "core/mem.h"
#include "platform/brand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static bool is_valid(const char *text)
{
	auto_json json_t *brand = NULL;
	const char *reason = NULL;
	bool valid;

	assert_int_equal(0, json_parse(&brand, text, strlen(text), NULL));
	valid = brand_is_valid(brand, &reason);
	if (!valid)
		assert_non_null(reason);
	return valid;
}

static void brand_is_a_name_a_colour_and_a_picture(void **state)
{
	assert_true(brand_is_valid(NULL, NULL));
	assert_true(is_valid("{}"));
	assert_true(is_valid("{\"name\":\"Oak Street\",\"colour\":\"#1a2B3c\","
			     "\"logo\":\"data:image/png;base64,iVBORw0KGgo=\"}"));
	assert_true(is_valid("{\"logo\":\"data:image/svg+xml;base64,PHN2Zy8+\"}"));
}

static void brand_is_nothing_else(void **state)
{
	static const char *const wrong[] = {
		"[]",
		"{\"name\":\"\"}",
		"{\"name\":7}",
		"{\"colour\":\"red\"}",
		"{\"colour\":\"#12345g\"}",
		"{\"colour\":\"#123\"}",
		"{\"logo\":\"https://example.com/logo.png\"}",
		"{\"logo\":\"data:text/html;base64,PHN2Zy8+\"}",
		"{\"logo\":\"data:image/png;base64,\"}",
		"{\"logo\":\"data:image/png;base64,a b\"}",
		"{\"font\":\"Comic Sans\"}",
	};

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		if (is_valid(wrong[i]))
			fail_msg("%s", wrong[i]);
}

static void brand_has_a_small_logo(void **state)
{
	char *auto_free zeros = mem_printf("%0*d", BRAND_MAX_LOGO, 0);
	char *auto_free text = mem_printf("{\"logo\":\"data:image/png;base64,%s\"}", zeros);

	assert_false(is_valid(text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(brand_is_a_name_a_colour_and_a_picture),
		cmocka_unit_test(brand_is_nothing_else),
		cmocka_unit_test(brand_has_a_small_logo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
