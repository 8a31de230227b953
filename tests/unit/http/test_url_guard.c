/* Protects: which URLs of users are refused by their text, which addresses by themselves. */
#include "unit/check.h"

#include "core/ip.h"
#include "core/mem.h"
#include "http/http_url.h"
#include "http/url_guard.h"

#include <errno.h>

static struct url_guard *guard_of(const char *allow)
{
	struct url_guard *guard = NULL;
	char bad[URL_GUARD_BAD_SIZE] = "";

	assert_int_equal(0, url_guard_new(&guard, allow, bad));
	return guard;
}

static void private_urls_are_refused(void **state)
{
	static const char *const refused[] = {
		"ftp://example.com/",
		"file:///etc/passwd",
		"ws://example.com/",
		"nonsense",
		"http://user:pw@example.com/",
		"http://127.0.0.1/",
		"http://127.1/",
		"http://2130706433/",
		"http://0x7f.0.0.1/",
		"http://017700000001/",
		"http://0/",
		"http://[::1]/",
		"http://[::ffff:127.0.0.1]/",
		"http://[::ffff:7f00:1]:8000/",
		"http://[fd00::1]/",
		"http://169.254.169.254/latest/meta-data/",
		"http://10.1.2.3:9000/",
		"http://localhost/",
		"http://LOCALHOST./",
		"http://a.localhost/",
		"http://printer.local/",
		"http://metadata.google.internal/computeMetadata/v1/",
		"http://intranet/",
	};
	static const char *const taken[] = {"https://example.com/hook?x=1", "http://8.8.8.8/",
					    "http://[2606:4700::1111]:8080/",
					    "https://localhost.example.com/"};

	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		assert_non_null(url_guard_check(NULL, refused[i]));
	for (size_t i = 0; i < ARRAY_LEN(taken); i++)
		assert_null(url_guard_check(NULL, taken[i]));
}

static void what_is_listed_is_taken(void **state)
{
	auto_unref struct url_guard *places = guard_of("files.internal:9000, [::1]:9000");
	auto_unref struct url_guard *networks = guard_of("10.0.0.0/8 127.0.0.1");

	assert_null(url_guard_check(places, "http://FILES.internal:9000/b"));
	assert_non_null(url_guard_check(places, "http://files.internal/b"));
	assert_null(url_guard_check(places, "http://[::1]:9000/"));
	assert_non_null(url_guard_check(places, "http://[::1]:9001/"));
	assert_null(url_guard_check(networks, "http://10.9.9.9:1/"));
	assert_non_null(url_guard_check(networks, "http://127.0.0.2/"));
	/* A name inside, once something inside is allowed, is judged by its address. */
	assert_null(url_guard_check(networks, "http://store.lan/"));
}

static void bad_entries_are_named(void **state)
{
	static const char *const rows[] = {"10.0.0.0/40",  "10.0.0.1/8", "files.internal",
					   "host:",        "host:0",     "host:99999",
					   "http://a:1/x", "[::1",       "a:1/b"};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct url_guard *guard = NULL;
		char bad[URL_GUARD_BAD_SIZE] = "";

		assert_int_equal(-EINVAL, url_guard_new(&guard, rows[i], bad));
		assert_string_equal(rows[i], bad);
	}
}

static void the_address_decides(void **state)
{
	auto_unref struct url_guard *guard = guard_of("files.internal:9000 10.0.0.0/8");
	struct http_url url, other;
	struct ip loopback, private, public;

	assert_int_equal(0, http_url_parse(&url, "http://files.internal:9000/"));
	assert_int_equal(0, http_url_parse(&other, "http://example.com/"));
	assert_int_equal(0, ip_parse(&loopback, "127.0.0.1"));
	assert_int_equal(0, ip_parse(&private, "10.0.0.1"));
	assert_int_equal(0, ip_parse(&public, "8.8.8.8"));
	assert_true(url_guard_allows(guard, &url, &loopback));
	assert_false(url_guard_allows(guard, &other, &loopback));
	assert_true(url_guard_allows(guard, &other, &private));
	assert_false(url_guard_allows(NULL, &other, &private));
	assert_true(url_guard_allows(NULL, &other, &public));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(private_urls_are_refused),
		cmocka_unit_test(what_is_listed_is_taken),
		cmocka_unit_test(bad_entries_are_named),
		cmocka_unit_test(the_address_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
