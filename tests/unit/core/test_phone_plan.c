/* Protects: to which country a number leads, and which ranges cost more than an ordinary call. */
#include "unit/check.h"

#include "core/mem.h"
#include "core/phone_plan.h"

static void numbers_lead_to_countries(void **state)
{
	static const struct {
		const char *number, *country;
		enum phone_kind kind;
	} rows[] = {
		{"+12125550100", "US", PHONE_ORDINARY},   {"+15550100123", "US", PHONE_ORDINARY},
		{"+14165550100", "CA", PHONE_ORDINARY},   {"+18765550100", "JM", PHONE_ORDINARY},
		{"+17875550100", "PR", PHONE_ORDINARY},   {"+19005550100", "US", PHONE_PREMIUM},
		{"+442079460000", "GB", PHONE_ORDINARY},  {"+447700900123", "GB", PHONE_ORDINARY},
		{"+447012345678", "GB", PHONE_PREMIUM},   {"+449098790000", "GB", PHONE_PREMIUM},
		{"+441534123456", "JE", PHONE_ORDINARY},  {"+4930123456", "DE", PHONE_ORDINARY},
		{"+491371234567", "DE", PHONE_PREMIUM},   {"+4917112345678", "DE", PHONE_ORDINARY},
		{"+33123456789", "FR", PHONE_ORDINARY},   {"+33891234567", "FR", PHONE_PREMIUM},
		{"+3906698123456", "VA", PHONE_ORDINARY}, {"+390612345678", "IT", PHONE_ORDINARY},
		{"+74951234567", "RU", PHONE_ORDINARY},   {"+77011234567", "KZ", PHONE_ORDINARY},
		{"+421905123456", "SK", PHONE_ORDINARY},  {"+26221234567", "RE", PHONE_ORDINARY},
		{"+262639123456", "YT", PHONE_ORDINARY},  {"+35818123456", "AX", PHONE_ORDINARY},
		{"+2125212345678", "MA", PHONE_ORDINARY}, {"+25212345678", "SO", PHONE_ORDINARY},
		{"+870771234567", "", PHONE_SATELLITE},   {"+881612345678", "", PHONE_SATELLITE},
		{"+882161234567", "", PHONE_SATELLITE},   {"+979012345678", "", PHONE_PREMIUM},
		{"+80012345678", "", PHONE_ORDINARY},     {"+99912345678", "", PHONE_ORDINARY},
		{"sip:a@b", "", PHONE_ORDINARY},          {"12125550100", "", PHONE_ORDINARY},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct phone_place place = phone_place_of(rows[i].number);

		assert_string_equal(rows[i].country, place.country);
		assert_int_equal(rows[i].kind, place.kind);
	}
}

static void countries_are_known_by_their_codes(void **state)
{
	static const char *const known[] = {"US", "GB", "KZ", "VA", "JM", "XK"};
	static const char *const unknown[] = {"", "us", "UK", "USA", "ZZ", "*"};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		assert_true(phone_country_is_known(known[i]));
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
		assert_false(phone_country_is_known(unknown[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_lead_to_countries),
		cmocka_unit_test(countries_are_known_by_their_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
