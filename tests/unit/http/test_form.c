/* Protects forms and URLs: what is accepted, what is refused, and that encoding gives it back. */
#include "http/form.h"
#include "http/http_url.h"

#include "core/buf.h"
#include "core/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_parsed_form_is_encoded_again(void **state)
{
	static const struct {
		const char *text;
		const char *again;
		size_t count;
	} rows[] = {
		{"", "", 0},
		{"a=1", "a=1", 1},
		{"a=1&b=two+words", "a=1&b=two%20words", 2},
		{"&&a=1&&", "a=1", 1},
		{"a", "a=", 1},
		{"=x", "=x", 1},
		{"a=b=c", "a=b%3Dc", 1},
		{"To=%2B15551234567", "To=%2B15551234567", 1},
		{"a=1&a=2", "a=1&a=2", 2},
		{"%C3%A9=%26", "%C3%A9=%26", 1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_unref struct form *form = NULL;
		auto_buf struct buf out = {0};

		assert_int_equal(0, form_parse(&form, rows[i].text, strlen(rows[i].text)));
		assert_int_equal(rows[i].count, form_count(form));
		form_encode(form, &out);
		assert_string_equal(rows[i].again, buf_str(&out));
	}
}

static void test_bad_forms(void **state)
{
	static const char *const rows[] = {"a=%", "a=%4", "a=%zz", "%=1", "a=%00"};
	auto_buf struct buf many = {0};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct form *form = NULL;

		assert_int_equal(-EBADMSG, form_parse(&form, rows[i], strlen(rows[i])));
		assert_null(form);
	}
	for (int i = 0; i < 513; i++)
		buf_append_str(&many, "a&");
	struct form *form = NULL;

	assert_int_equal(-E2BIG, form_parse(&form, many.data, many.len));
	assert_int_equal(0, form_parse(&form, many.data, many.len - 2));
	assert_int_equal(512, form_count(form));
	mem_unref(form);
}

static void test_first_value_of_a_name(void **state)
{
	auto_unref struct form *form = form_new();

	form_add(form, "a", "1");
	form_add(form, "b", NULL);
	form_add(form, "a", "2");
	assert_string_equal("1", form_get(form, "a"));
	assert_string_equal("", form_get(form, "b"));
	assert_null(form_get(form, "A"));
	assert_string_equal("a", form_name(form, 2));
	assert_string_equal("2", form_value(form, 2));
}

static void test_urls(void **state)
{
	static const struct {
		const char *text;
		const char *scheme, *host;
		uint16_t port;
		bool tls;
		const char *userinfo, *target;
	} rows[] = {
		{"http://a", "http", "a", 80, false, "", "/"},
		{"HTTPS://Api.Example.COM/v1?x=1#frag", "https", "Api.Example.COM", 443, true, "",
		 "/v1?x=1"},
		{"ws://127.0.0.1:8200/calls/1", "ws", "127.0.0.1", 8200, false, "", "/calls/1"},
		{"wss://u:p@h:1/", "wss", "h", 1, true, "u:p", "/"},
		{"http://[::1]:8000/a", "http", "::1", 8000, false, "", "/a"},
		{"http://[fe80::1]", "http", "fe80::1", 80, false, "", "/"},
		{"http://a:/b", "http", "a", 80, false, "", "/b"},
		{"http://a?x=1", "http", "a", 80, false, "", "?x=1"},
		{"http://a#f", "http", "a", 80, false, "", "/"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_url url;
		char target[128];

		assert_int_equal(0, http_url_parse(&url, rows[i].text));
		assert_string_equal(rows[i].scheme, url.scheme);
		assert_string_equal(rows[i].host, url.host);
		assert_int_equal(rows[i].port, url.port);
		assert_int_equal(rows[i].tls, url.tls);
		assert_string_equal(rows[i].userinfo, url.userinfo);
		snprintf(target, sizeof(target), "%.*s", (int)url.target_len, url.target);
		assert_string_equal(rows[i].target, target);
	}
}

static void test_bad_urls(void **state)
{
	static const char *const rows[] = {
		"",
		"a",
		"//a",
		"http:",
		"http:/a",
		"http://",
		"http:///a",
		"ftp://a/",
		"file:///etc/passwd",
		"http://a b/",
		"http://a/\r\nX: y",
		"http://a/\x7f",
		"http://a:0/",
		"http://a:65536/",
		"http://a:80x/",
		"http://a:+80/",
		"http://[::1",
		"http://[::1]x/",
		"http://[evil]/",
		"http://a@b@c/",
		"http://a\\b/",
		"http://a%41/",
		"javascript://a",
		"http://a/\xc3\xa9",
	};
	struct http_url url;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (http_url_parse(&url, rows[i]) != -EINVAL)
			fail_msg("accepted: %s", rows[i]);
	assert_int_equal(-EINVAL, http_url_parse(&url, NULL));
}

static void test_host_and_url_lengths(void **state)
{
	struct http_url url;
	char text[5000];

	memset(text, 'a', sizeof(text));
	memcpy(text, "http://", 7);
	text[7 + 255] = '\0';
	assert_int_equal(0, http_url_parse(&url, text));
	assert_int_equal(255, strlen(url.host));
	text[7 + 255] = 'a';
	text[7 + 256] = '\0';
	assert_int_equal(-EINVAL, http_url_parse(&url, text));
	text[7 + 256] = 'a';
	text[8] = '/';
	text[4999] = '\0';
	assert_int_equal(-EINVAL, http_url_parse(&url, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parsed_form_is_encoded_again),
		cmocka_unit_test(test_bad_forms),
		cmocka_unit_test(test_first_value_of_a_name),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_bad_urls),
		cmocka_unit_test(test_host_and_url_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
