/* Times as text. A time is UTC microseconds since 1970, see clock.h. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { TIMESTAMP_SIZE = 40 };

/* RFC 3339 in UTC with microseconds: 2026-02-01T10:30:00.000000Z */
void timestamp_iso(char out[TIMESTAMP_SIZE], int64_t us);

/* RFC 2822 as Twilio writes it: Tue, 31 Aug 2010 20:36:29 +0000 */
void timestamp_rfc2822(char out[TIMESTAMP_SIZE], int64_t us);

/*
 * ISO 8601 / RFC 3339 date and time: 'T' or a space between them, 0 to 9 fractional digits, and
 * 'Z', an offset, or nothing (read as UTC). Returns 0 or -EINVAL.
 */
int timestamp_parse_iso(int64_t *ret_us, const char *text);
int timestamp_parse_rfc2822(int64_t *ret_us, const char *text);
