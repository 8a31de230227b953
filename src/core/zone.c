#include "core/zone.h"

#include "core/mem.h"
#include "core/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define FOLDER "/usr/share/zoneinfo/"

enum { DAY_S = 24 * 3600, MAX_FILE = 64 * 1024, HEADER = 44 };

struct zone {
	int32_t first_offset_s; /* before the first change */
	uint32_t changes;
	int64_t *at;
	int32_t *offset_s; /* from at on */
};

static void zone_destroy(void *data)
{
	struct zone *zone = data;

	mem_free(zone->at);
	mem_free(zone->offset_s);
}

/* ---- the file ---- */

struct counts {
	uint32_t isut, isstd, leap, time, type, chars;
};

static uint32_t be32(const uint8_t *data)
{
	return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

static int64_t be64(const uint8_t *data)
{
	return (int64_t)((uint64_t)be32(data) << 32 | be32(data + 4));
}

static struct counts read_counts(const uint8_t *header)
{
	return (struct counts){be32(header + 20), be32(header + 24), be32(header + 28),
			       be32(header + 32), be32(header + 36), be32(header + 40)};
}

/* Of a block whose times have so many bytes. */
static size_t block_size(const struct counts *n, size_t time_bytes)
{
	return n->time * (time_bytes + 1) + (size_t)n->type * 6 + n->chars +
	       n->leap * (time_bytes + 4) + n->isstd + n->isut;
}

static bool is_header(const uint8_t *data, size_t len)
{
	struct counts n;

	if (len < HEADER || memcmp(data, "TZif", 4) != 0 || data[4] < '2')
		return false;
	n = read_counts(data);
	return n.isut <= MAX_FILE && n.isstd <= MAX_FILE && n.leap <= MAX_FILE &&
	       n.time <= MAX_FILE && n.type <= 256 && n.chars <= MAX_FILE;
}

/* The second block has times of 64 bits. */
static int read_zone(struct zone *zone, const uint8_t *data, size_t len)
{
	const uint8_t *times, *kinds, *types;
	struct counts n;
	size_t skip;

	if (!is_header(data, len))
		return -EBADMSG;
	n = read_counts(data);
	skip = HEADER + block_size(&n, 4);
	if (skip > len || !is_header(data + skip, len - skip))
		return -EBADMSG;
	n = read_counts(data + skip);
	if (len - skip - HEADER < block_size(&n, 8) || !n.type)
		return -EBADMSG;
	times = data + skip + HEADER;
	kinds = times + (size_t)n.time * 8;
	types = kinds + n.time;
	zone->first_offset_s = (int32_t)be32(types);
	zone->at = mem_alloc((n.time + 1) * sizeof(*zone->at));
	zone->offset_s = mem_alloc((n.time + 1) * sizeof(*zone->offset_s));
	for (uint32_t i = 0; i < n.time; i++) {
		if (kinds[i] >= n.type)
			return -EBADMSG;
		zone->at[i] = be64(times + (size_t)i * 8);
		zone->offset_s[i] = (int32_t)be32(types + (size_t)kinds[i] * 6);
	}
	zone->changes = n.time;
	return 0;
}

/* Nothing that leads out of the folder. */
static bool is_name(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_+-/";

	return !str_is_empty(name) && strlen(name) < ZONE_NAME_SIZE && name[0] != '/' &&
	       name[strspn(name, allowed)] == '\0';
}

int zone_open(struct zone **ret_zone, const char *name)
{
	char path[sizeof(FOLDER) + ZONE_NAME_SIZE];
	uint8_t *auto_free data = NULL;
	struct zone *zone;
	FILE *file;
	size_t len;
	int err;

	if (!is_name(name))
		return -EINVAL;
	snprintf(path, sizeof(path), FOLDER "%s", name);
	file = fopen(path, "rbe");
	if (!file)
		return str_equal(name, "UTC")
			       ? (*ret_zone = mem_new(sizeof(*zone), zone_destroy), 0)
			       : -ENOENT;
	data = mem_alloc(MAX_FILE);
	len = fread(data, 1, MAX_FILE, file);
	fclose(file);
	zone = mem_new(sizeof(*zone), zone_destroy);
	err = read_zone(zone, data, len);
	if (err)
		mem_unref(zone);
	else
		*ret_zone = zone;
	return err;
}

/* ---- the calendar ---- */

int32_t zone_offset_s(const struct zone *zone, int64_t utc_s)
{
	uint32_t low = 0, high = zone->changes;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (zone->at[middle] <= utc_s)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? zone->offset_s[low - 1] : zone->first_offset_s;
}

static int64_t floor_div(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

int64_t zone_day(const struct zone *zone, int64_t utc_s)
{
	return floor_div(utc_s + zone_offset_s(zone, utc_s), DAY_S);
}

/* Clocks may be put forward or back at midnight: then the day begins later, or its start is the
 * second midnight. */
int64_t zone_day_start(const struct zone *zone, int64_t day)
{
	int64_t midnight = day * DAY_S;
	int64_t offsets[] = {zone_offset_s(zone, midnight - DAY_S),
			     zone_offset_s(zone, midnight + DAY_S)};

	for (size_t i = 0; i < ARRAY_LEN(offsets); i++) {
		int64_t start = midnight - offsets[i];

		if (zone_day(zone, start) == day && zone_day(zone, start - 1) < day)
			return start;
	}
	return midnight - zone_offset_s(zone, midnight);
}

void zone_date(char out[ZONE_DATE_SIZE], int64_t day)
{
	time_t at = (time_t)(day * DAY_S);
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(out, ZONE_DATE_SIZE, "%Y-%m-%d", &tm);
}

int zone_date_parse(int64_t *ret_day, const char *text)
{
	struct tm tm = {0};
	char again[ZONE_DATE_SIZE];
	int64_t day;

	if (strlen(text) != 10 ||
	    sscanf(text, "%4d-%2d-%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday) != 3)
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	day = floor_div(timegm(&tm), DAY_S);
	zone_date(again, day);
	if (!str_equal(again, text))
		return -EINVAL;
	*ret_day = day;
	return 0;
}
