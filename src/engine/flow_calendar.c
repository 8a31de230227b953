#include "engine/flow_calendar.h"

#include "core/mem.h"
#include "core/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MINUTES = 24 * 60 };

static const char *const weekdays[] = {"",         "Monday", "Tuesday",  "Wednesday",
				       "Thursday", "Friday", "Saturday", "Sunday"};

static const char *const statuses[] = {
	[CALENDAR_FREE] = "free",         [CALENDAR_PAST] = "past",
	[CALENDAR_TOO_FAR] = "too_far",   [CALENDAR_CLOSED_DAY] = "closed_day",
	[CALENDAR_FULL_DAY] = "full_day", [CALENDAR_CLOSED_TIME] = "closed_time",
	[CALENDAR_TAKEN] = "taken",
};

static const struct day_part parts[] = {
	{"morning", 0, 12 * 60},
	{"afternoon", 12 * 60, 17 * 60},
	{"evening", 17 * 60, DAY_MINUTES},
	{"any", 0, DAY_MINUTES},
};

/* Days from the era of 400 years, as in Hinnant's chrono-compatible low-level date algorithms. */
int32_t date_of(int year, unsigned month, unsigned dom)
{
	const int y = month <= 2 ? year - 1 : year;
	const int era = (y >= 0 ? y : y - 399) / 400;
	const unsigned yoe = (unsigned)(y - era * 400);
	const unsigned doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + dom - 1;
	const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * 146097 + (int32_t)doe - 719468;
}

void date_parts(int32_t day, int *ret_year, unsigned *ret_month, unsigned *ret_dom)
{
	const int32_t z = day + 719468;
	const int32_t era = (z >= 0 ? z : z - 146096) / 146097;
	const unsigned doe = (unsigned)(z - era * 146097);
	const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	const unsigned mp = (5 * doy + 2) / 153;

	*ret_dom = doy - (153 * mp + 2) / 5 + 1;
	*ret_month = mp < 10 ? mp + 3 : mp - 9;
	*ret_year = (int)yoe + era * 400 + (*ret_month <= 2);
}

enum weekday date_weekday(int32_t day)
{
	const int32_t since_monday = ((day + 3) % 7 + 7) % 7;

	return (enum weekday)(MONDAY + since_monday);
}

const char *weekday_name(enum weekday weekday)
{
	return weekdays[weekday];
}

enum weekday weekday_parse(const char *name)
{
	for (enum weekday w = MONDAY; w <= SUNDAY; w++)
		if (str_equal_nocase(weekdays[w], name))
			return w;
	return WEEKDAY_NONE;
}

unsigned month_days(int year, unsigned month)
{
	return (unsigned)(date_of(month == 12 ? year + 1 : year, month % 12 + 1, 1) -
			  date_of(year, month, 1));
}

void date_text(char out[CALENDAR_DATE_SIZE], int32_t day)
{
	unsigned month, dom;
	int year;

	date_parts(day, &year, &month, &dom);
	snprintf(out, CALENDAR_DATE_SIZE, "%04u-%02u-%02u", (unsigned)year % 10000, month % 100,
		 dom % 100);
}

int date_parse(int32_t *ret_day, const char *text)
{
	unsigned year, month, dom;
	int used = 0;

	if (!text || sscanf(text, "%4u-%2u-%2u%n", &year, &month, &dom, &used) != 3 || used != 10 ||
	    text[used] || !month || month > 12 || !dom || dom > month_days((int)year, month))
		return -EINVAL;
	*ret_day = date_of((int)year, month, dom);
	return 0;
}

void clock_text(char out[CALENDAR_DATE_SIZE], int32_t minute)
{
	snprintf(out, CALENDAR_DATE_SIZE, "%02u:%02u", (unsigned)minute / 60 % 100,
		 (unsigned)minute % 60);
}

int clock_parse(int32_t *ret_minute, const char *text)
{
	unsigned hour, minute;
	int used = 0;

	if (!text || sscanf(text, "%2u:%2u%n", &hour, &minute, &used) != 2 || used != 5 ||
	    text[used] || minute > 59 || hour * 60 + minute > DAY_MINUTES)
		return -EINVAL;
	*ret_minute = (int32_t)(hour * 60 + minute);
	return 0;
}

