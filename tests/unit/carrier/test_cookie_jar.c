/* Protects: cookies of a call: who gets which back, and that what is odd is passed over. */
#include "unit/check.h"

#include "carrier/cookie_jar.h"
#include "core/buf.h"
#include "core/mem.h"

#include <stdio.h>
#include <string.h>

static void cookies_go_back_where_they_belong(void **state)
{
	static const struct {
		const char *set, *set_by, *asked;
		const char *cookie;
	} cases[] = {
		{"a=1", "http://h/", "http://h/x?y", "a=1"},
		{"a=1", "http://h:81/", "http://h:82/", "a=1"},
		{"a=1", "http://h/", "http://other/", ""},
		{"a=1; Domain=.h", "http://www.h/", "http://h/", ""},
		{"a=1", "http://h/b/c?d=/e/", "http://h/b/z", "a=1"},
		{"a=1", "http://h/b/c", "http://h/bz", ""},
		{"a=1; Path=/b", "http://h/", "http://h/b/c", "a=1"},
		{"a=1; path=/b", "http://h/", "http://h/b?c", "a=1"},
		{"a=1; Path=/b", "http://h/", "http://h/bc", ""},
		{"a=1; Path=b", "http://h/", "http://h/c", "a=1"},
		{"a=1; Secure", "https://h/", "http://h/", ""},
		{"a=1; Secure", "https://h/", "https://h/", "a=1"},
		{" a = b c ; HttpOnly; SameSite=Lax", "http://h/", "http://h/", "a=b c"},
		{"a=", "http://h/", "http://h/", "a="},
		{"a=1=2", "http://h/", "http://h/", "a=1=2"},
		{"a=1; Max-Age=60", "http://h/", "http://h/", "a=1"},
		{"a=1; Max-Age=0", "http://h/", "http://h/", ""},
		{"a=1; Max-Age=-5", "http://h/", "http://h/", ""},
		{"a", "http://h/", "http://h/", ""},
		{"=1", "http://h/", "http://h/", ""},
		{"", "http://h/", "http://h/", ""},
		{";;;=", "http://h/", "http://h/", ""},
		{"a=1\x01", "http://h/", "http://h/", ""},
		{"a=1", "no url", "http://h/", ""},
		{"a=1", "http://h/", "no url", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_unref struct cookie_jar *jar = cookie_jar_new();
		auto_buf struct buf out = {0};

		cookie_jar_set(jar, cases[i].set_by, cases[i].set);
		cookie_jar_get(jar, cases[i].asked, &out);
		assert_string_equal(buf_str(&out), cases[i].cookie);
	}
}

static void a_cookie_is_renewed_and_forgotten(void **state)
{
	auto_unref struct cookie_jar *jar = cookie_jar_new();
	auto_buf struct buf out = {0};

	cookie_jar_set(jar, "http://h/", "a=1");
	cookie_jar_set(jar, "http://h/", "b=2");
	cookie_jar_set(jar, "http://h/", "a=3");
	cookie_jar_get(jar, "http://h/", &out);
	assert_string_equal(buf_str(&out), "b=2; a=3");
	cookie_jar_set(jar, "http://h/", "b=; Max-Age=0");
	buf_clear(&out);
	cookie_jar_get(jar, "http://h/", &out);
	assert_string_equal(buf_str(&out), "a=3");
}

static void a_jar_holds_only_so_much(void **state)
{
	auto_unref struct cookie_jar *jar = cookie_jar_new();
	auto_buf struct buf out = {0}, big = {0};
	char text[32];
	size_t pairs = 1;

	for (int i = 0; i < 3 * COOKIE_JAR_MAX; i++) {
		snprintf(text, sizeof(text), "n%d=1", i);
		cookie_jar_set(jar, "http://h/", text);
	}
	cookie_jar_get(jar, "http://h/", &out);
	for (const char *c = buf_str(&out); *c; c++)
		pairs += *c == ';';
	assert_int_equal(pairs, COOKIE_JAR_MAX);
	buf_append_str(&big, "n0=");
	while (big.len <= COOKIE_MAX_BYTES)
		buf_append_char(&big, 'x');
	cookie_jar_set(jar, "http://h/", buf_str(&big));
	buf_clear(&out);
	cookie_jar_get(jar, "http://h/", &out);
	assert_non_null(strstr(buf_str(&out), "n0=1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cookies_go_back_where_they_belong),
		cmocka_unit_test(a_cookie_is_renewed_and_forgotten),
		cmocka_unit_test(a_jar_holds_only_so_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
