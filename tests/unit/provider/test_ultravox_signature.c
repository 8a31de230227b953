/*
 * Protects: only the holder of the secret can post Ultravox webhooks or open a data connection, and
 * not with a message recorded earlier.
 */
#include "core/mem.h"
#include "core/timestamp.h"
#include "provider/ultravox_signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define CALL_ID "3c90c3cc-0d44-4b50-8888-8dd25736052a"
static const char body[] = "{\"event\":\"call.ended\",\"call\":{\"callId\":\"" CALL_ID "\"}}";
static const char stamp[] = "2026-01-02T03:04:05.678901+00:00";
static const char secret[] = "test-webhook-secret";
static const char digest[] = "818745aac8b2112dcbfba83c63c5680812e7ba5f8734b176561da06e89fa4a5d";

static int64_t stamp_us(void)
{
	int64_t us;

	assert_int_equal(0, timestamp_parse_iso(&us, stamp));
	return us;
}

static bool is_valid(const char *key, const char *signature, const char *when, int64_t late_s)
{
	return ultravox_webhook_valid(key, signature, when, body, strlen(body),
				      stamp_us() + late_s * 1000000, 60);
}

static void the_vector_is_accepted(void **state)
{
	assert_int_equal(79, strlen(body));
	assert_true(is_valid(secret, digest, stamp, 0));
}

static void any_digest_of_several_counts(void **state)
{
	char list[256];

	snprintf(list, sizeof(list), "%064d,%s", 0, digest);
	assert_true(is_valid(secret, list, stamp, 0));
	snprintf(list, sizeof(list), "%s , %064d", digest, 0);
	assert_true(is_valid(secret, list, stamp, 0));
	snprintf(list, sizeof(list), "%064d,%064d", 0, 1);
	assert_false(is_valid(secret, list, stamp, 0));
}

static void too_old_and_too_new_are_refused(void **state)
{
	assert_true(is_valid(secret, digest, stamp, 60));
	assert_false(is_valid(secret, digest, stamp, 61));
	assert_true(is_valid(secret, digest, stamp, -60));
	assert_false(is_valid(secret, digest, stamp, -61));
}

static void whatever_was_changed_is_refused(void **state)
{
	assert_false(is_valid("another-secret", digest, stamp, 0));
	assert_false(is_valid(secret, "zz", stamp, 0));
	assert_false(is_valid(secret, digest, "2026-01-02T03:04:05.678902+00:00", 0));
	assert_false(ultravox_webhook_valid(secret, digest, stamp, body, strlen(body) - 1,
					    stamp_us(), 60));
	assert_false(is_valid("", digest, stamp, 0));
	assert_false(is_valid(secret, "", stamp, 0));
	assert_false(is_valid(secret, NULL, stamp, 0));
	assert_false(is_valid(secret, digest, NULL, 0));
	assert_false(is_valid(secret, digest, "yesterday", 0));
}

static void the_data_connection_vector_is_accepted(void **state)
{
	static const char good[] =
		"3236c373643cf675e8411531b13c175928e66cbeb234ab79da9bfdacd410ac3a";

	assert_true(ultravox_data_valid("test-shared-secret-0001", good, stamp, CALL_ID, stamp_us(),
					60));
	assert_false(ultravox_data_valid("test-shared-secret-0001", good, stamp, "another",
					 stamp_us(), 60));
	assert_false(
		ultravox_data_valid("test-shared-secret-0001", good, stamp, NULL, stamp_us(), 60));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vector_is_accepted),
		cmocka_unit_test(any_digest_of_several_counts),
		cmocka_unit_test(too_old_and_too_new_are_refused),
		cmocka_unit_test(whatever_was_changed_is_refused),
		cmocka_unit_test(the_data_connection_vector_is_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
