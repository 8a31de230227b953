/* Protects: what has changed between two configurations, by path, each change once. */
#include "core/mem.h"
#include "platform/json_diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void each_change_is_named(void **state)
{
	static const char *const table[][3] = {
		{"{}", "{}", "[]"},
		{"{\"a\":1,\"b\":[1,{\"c\":true}]}", "{\"b\":[1,{\"c\":true}],\"a\":1}", "[]"},
		{"{\"a\":1}", "{\"a\":2}",
		 "[{\"op\":\"replace\",\"path\":\"/a\",\"from\":1,\"to\":2}]"},
		{"{}", "{\"b\":null,\"a\":\"x\"}",
		 "[{\"op\":\"add\",\"path\":\"/a\",\"to\":\"x\"},"
		 "{\"op\":\"add\",\"path\":\"/b\",\"to\":null}]"},
		{"{\"a\":{\"b\":{\"c\":1,\"d\":2}}}", "{\"a\":{\"b\":{\"c\":1}}}",
		 "[{\"op\":\"remove\",\"path\":\"/a/b/d\",\"from\":2}]"},
		{"{\"a\":[1,2,3]}", "{\"a\":[1,4]}",
		 "[{\"op\":\"replace\",\"path\":\"/a/1\",\"from\":2,\"to\":4},"
		 "{\"op\":\"remove\",\"path\":\"/a/2\",\"from\":3}]"},
		{"{\"a\":{}}", "{\"a\":[]}",
		 "[{\"op\":\"replace\",\"path\":\"/a\",\"from\":{},\"to\":[]}]"},
		{"{\"a/b\":{\"~\":1}}", "{\"a/b\":{\"~\":2}}",
		 "[{\"op\":\"replace\",\"path\":\"/a~1b/~0\",\"from\":1,\"to\":2}]"},
		{"1", "2", "[{\"op\":\"replace\",\"path\":\"\",\"from\":1,\"to\":2}]"},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		auto_json json_t *from = NULL, auto_json *to = NULL, auto_json *changes = NULL;
		auto_free char *text = NULL;

		assert_int_equal(0, json_parse(&from, table[i][0], strlen(table[i][0]), NULL));
		assert_int_equal(0, json_parse(&to, table[i][1], strlen(table[i][1]), NULL));
		changes = json_diff(from, to);
		text = json_text(changes);
		assert_string_equal(table[i][2], text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_change_is_named)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
