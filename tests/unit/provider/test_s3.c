/*
 * Protects: S3 requests are signed as AWS documents it (its own example), and what is read out of
 * an answer is one element's text, whatever the answer holds.
 */
#include "core/mem.h"
#include "core/str.h"
#include "provider/s3.h"
#include "provider/s3_sign.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* "GET Object" of the documentation of Signature Version 4. */
static void the_documented_request_gets_the_documented_signature(void **state)
{
	struct s3_sign_params params = {
		.access_key = "AKIAIOSFODNN7EXAMPLE",
		.secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		.region = "us-east-1",
		.method = "GET",
		.host = "examplebucket.s3.amazonaws.com",
		.path = "/test.txt",
		.query = "",
		.range = "bytes=0-9",
		.payload_hash = EMPTY,
		.at = INT64_C(1369353600000000), /* 2013-05-24 00:00:00 UTC */
	};
	struct s3_signature signature;

	assert_int_equal(0, s3_sign(&signature, &params));
	assert_string_equal("20130524T000000Z", signature.date);
	assert_string_equal(
		"AWS4-HMAC-SHA256 "
		"Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
		"SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
		"Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
		signature.authorization);
}

/* "Get Bucket Lifecycle" of the same: a query, no range. */
static void a_query_is_signed_too(void **state)
{
	struct s3_sign_params params = {
		.access_key = "AKIAIOSFODNN7EXAMPLE",
		.secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		.region = "us-east-1",
		.method = "GET",
		.host = "examplebucket.s3.amazonaws.com",
		.path = "/",
		.query = "lifecycle=",
		.payload_hash = EMPTY,
		.at = INT64_C(1369353600000000),
	};
	struct s3_signature signature;

	assert_int_equal(0, s3_sign(&signature, &params));
	assert_non_null(strstr(signature.authorization,
			       "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a01"
			       "36783543"));
}

static void a_key_that_is_too_long_is_refused(void **state)
{
	auto_free char *secret = mem_alloc(300);
	struct s3_sign_params params = {.access_key = "a",
					.secret_key = memset(secret, 'x', 299),
					.region = "r",
					.method = "GET",
					.host = "h",
					.path = "/",
					.query = "",
					.payload_hash = EMPTY};
	struct s3_signature signature;

	assert_int_equal(-EINVAL, s3_sign(&signature, &params));
}

static void the_text_of_an_element_is_found(void **state)
{
	static const struct {
		const char *xml, *text; /* NULL: none */
	} table[] = {
		{"<Error><Code>NoSuchKey</Code></Error>", "NoSuchKey"},
		{"<Code></Code>", ""},
		{"<Code>a&amp;b&lt;c&gt;&quot;&apos;</Code>", "a&b<c>\"'"},
		{"<Code>a&unknown;</Code>", "a&unknown;"},
		{"<Code>one</Code><Code>two</Code>", "one"},
		{"", NULL},
		{"<Code>", NULL},
		{"<Code>unended", NULL},
		{"<Codex>no</Codex>", NULL},
		{"<Code>longer than sixteen bytes</Code>", NULL},
	};
	char out[16];

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		bool found = s3_xml_text(out, sizeof(out), table[i].xml, "Code");

		assert_int_equal(table[i].text != NULL, found);
		if (found)
			assert_string_equal(table[i].text, out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_documented_request_gets_the_documented_signature),
		cmocka_unit_test(a_query_is_signed_too),
		cmocka_unit_test(a_key_that_is_too_long_is_refused),
		cmocka_unit_test(the_text_of_an_element_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
