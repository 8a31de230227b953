/* Protects: numbers and bytes read from text, UTF-8, encodings, digests, times, ids, masking. */
#include "unit/check.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/digest.h"
#include "core/encoding.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/phone.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "core/uuid.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static void whole_numbers_are_taken_whole(void **state)
{
	static const struct {
		const char *text;
		int err;
		int64_t value;
	} rows[] = {
		{"0", 0, 0},         {"-7", 0, -7},
		{"100", 0, 100},     {"101", -ERANGE, 0},
		{"", -EINVAL, 0},    {" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},  {"1x", -EINVAL, 0},
		{"x", -EINVAL, 0},   {"0x10", -EINVAL, 0},
		{"1.5", -EINVAL, 0}, {NULL, -EINVAL, 0},
		{"-8", -ERANGE, 0},  {"99999999999999999999", -ERANGE, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t value = 0;

		assert_int_equal(str_parse_int(&value, rows[i].text, -7, 100), rows[i].err);
		assert_int_equal(value, rows[i].value);
	}
}

static void whole_numbers_are_written_as_printf_does(void **state)
{
	static const int64_t rows[] = {0, 7, -7, 10, 1234567890, INT64_MAX, INT64_MIN};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *auto_free want = mem_printf("%lld", (long long)rows[i]);
		char text[STR_INT_SIZE];

		assert_int_equal(str_from_int(text, rows[i]), strlen(want));
		assert_string_equal(text, want);
	}
}

static void dates_are_those_of_the_c_library(void **state)
{
	/* From the year 1 on, in steps of 41 days and something. */
	for (int64_t us = -62135596800000000; us < 253402300800000000; us += 3600123456789) {
		time_t seconds = (time_t)((us - (us % 1000000 < 0 ? 999999 : 0)) / 1000000);
		char text[TIMESTAMP_SIZE], want[TIMESTAMP_SIZE];
		struct tm tm;

		gmtime_r(&seconds, &tm);
		timestamp_iso(text, us);
		strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S", &tm);
		if (tm.tm_year >= -900 && strncmp(text, want, strlen(want)))
			fail_msg("%s, not %s", text, want);
		timestamp_rfc2822(text, us);
		strftime(want, sizeof(want), "%a, %d %b", &tm);
		if (strncmp(text, want, strlen(want)))
			fail_msg("%s, not %s", text, want);
	}
}

static void an_hmac_with_its_key_set_up_is_the_same_each_time(void **state)
{
	static const char *const texts[] = {"", "one",
					    "a text that is longer than a block of the "
					    "digest, which is sixty-four bytes long"};
	struct hmac *auto_unref hmac = hmac_new("key", 3);

	for (size_t i = 0; i < 2 * ARRAY_LEN(texts); i++) {
		const char *text = texts[i % ARRAY_LEN(texts)];
		uint8_t got[SHA256_LEN], want[SHA256_LEN];

		hmac_sha256(got, hmac, text, strlen(text));
		digest_hmac_sha256(want, "key", 3, text, strlen(text));
		assert_memory_equal(got, want, sizeof(want));
	}
}

static void doubles_refuse_nan_and_infinity(void **state)
{
	double value = 5;

	assert_int_equal(str_parse_double(&value, "nan", 0, 1), -EINVAL);
	assert_int_equal(str_parse_double(&value, "inf", 0, 1), -EINVAL);
	assert_int_equal(str_parse_double(&value, "1.01", 0, 1), -ERANGE);
	assert_int_equal(str_parse_double(&value, "0.25", 0, 1), 0);
	assert_true(value == 0.25);
}

static void utf8_is_strict(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} rows[] = {
		{"", true},
		{"plain", true},
		{"\xc3\xa9", true},
		{"\xe2\x82\xac", true},
		{"\xf0\x9f\x98\x80", true},
		{"\xc0\xaf", false},
		{"\xed\xa0\x80", false},
		{"\xf4\x90\x80\x80", false},
		{"\xe2\x82", false},
		{"\x80", false},
		{"\xff", false},
		{"\xe0\x80\xaf", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(str_is_utf8(rows[i].text, strlen(rows[i].text)), rows[i].valid);
}

static void base64_round_trips_and_refuses_garbage(void **state)
{
	/* RFC 4648, section 10 */
	static const char *const vectors[][2] = {{"", ""},
						 {"f", "Zg=="},
						 {"fo", "Zm8="},
						 {"foo", "Zm9v"},
						 {"foob", "Zm9vYg=="},
						 {"fooba", "Zm9vYmE="},
						 {"foobar", "Zm9vYmFy"}};
	static const char *const bad[] = {"Zg", "Zg=", "Z===", "Zg==Zg==", "Zm9*", "=Zg="};

	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		auto_buf struct buf text = {0}, back = {0};

		base64_encode(&text, vectors[i][0], strlen(vectors[i][0]));
		assert_string_equal(buf_str(&text), vectors[i][1]);
		assert_int_equal(base64_decode(&back, vectors[i][1], strlen(vectors[i][1])), 0);
		assert_string_equal(buf_str(&back), vectors[i][0]);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		auto_buf struct buf back = {0};

		buf_append_str(&back, "kept");
		assert_int_equal(base64_decode(&back, bad[i], strlen(bad[i])), -EBADMSG);
		assert_string_equal(buf_str(&back), "kept");
	}
}

static void percent_decoding_refuses_stray_percent(void **state)
{
	auto_buf struct buf out = {0};

	assert_int_equal(percent_decode(&out, "a%2Bb+c", 7, 1), 0);
	assert_string_equal(buf_str(&out), "a+b c");
	assert_int_equal(percent_decode(&out, "%2", 2, 0), -EBADMSG);
	assert_int_equal(percent_decode(&out, "%zz", 3, 0), -EBADMSG);
	assert_string_equal(buf_str(&out), "a+b c");
	buf_clear(&out);
	percent_encode(&out, "+1 \xc3\xa9~", 6);
	assert_string_equal(buf_str(&out), "%2B1%20%C3%A9~");
}

static void hmacs_match_published_vectors(void **state)
{
	/* RFC 2202 case 2 and RFC 4231 case 2 */
	static const char key[] = "Jefe", data[] = "what do ya want for nothing?";
	uint8_t sha1[SHA1_LEN], sha256[SHA256_LEN];
	char hex[65];

	digest_hmac_sha1(sha1, key, 4, data, strlen(data));
	hex_encode(hex, sha1, SHA1_LEN);
	assert_string_equal(hex, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
	digest_hmac_sha256(sha256, key, 4, data, strlen(data));
	hex_encode(hex, sha256, SHA256_LEN);
	assert_string_equal(hex,
			    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	assert_true(digest_equal_str("same", "same"));
	assert_false(digest_equal_str("same", "sane"));
	assert_false(digest_equal_str(NULL, NULL));
}

static void times_are_written_and_read(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
	} good[] = {
		{"2026-02-01T10:30:00Z", 1769941800000000},
		{"2026-02-01T10:30:00.123456789Z", 1769941800123456},
		{"2026-02-01 10:30:00", 1769941800000000},
		{"2026-02-01T12:30:00+02:00", 1769941800000000},
		{"2026-02-01T12:30:00.5+0200", 1769941800500000},
	};
	static const char *const bad[] = {"",
					  "2026-02-01",
					  "2026-13-01T00:00:00Z",
					  "2026-02-30T00:00:00Z",
					  "2026-02-01T24:00:00Z",
					  "2026-02-01T10:30:00.Z",
					  "2026-02-01T10:30:00Zx",
					  "tomorrow"};
	char text[TIMESTAMP_SIZE];
	int64_t us;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(timestamp_parse_iso(&us, good[i].text), 0);
		assert_int_equal(us, good[i].us);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(timestamp_parse_iso(&us, bad[i]), -EINVAL);
	timestamp_iso(text, 1769941800123456);
	assert_string_equal(text, "2026-02-01T10:30:00.123456Z");
	timestamp_rfc2822(text, 1283287000000000);
	assert_string_equal(text, "Tue, 31 Aug 2010 20:36:40 +0000");
	assert_int_equal(timestamp_parse_rfc2822(&us, "Tue, 31 Aug 2010 20:36:29 +0000"), 0);
	assert_int_equal(us, 1283286989000000);
	assert_int_equal(timestamp_parse_rfc2822(&us, "Tue, 31 Foo 2010 20:36:29 +0000"), -EINVAL);
}

static void ids_sort_by_the_time_they_were_made(void **state)
{
	char before[UUID_SIZE], after[UUID_SIZE];

	uuid_new(before);
	assert_true(uuid_is_valid(before));
	assert_int_equal(before[14], '7');
	for (int i = 0; i < 5000; i++) {
		uuid_new(after);
		assert_true(strcmp(before, after) < 0);
		strcpy(before, after);
	}
	assert_false(uuid_is_valid("not-a-uuid"));
	assert_false(uuid_is_valid("0190163d8694739baea5966c26f8ad900000"));
}

static void numbers_are_masked(void **state)
{
	static const char *const rows[][2] = {{"+15551235678", "+1***5678"},
					      {"+4915112345678", "+4***5678"},
					      {"sip:alice@example.com", "si***"},
					      {"anonymous", "an***"},
					      {"", "***"},
					      {NULL, "***"}};
	char masked[PHONE_MASK_SIZE];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		phone_mask(masked, rows[i][0]);
		assert_string_equal(masked, rows[i][1]);
	}
	assert_true(phone_is_e164("+15551235678"));
	assert_false(phone_is_e164("15551235678"));
	assert_false(phone_is_e164("+05551235678"));
	assert_false(phone_is_e164("+1555123456789012"));
	assert_false(phone_is_e164("+1555 123"));
}

static void json_from_outside_is_bounded(void **state)
{
	auto_buf struct buf deep = {0};
	char error[JSON_ERROR_SIZE];
	json_t *json = NULL;

	for (int i = 0; i < 65; i++)
		buf_append_char(&deep, '[');
	assert_int_equal(json_parse(&json, deep.data, deep.len, error), -EBADMSG);
	assert_non_null(strstr(error, "deep"));
	assert_int_equal(json_parse(&json, "{\"a\":1,\"a\":2}", 13, error), -EBADMSG);
	assert_int_equal(json_parse(&json, "{\"a\":\"\xff\"}", 9, error), -EBADMSG);
	assert_int_equal(json_parse(&json, "{\"a\":1} x", 9, NULL), -EBADMSG);
	assert_int_equal(json_parse(&json, "{\"a\":1}", 7, NULL), 0);
	assert_int_equal(json_get_int(json, "a", 0), 1);
	assert_int_equal(json_get_int(json, "b", 9), 9);
	assert_string_equal(json_get_str(json, "a", "no"), "no");
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers_are_taken_whole),
		cmocka_unit_test(whole_numbers_are_written_as_printf_does),
		cmocka_unit_test(dates_are_those_of_the_c_library),
		cmocka_unit_test(an_hmac_with_its_key_set_up_is_the_same_each_time),
		cmocka_unit_test(doubles_refuse_nan_and_infinity),
		cmocka_unit_test(utf8_is_strict),
		cmocka_unit_test(base64_round_trips_and_refuses_garbage),
		cmocka_unit_test(percent_decoding_refuses_stray_percent),
		cmocka_unit_test(hmacs_match_published_vectors),
		cmocka_unit_test(times_are_written_and_read),
		cmocka_unit_test(ids_sort_by_the_time_they_were_made),
		cmocka_unit_test(numbers_are_masked),
		cmocka_unit_test(json_from_outside_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
