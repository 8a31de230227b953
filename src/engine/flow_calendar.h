/*
 * Days and hours of the place a flow speaks for, and what is free there: a rule, not a database.
 * Days count from 1970-01-01 (day 0, a thursday), times in minutes after midnight.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CALENDAR_HOURS_MAX = 28, CALENDAR_TAKEN_MAX = 200, CALENDAR_DATE_SIZE = 16 };

enum weekday { WEEKDAY_NONE, MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY };

int32_t date_of(int year, unsigned month, unsigned dom); /* proleptic Gregorian */
void date_parts(int32_t day, int *ret_year, unsigned *ret_month, unsigned *ret_dom);
enum weekday date_weekday(int32_t day);
const char *weekday_name(enum weekday weekday); /* "Monday" */
enum weekday weekday_parse(const char *name);   /* any case; WEEKDAY_NONE when it is none */
unsigned month_days(int year, unsigned month);

/* "2026-03-15", "15:30"; parsing returns 0 or -EINVAL. */
void date_text(char out[CALENDAR_DATE_SIZE], int32_t day);
int date_parse(int32_t *ret_day, const char *text);
void clock_text(char out[CALENDAR_DATE_SIZE], int32_t minute);
int clock_parse(int32_t *ret_minute, const char *text); /* "00:00".."24:00" */

/* Part of a day, half open; to keep "in the morning" until the day is known. */
struct day_part {
	const char *name; /* "morning" */
	int32_t from, to;
};
const struct day_part *day_part_find(const char *name);
const struct day_part *day_part_at(size_t index); /* NULL past the last */

struct calendar_hours {
	enum weekday weekday;
	int32_t from, to;
};

/* Either a certain day or every such weekday; minute -1: all day. */
struct calendar_taken {
	int32_t day; /* -1: weekday counts */
	enum weekday weekday;
	int32_t minute;
};

struct calendar {
	struct calendar_hours hours[CALENDAR_HOURS_MAX];
	size_t hours_len;
	struct calendar_taken taken[CALENDAR_TAKEN_MAX];
	size_t taken_len;
	int32_t slot_minutes;
	int32_t max_days; /* how far ahead one can book */
};

enum calendar_status {
	CALENDAR_FREE,
	CALENDAR_PAST,
	CALENDAR_TOO_FAR,
	CALENDAR_CLOSED_DAY,
	CALENDAR_FULL_DAY,
	CALENDAR_CLOSED_TIME,
	CALENDAR_TAKEN,
};
const char *calendar_status_name(enum calendar_status status); /* "closed_day" */
bool calendar_status_parse(enum calendar_status *ret_status, const char *name);

struct calendar_now {
	int32_t day, minute;
};

/* Whether day (and minute, unless -1) can be booked, and why not. */
enum calendar_status calendar_check(const struct calendar *calendar, struct calendar_now now,
				    int32_t day, int32_t minute);

/*
 * The free start nearest to day and minute (-1: the first of the day): of the same day if there is
 * one within [from, to), else the first of the following days. False when nothing is free.
 */
bool calendar_offer(const struct calendar *calendar, struct calendar_now now, int32_t *day,
		    int32_t *minute, int32_t from, int32_t to);

/* Whether anything is open at that minute, on that weekday or (WEEKDAY_NONE) any. */
bool calendar_is_open(const struct calendar *calendar, enum weekday weekday, int32_t minute);
