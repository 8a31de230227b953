/*
 * A tenant's limits as any JSON: what is refused names a field, what is taken is shown so that it
 * can be set again, and a call never has to wait longer than the quiet hours of a day.
 */
#include "core/mem.h"
#include "core/setting.h"
#include "platform/call_limit.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const int64_t at = 1774738800000000, day_us = 24ll * 3600 * 1000000;

static struct call_limit *defaults_new(void)
{
	struct settings settings = {
		.twilio_phone_number = "+15550100000",
		.call_countries = "",
		.call_allowed_prefixes = "",
		.call_blocked_prefixes = "",
		.quiet_hours = "21:00-08:00 Europe/Berlin",
	};
	struct call_limit *defaults;
	char reason[CALL_LIMIT_REASON_SIZE];

	if (call_limit_of_settings(&defaults, &settings, reason))
		abort();
	return defaults;
}

static void check(const struct call_limit *limit, const struct call_limit *defaults)
{
	auto_json json_t *shown = call_limit_json(limit), *auto_json again = NULL;
	auto_unref struct call_limit *same = NULL;
	char reason[CALL_LIMIT_REASON_SIZE] = "";
	int64_t not_before = call_limit_not_before(limit, at);
	const char *field = NULL;

	if (call_limit_parse(&same, defaults, shown, &field, reason))
		abort();
	again = call_limit_json(same);
	if (!json_equal(shown, again))
		abort();
	if (not_before < at || not_before > at + day_us + day_us / 12 ||
	    call_limit_not_before(limit, not_before) != not_before)
		abort();
	(void)call_limit_destination(limit, "+442079460000", reason);
	(void)call_limit_destination(limit, "sip:0044123456789@example.com", reason);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct call_limit *defaults;
	auto_json json_t *own = NULL;
	auto_unref struct call_limit *limit = NULL;
	char reason[CALL_LIMIT_REASON_SIZE] = "";
	const char *field = NULL;

	if (!defaults)
		defaults = defaults_new();
	if (json_parse(&own, (const char *)data, size, NULL))
		return 0;
	if (!call_limit_parse(&limit, defaults, own, &field, reason))
		check(limit, defaults);
	else if (!field || !*reason)
		abort();
	return 0;
}