const struct day_part *day_part_at(size_t index)
{
	return index < ARRAY_LEN(parts) ? &parts[index] : NULL;
}

const struct day_part *day_part_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (str_equal(parts[i].name, name))
			return &parts[i];
	return NULL;
}

const char *calendar_status_name(enum calendar_status status)
{
	return statuses[status];
}

bool calendar_status_parse(enum calendar_status *ret_status, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		if (!str_equal(statuses[i], name))
			continue;
		*ret_status = (enum calendar_status)i;
		return true;
	}
	return false;
}

bool calendar_is_open(const struct calendar *c, enum weekday weekday, int32_t minute)
{
	for (size_t i = 0; i < c->hours_len; i++) {
		const struct calendar_hours *h = &c->hours[i];

		if ((weekday == WEEKDAY_NONE || h->weekday == weekday) && minute >= h->from &&
		    minute + c->slot_minutes <= h->to)
			return true;
	}
	return false;
}

static bool is_taken(const struct calendar *c, int32_t day, int32_t minute)
{
	for (size_t i = 0; i < c->taken_len; i++) {
		const struct calendar_taken *t = &c->taken[i];

		if (t->day >= 0 ? t->day != day : t->weekday != date_weekday(day))
			continue;
		if (t->minute < 0 ||
		    (minute > t->minute - c->slot_minutes && minute < t->minute + c->slot_minutes))
			return true;
	}
	return false;
}

/* Open, on the grid that starts when the doors open, not taken, not over. */
static bool is_free(const struct calendar *c, struct calendar_now now, int32_t day, int32_t minute)
{
	if (day < now.day || (day == now.day && minute <= now.minute) || is_taken(c, day, minute))
		return false;
	for (size_t i = 0; i < c->hours_len; i++) {
		const struct calendar_hours *h = &c->hours[i];

		if (h->weekday == date_weekday(day) && minute >= h->from &&
		    minute + c->slot_minutes <= h->to && (minute - h->from) % c->slot_minutes == 0)
			return true;
	}
	return false;
}

/* The free start of that day nearest to minute (-1: the first), or -1. */
static int32_t nearest_free(const struct calendar *c, struct calendar_now now, int32_t day,
			    int32_t minute, int32_t from, int32_t to)
{
	int32_t best = -1;

	for (int32_t m = from; m < to; m += 5) {
		if (!is_free(c, now, day, m))
			continue;
		if (best < 0 || (minute >= 0 && abs(m - minute) < abs(best - minute)))
			best = m;
	}
	return best;
}

static bool is_closed_day(const struct calendar *c, int32_t day)
{
	for (size_t i = 0; i < c->taken_len; i++)
		if (c->taken[i].minute < 0 && c->taken[i].day == day)
			return true;
	for (size_t i = 0; i < c->hours_len; i++)
		if (c->hours[i].weekday == date_weekday(day))
			return false;
	return true;
}

enum calendar_status calendar_check(const struct calendar *c, struct calendar_now now, int32_t day,
				    int32_t minute)
{
	if (day < now.day || (day == now.day && minute >= 0 && minute <= now.minute))
		return CALENDAR_PAST;
	if (day - now.day > c->max_days)
		return CALENDAR_TOO_FAR;
	if (is_closed_day(c, day))
		return CALENDAR_CLOSED_DAY;
	if (nearest_free(c, now, day, -1, 0, DAY_MINUTES) < 0)
		return CALENDAR_FULL_DAY;
	if (minute < 0)
		return CALENDAR_FREE;
	if (!calendar_is_open(c, date_weekday(day), minute))
		return CALENDAR_CLOSED_TIME;
	return is_free(c, now, day, minute) ? CALENDAR_FREE : CALENDAR_TAKEN;
}

bool calendar_offer(const struct calendar *c, struct calendar_now now, int32_t *day,
		    int32_t *minute, int32_t from, int32_t to)
{
	int32_t first = *day < now.day ? now.day : *day;

	if (first - now.day > c->max_days)
		first = now.day + c->max_days;
	for (int32_t d = first; d - now.day <= c->max_days; d++) {
		const int32_t found = nearest_free(c, now, d, *minute, from, to);

		if (found < 0)
			continue;
		*day = d;
		*minute = found;
		return true;
	}
	return false;
}
