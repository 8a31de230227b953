/*
 * Protects: only the holder of the auth token can post webhooks. The vectors are those of the
 * vendor's own tests and documents; with and without the scheme's port both count, anything else
 * does not.
 */
#include "core/buf.h"
#include "core/mem.h"
#include "http/form.h"
#include "provider/twilio_signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define URL "https://mycompany.com/myapp.php?foo=1&bar=2"
#define P1                                                                                 \
	"CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&" \
	"To=%2B18005551212"
#define JSON_HASH "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
#define JSON_BODY "{\"property\": \"value\", \"boolean\": true}"

struct vector {
	const char *url;
	const char *params; /* form text; NULL for a request without a form */
	const char *signature;
};

static const struct vector vectors[] = {
	{URL, P1, "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
	{"https://mycompany.com:443/myapp.php?foo=1&bar=2", P1, "kvajT1Ptam85bY51eRf/AJRuM3w="},
	{"http://mycompany.com:80/myapp.php?foo=1&bar=2", P1, "0ZXoZLH/DfblKGATFgpif+LLRf4="},
	{"http://mycompany.com:1234/myapp.php?foo=1&bar=2", P1, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="},
	{URL, "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234",
	 "IK+Dwps556ElfBT0I3Rgjkr1wJU="},
	{URL "&bodySHA256=" JSON_HASH, NULL, "a9nBmqA0ju/hNViExpshrM61xv4="},
	{"https://example.com/myapp.php?foo=1&bar=2",
	 "CallSid=CA1234567890ABCDE&Caller=%2B14158675310&Digits=1234&From=%2B14158675310&"
	 "To=%2B18005551212",
	 "L/OH5YylLD5NRKLltdqwSvS0BnU="},
	{URL, "MessagingBinding.Address=%2B1325xxxxxxx&MessagingBinding.Address=%2B1415xxxxxxx",
	 "83O6e2vORAoJHUNzJjDWN1jz+BA="},
	{"https://user:pass@mycompany.com/myapp.php?foo=1&bar=2", P1,
	 "CukzLTc1tT5dXEDIHm/tKBanW10="},
	{"wss://example.com/media", NULL, "7PR3qMkpDyEJtMrVOY/LDyNq8J8="},
	{"wss://example.com/media/", NULL, "T+WBXwUXC0/CyoZ1DA+p9ilZORs="},
	{"https://example.com/media", NULL, "6HZQ7Cq/dSYDCAiy3qRA6PZfACI="},
	{"https://example.com/v", "CallSid=CA1&CallerName=&FromCity=S%C3%83O+PAULO",
	 "15iEXMTxTDNOvvPrLSpdGuC1QrI="},
};

static struct form *parse(const char *text)
{
	struct form *form = NULL;

	if (text)
		assert_int_equal(0, form_parse(&form, text, strlen(text)));
	return form;
}

static bool is_valid(const char *token, const char *signature, const char *url, const char *params)
{
	auto_unref struct form *form = parse(params);

	return twilio_signature_valid(token, signature, url, form, NULL, 0);
}

static void published_vectors_are_reproduced(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		auto_unref struct form *form = parse(vectors[i].params);
		auto_buf struct buf signature = {0};

		twilio_sign(&signature, "12345", vectors[i].url, form);
		assert_string_equal(vectors[i].signature, buf_str(&signature));
		assert_true(
			is_valid("12345", vectors[i].signature, vectors[i].url, vectors[i].params));
	}
}

static void either_port_form_is_accepted(void **state)
{
	assert_true(is_valid("12345", "kvajT1Ptam85bY51eRf/AJRuM3w=", URL, P1));
	assert_true(is_valid("12345", "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
			     "https://mycompany.com:443/myapp.php?foo=1&bar=2", P1));
	assert_true(is_valid("12345", "0ZXoZLH/DfblKGATFgpif+LLRf4=",
			     "http://mycompany.com/myapp.php?foo=1&bar=2", P1));
	/* Another port is another server. */
	assert_false(is_valid("12345", "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=",
			      "http://mycompany.com:1235/myapp.php?foo=1&bar=2", P1));
}

static void a_fragment_is_not_signed(void **state)
{
	assert_true(is_valid("12345", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", URL "#rc=2&rp=5xx", P1));
}

static void whatever_was_changed_is_refused(void **state)
{
	static const char good[] = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";

	assert_false(is_valid("12346", good, URL, P1));
	assert_false(is_valid("12345", good, URL "0", P1));
	assert_false(is_valid("12345", good, URL, P1 "&Extra=1"));
	assert_false(is_valid("12345", good, URL, NULL));
	assert_false(is_valid("12345", "RSOYDt4T1cUTdK1PDd93/VVr8B8", URL, P1));
	assert_false(is_valid("12345", "garbage", URL, P1));
}

static void nothing_is_valid_without_token_or_signature(void **state)
{
	assert_false(is_valid("", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", URL, P1));
	assert_false(is_valid(NULL, "RSOYDt4T1cUTdK1PDd93/VVr8B8=", URL, P1));
	assert_false(is_valid("12345", "", URL, P1));
	assert_false(is_valid("12345", NULL, URL, P1));
}

static void a_json_body_must_match_its_hash(void **state)
{
	static const char url[] = URL "&bodySHA256=" JSON_HASH;
	static const char signature[] = "a9nBmqA0ju/hNViExpshrM61xv4=";

	assert_true(twilio_signature_valid("12345", signature, url, NULL, JSON_BODY,
					   strlen(JSON_BODY)));
	assert_false(twilio_signature_valid("12345", signature, url, NULL, "{}", 2));
	assert_false(twilio_signature_valid("12345", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", URL, NULL,
					    "{}", 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_vectors_are_reproduced),
		cmocka_unit_test(either_port_form_is_accepted),
		cmocka_unit_test(a_fragment_is_not_signed),
		cmocka_unit_test(whatever_was_changed_is_refused),
		cmocka_unit_test(nothing_is_valid_without_token_or_signature),
		cmocka_unit_test(a_json_body_must_match_its_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
