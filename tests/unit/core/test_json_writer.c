/* Protects: JSON written by hand is the JSON that jansson would have written. */
#include "unit/check.h"

#include "core/json_writer.h"
#include "core/mem.h"
#include "core/str.h"

#include <math.h>
#include <string.h>

static void strings_are_escaped_as_jansson_does(void **state)
{
	static const char *const rows[] = {
		"",
		"plain",
		"\"quoted\"",
		"back\\slash",
		"a\nb\tc\rd\be\f",
		"\x01\x1f",
		"\x7f/path",
		"\xc3\xa9 \xf0\x9f\x98\x80",
		"</script>",
		"\xff not UTF-8",
		"eight by eight, and all of it plain",
		"a \"quote\" in the midst of many words",
		"a back\\slash in the midst of many words",
		"words that end in a tab\t",
		"\x7f is printed as it is, and \x1f is not",
		"gr\xc3\xbc\xc3\x9f in the midst of many words",
		"many words, and at last \xff",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf auto_buf text = {0};
		struct json_writer writer = {.out = &text};
		json_t *auto_json want = json_object();
		char *auto_free want_text = NULL;

		json_set_str(want, "key", rows[i]);
		want_text = json_text(want);
		json_write_open(&writer, NULL, '{');
		json_write_str(&writer, "key", rows[i]);
		json_write_close(&writer, '}');
		assert_string_equal(buf_str(&text), want_text);
	}
}

static void values_nest_with_commas_between(void **state)
{
	struct buf auto_buf text = {0};
	struct json_writer writer = {.out = &text};
	json_t *auto_json five = json_integer(5);

	json_write_open(&writer, NULL, '{');
	json_write_open(&writer, "list", '[');
	json_write_int(&writer, NULL, INT64_MIN);
	json_write_open(&writer, NULL, '{');
	json_write_close(&writer, '}');
	json_write_bool(&writer, NULL, true);
	json_write_close(&writer, ']');
	json_write_open(&writer, "empty", '[');
	json_write_close(&writer, ']');
	json_write_number(&writer, "half", 0.5);
	json_write_number(&writer, "none", NAN);
	json_write_time(&writer, "at", 1770000000123456);
	json_write_time(&writer, "never", 0);
	json_write_raw(&writer, "stored", "{\"a\":[1]}", "null");
	json_write_raw(&writer, "missing", NULL, "[]");
	json_write_json(&writer, "five", five);
	json_write_close(&writer, '}');
	assert_string_equal(buf_str(&text),
			    "{\"list\":[-9223372036854775808,{},true],\"empty\":[],\"half\":0.5,"
			    "\"none\":null,\"at\":\"2026-02-02T02:40:00.123456Z\",\"never\":null,"
			    "\"stored\":{\"a\":[1]},\"missing\":[],\"five\":5}");
}

static void what_was_written_can_be_read(void **state)
{
	struct buf auto_buf text = {0};
	struct json_writer writer = {.out = &text};
	json_t *auto_json json = NULL;

	json_write_str(&writer, NULL, "a \"word\"");
	json = json_written(&text);
	assert_string_equal(json_string_value(json), "a \"word\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_escaped_as_jansson_does),
		cmocka_unit_test(values_nest_with_commas_between),
		cmocka_unit_test(what_was_written_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
