/* How long a Sentry server wants to be left alone, as its answer says. */
#pragma once

#include <stdint.h>

struct http_result;

/*
 * Milliseconds for which no error may be sent: from X-Sentry-Rate-Limits, or Retry-After of a 429,
 * or a minute when a 429 says nothing; 0 when there is no limit. At most a day.
 */
uint64_t sentry_limit_ms(const struct http_result *http);

/* The same of the headers' values, NULL where there is none. */
uint64_t sentry_limit_parse(int status, const char *rate_limits, const char *retry_after);
