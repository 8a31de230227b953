/*
 * Time zones by their IANA names, read from the system's database (TZif, RFC 8536). Times are UTC
 * seconds since 1970; a day is its number since 1970-01-01 on the calendar of the zone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct zone;

enum { ZONE_NAME_SIZE = 64 };

/*
 * ret_zone: owned by the caller, mem_unref(). After the database's last change the zone keeps the
 * offset it has then. Returns 0, -EINVAL (no such name could be), -ENOENT (there is no such zone)
 * or -EBADMSG.
 */
int zone_open(struct zone **ret_zone, const char *name);

/* What is added to UTC at that moment. */
int32_t zone_offset_s(const struct zone *zone, int64_t utc_s);

int64_t zone_day(const struct zone *zone, int64_t utc_s);

/* The first moment of the day. */
int64_t zone_day_start(const struct zone *zone, int64_t day);

/* "2026-02-01" and back; -EINVAL for what is no date. */
enum { ZONE_DATE_SIZE = 24 };
void zone_date(char out[ZONE_DATE_SIZE], int64_t day);
int zone_date_parse(int64_t *ret_day, const char *text);
