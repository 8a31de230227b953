#include "platform/quiet_hours.h"

#include "core/mem.h"
#include "core/str.h"
#include "core/zone.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { DAY_S = 24 * 3600, TIME_SIZE = 6, STEP_S = 900 };

static const int64_t second_us = 1000000;

struct quiet_hours {
	int32_t from_s, to_s; /* of the day */
	struct zone *zone;
	char time_zone[ZONE_NAME_SIZE];
};

static void quiet_destroy(void *data)
{
	struct quiet_hours *quiet = data;

	mem_unref(quiet->zone);
}

/* ---- reading ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "08:30", seconds of the day; -1 for what is no time. */
static int32_t parse_time(const char *text)
{
	int32_t hour, minute;

	if (!text || strlen(text) != 5 || !is_digit(text[0]) || !is_digit(text[1]) ||
	    text[2] != ':' || !is_digit(text[3]) || !is_digit(text[4]))
		return -1;
	hour = (text[0] - '0') * 10 + (text[1] - '0');
	minute = (text[3] - '0') * 10 + (text[4] - '0');
	return hour < 24 && minute < 60 ? (hour * 60 + minute) * 60 : -1;
}

static int make(struct quiet_hours **ret_quiet, const char *from, const char *to, const char *zone,
		char *reason, size_t reason_size)
{
	auto_unref struct quiet_hours *quiet = mem_new(sizeof(*quiet), quiet_destroy);

	quiet->from_s = parse_time(from);
	quiet->to_s = parse_time(to);
	if (quiet->from_s < 0 || quiet->to_s < 0 || quiet->from_s == quiet->to_s) {
		snprintf(reason, reason_size,
			 "must begin and end at different times of the day, such as 21:00 and "
			 "08:00");
		return -EINVAL;
	}
	if (!str_copy(quiet->time_zone, sizeof(quiet->time_zone), zone) ||
	    zone_open(&quiet->zone, zone)) {
		snprintf(reason, reason_size,
			 "must name a time zone, such as Europe/Berlin; there is no \"%.40s\"",
			 zone);
		return -EINVAL;
	}
	*ret_quiet = mem_ref(quiet);
	return 0;
}

static bool is_known(const char *key)
{
	return str_equal(key, "from") || str_equal(key, "to") || str_equal(key, "time_zone");
}

int quiet_hours_parse(struct quiet_hours **ret_quiet, const json_t *value, char *reason,
		      size_t reason_size)
{
	const char *key;
	json_t *member;

	json_object_foreach((json_t *)value, key, member)
	{
		if (is_known(key) && json_is_string(member))
			continue;
		snprintf(reason, reason_size, "must have the texts from, to and time_zone");
		return -EINVAL;
	}
	if (!json_is_object(value) || json_object_size(value) != 3) {
		snprintf(reason, reason_size,
			 "must be an object with from, to and time_zone, or false");
		return -EINVAL;
	}
	return make(ret_quiet, json_get_str(value, "from", ""), json_get_str(value, "to", ""),
		    json_get_str(value, "time_zone", ""), reason, reason_size);
}

int quiet_hours_of_text(struct quiet_hours **ret_quiet, const char *text, char *reason,
			size_t reason_size)
{
	char from[TIME_SIZE], to[TIME_SIZE];

	if (strlen(text) < 13 || text[5] != '-' || text[11] != ' ') {
		snprintf(reason, reason_size, "must be like 21:00-08:00 Europe/Berlin");
		return -EINVAL;
	}
	snprintf(from, sizeof(from), "%.5s", text);
	snprintf(to, sizeof(to), "%.5s", text + 6);
	return make(ret_quiet, from, to, text + 12, reason, reason_size);
}

/* ---- showing ---- */

static void set_time(json_t *json, const char *key, int32_t time_s)
{
	json_object_set_new(json, key, json_sprintf("%02d:%02d", time_s / 3600, time_s / 60 % 60));
}

json_t *quiet_hours_json(const struct quiet_hours *quiet)
{
	json_t *json = json_object();

	set_time(json, "from", quiet->from_s);
	set_time(json, "to", quiet->to_s);
	json_set_str(json, "time_zone", quiet->time_zone);
	return json;
}

/* ---- asking ---- */

static int32_t time_of_day(const struct quiet_hours *quiet, int64_t utc_s)
{
	int64_t local_s = utc_s + zone_offset_s(quiet->zone, utc_s);

	return (int32_t)((local_s % DAY_S + DAY_S) % DAY_S);
}

static bool is_quiet(const struct quiet_hours *quiet, int64_t utc_s)
{
	int32_t time_s = time_of_day(quiet, utc_s);

	if (quiet->from_s < quiet->to_s)
		return time_s >= quiet->from_s && time_s < quiet->to_s;
	return time_s >= quiet->from_s || time_s < quiet->to_s;
}

/*
 * A night in which the clocks change is longer or shorter than it looks: the wait is measured
 * again from where it leads, and never goes past the end by more than a step.
 */
int64_t quiet_hours_end(const struct quiet_hours *quiet, int64_t at)
{
	int64_t utc_s = at / second_us;

	if (!quiet || !is_quiet(quiet, utc_s))
		return at;
	while (is_quiet(quiet, utc_s)) {
		int32_t left_s = quiet->to_s - time_of_day(quiet, utc_s);

		left_s += left_s <= 0 ? DAY_S : 0;
		utc_s += left_s > 4 * STEP_S ? left_s - 4 * STEP_S
			 : left_s > STEP_S   ? STEP_S
					     : left_s;
	}
	return utc_s * second_us;
}
