/* Protects: where a Sentry DSN sends reports, and that what is none is refused with its reason. */
#include "unit/check.h"

#include "core/mem.h"
#include "core/sentry_dsn.h"

#include <errno.h>
#include <string.h>

static void envelopes_go_to_the_project_at_the_host(void **state)
{
	static const struct {
		const char *dsn, *url, *host;
	} rows[] = {
		{"https://0a1b@o1.ingest.sentry.io/42",
		 "https://o1.ingest.sentry.io/api/42/envelope/", "o1.ingest.sentry.io"},
		{"https://0a1b:secret@sentry.example.com:9000/errors/at/7",
		 "https://sentry.example.com:9000/errors/at/api/7/envelope/", "sentry.example.com"},
		{"http://0a1b@127.0.0.1:8/1", "http://127.0.0.1:8/api/1/envelope/", "127.0.0.1"},
		{"https://0a1b@[::1]:9000/1", "https://[::1]:9000/api/1/envelope/", "::1"},
		{"https://0a1b@[::1]/1", "https://[::1]/api/1/envelope/", "::1"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sentry_dsn dsn;
		const char *reason;

		assert_int_equal(0, sentry_dsn_parse(&dsn, rows[i].dsn, &reason));
		assert_null(reason);
		assert_string_equal(rows[i].url, dsn.url);
		assert_string_equal(rows[i].host, dsn.host);
		assert_string_equal("0a1b", dsn.key);
		assert_int_equal(rows[i].dsn[4] == 's', dsn.tls);
	}
}

static void what_is_no_dsn_is_refused_with_its_reason(void **state)
{
	static const struct {
		const char *dsn, *says;
	} rows[] = {
		{"sentry.io/42", "must begin with https://"},
		{"ftp://0a@sentry.io/42", "must begin with https://"},
		{"https://sentry.io/42", "has no key"},
		{"https://@sentry.io/42", "the key before the @"},
		{"https://0a b@sentry.io/42", "the key before the @"},
		{"https://0a@sentry.io", "must end in the number of a project"},
		{"https://0a@sentry.io/", "must end in the number of a project"},
		{"https://0a@sentry.io/web", "must end in the number of a project"},
		{"https://0a@sentry.io/42?x=1", "must end in the number of a project"},
		{"https://0a@/42", "no host"},
		{"https://0a@sen try.io/42", "no host"},
		{"https://0a@b@sentry.io/42", "no host"},
		{"https://0a@sentry.io:0/42", "the port"},
		{"https://0a@sentry.io:x/42", "the port"},
		{"https://0a@[::1/42", "no ]"},
		{"https://0a@sentry.io/a\r\nb/42", "the path"},
		{"https://", "must end in the number of a project"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sentry_dsn dsn;
		const char *reason = NULL;

		assert_int_equal(-EINVAL, sentry_dsn_parse(&dsn, rows[i].dsn, &reason));
		if (!reason || !strstr(reason, rows[i].says))
			fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].dsn,
				 reason ? reason : "", rows[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(envelopes_go_to_the_project_at_the_host),
		cmocka_unit_test(what_is_no_dsn_is_refused_with_its_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
