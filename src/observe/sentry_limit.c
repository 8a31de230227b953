#include "observe/sentry_limit.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "http/http_client.h"

#include <string.h>

enum { MAX_SECONDS = 86400, DEFAULT_SECONDS = 60, TOO_MANY_REQUESTS = 429 };

/* "error;transaction": empty is every category there is. */
static bool is_about_errors(char *categories)
{
	char *category;

	if (!*categories)
		return true;
	while ((category = strsep(&categories, ";")))
		if (str_equal(str_trim(category), "error"))
			return true;
	return false;
}

static double seconds_of(const char *text)
{
	double seconds;

	/* What is longer than a day is looked at again after one. */
	return str_parse_double(&seconds, text, 0, 1e9) ? 0 : seconds;
}

/* "60:error;default:organization:quota, 2700::key": seconds, categories, and what we pass over. */
static double of_rate_limits(const char *text)
{
	auto_free char *copy = mem_strdup(text);
	char *rest = copy, *limit, none[] = "";
	double longest = 0;

	while ((limit = strsep(&rest, ","))) {
		char *fields = limit, *seconds = strsep(&fields, ":");
		char *categories = fields ? strsep(&fields, ":") : none;
		const double value = seconds_of(str_trim(seconds));

		if (is_about_errors(str_trim(categories)) && value > longest)
			longest = value;
	}
	return longest;
}

/* Seconds, or a date. */
static double of_retry_after(const char *text)
{
	double seconds = seconds_of(text);
	int64_t until_us;

	if (seconds <= 0 && !timestamp_parse_rfc2822(&until_us, text))
		seconds = (double)(until_us - clock_wall_us()) / 1e6;
	return seconds > 0 ? seconds : DEFAULT_SECONDS;
}

uint64_t sentry_limit_parse(int status, const char *rate_limits, const char *retry_after)
{
	double seconds = 0;

	if (!str_is_empty(rate_limits))
		seconds = of_rate_limits(rate_limits);
	else if (status == TOO_MANY_REQUESTS && !str_is_empty(retry_after))
		seconds = of_retry_after(retry_after);
	else if (status == TOO_MANY_REQUESTS)
		seconds = DEFAULT_SECONDS;
	if (seconds > MAX_SECONDS)
		seconds = MAX_SECONDS;
	return (uint64_t)(seconds * 1000);
}

uint64_t sentry_limit_ms(const struct http_result *http)
{
	if (http->err)
		return 0;
	return sentry_limit_parse(http->status,
				  http_exchange_header(http->exchange, "X-Sentry-Rate-Limits"),
				  http_exchange_header(http->exchange, "Retry-After"));
}
