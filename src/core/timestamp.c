#include "core/timestamp.h"

#include "core/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
				     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* value as whole units of size, rounded down; what is left over in *ret_rest. */
static int64_t floor_div(int64_t *ret_rest, int64_t value, int64_t size)
{
	int64_t rest = value % size;

	rest += rest < 0 ? size : 0;
	*ret_rest = rest;
	return (value - rest) / size;
}

/*
 * The date of a day counted from 1 January 1970. Years are taken to begin in March, so that the day
 * that some of them have more is their last; 400 of them are 146,097 days, always.
 */
static void split_date(struct tm *ret_tm, int64_t day)
{
	int64_t in_cycle, cycle = floor_div(&in_cycle, day + 719468, 146097);
	int64_t year = (in_cycle - in_cycle / 1460 + in_cycle / 36524 - in_cycle / 146096) / 365;
	int64_t in_year = in_cycle - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * in_year + 2) / 153, week_day;

	floor_div(&week_day, day + 4, 7);
	ret_tm->tm_wday = (int)week_day;
	ret_tm->tm_mday = (int)(in_year - (153 * month + 2) / 5 + 1);
	ret_tm->tm_mon = (int)(month < 10 ? month + 2 : month - 10);
	ret_tm->tm_year = (int)(year + 400 * cycle + (month >= 10) - 1900);
}

/* The C library's takes a lock, looks whether the time zone has changed, and does not use it. */
static void split(struct tm *ret_tm, int64_t *ret_us, int64_t us)
{
	int64_t in_day, day = floor_div(&in_day, floor_div(ret_us, us, 1000000), 86400);

	split_date(ret_tm, day);
	ret_tm->tm_hour = (int)(in_day / 3600);
	ret_tm->tm_min = (int)(in_day / 60 % 60);
	ret_tm->tm_sec = (int)(in_day % 60);
}

/* value in exactly count digits, and then mark; returns where it ends. */
static char *put_digits(char *at, int value, int count, char mark)
{
	for (int i = count - 1; i >= 0; i--, value /= 10)
		at[i] = (char)('0' + value % 10);
	at[count] = mark;
	return at + count + 1;
}

/* By hand: it is in every answer several times over, and printf costs more than all the rest. */
void timestamp_iso(char out[TIMESTAMP_SIZE], int64_t us)
{
	struct tm tm;
	int64_t fraction;
	char *at = out;

	split(&tm, &fraction, us);
	at = put_digits(at, tm.tm_year + 1900, 4, '-');
	at = put_digits(at, tm.tm_mon + 1, 2, '-');
	at = put_digits(at, tm.tm_mday, 2, 'T');
	at = put_digits(at, tm.tm_hour, 2, ':');
	at = put_digits(at, tm.tm_min, 2, ':');
	at = put_digits(at, tm.tm_sec, 2, '.');
	at = put_digits(at, (int)fraction, 6, 'Z');
	*at = '\0';
}

void timestamp_rfc2822(char out[TIMESTAMP_SIZE], int64_t us)
{
	struct tm tm;
	int64_t fraction;

	split(&tm, &fraction, us);
	snprintf(out, TIMESTAMP_SIZE, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[tm.tm_wday],
		 tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
		 tm.tm_sec);
}

/* Exactly count digits at *p, which moves behind them; -1 when there are fewer. */
static int digits(const char **p, int count)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		if (!isdigit((unsigned char)**p))
			return -1;
		value = value * 10 + *(*p)++ - '0';
	}
	return value;
}

static bool literal(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

static int join(int64_t *ret_us, struct tm *tm, int64_t fraction_us, int offset_s)
{
	struct tm given = *tm;
	time_t seconds;

	if (tm->tm_mon < 0 || tm->tm_mon > 11 || tm->tm_mday < 1 || tm->tm_hour < 0 ||
	    tm->tm_hour > 23 || tm->tm_min < 0 || tm->tm_min > 59 || tm->tm_sec < 0 ||
	    tm->tm_sec > 60)
		return -EINVAL;
	seconds = timegm(tm);
	/* 30 February would have moved to March. */
	if (tm->tm_mday != given.tm_mday)
		if (given.tm_sec != 60)
			return -EINVAL;
	*ret_us = ((int64_t)seconds - offset_s) * 1000000 + fraction_us;
	return 0;
}

/* Up to nine digits behind a '.', as microseconds. */
static int parse_fraction(const char **p, int64_t *ret_us)
{
	int64_t us = 0, unit = 100000;
	int count = 0;

	for (; isdigit((unsigned char)**p); (*p)++, count++) {
		us += (**p - '0') * unit;
		unit /= 10;
	}
	*ret_us = us;
	return count >= 1 && count <= 9 ? 0 : -EINVAL;
}

/* "Z", "+hh:mm", "+hhmm" or nothing. */
static int parse_offset(const char **p, int *ret_s)
{
	int sign, hours, minutes;

	*ret_s = 0;
	if (!**p || literal(p, 'Z') || literal(p, 'z'))
		return 0;
	sign = **p == '-' ? -1 : 1;
	if (!literal(p, '+') && !literal(p, '-'))
		return -EINVAL;
	hours = digits(p, 2);
	literal(p, ':');
	minutes = digits(p, 2);
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return -EINVAL;
	*ret_s = sign * (hours * 3600 + minutes * 60);
	return 0;
}

int timestamp_parse_iso(int64_t *ret_us, const char *text)
{
	const char *p = text;
	struct tm tm = {0};
	int64_t fraction = 0;
	int offset;

	tm.tm_year = digits(&p, 4) - 1900;
	if (tm.tm_year < -1900 || !literal(&p, '-'))
		return -EINVAL;
	tm.tm_mon = digits(&p, 2) - 1;
	if (!literal(&p, '-'))
		return -EINVAL;
	tm.tm_mday = digits(&p, 2);
	if (!literal(&p, 'T') && !literal(&p, 't') && !literal(&p, ' '))
		return -EINVAL;
	tm.tm_hour = digits(&p, 2);
	if (!literal(&p, ':'))
		return -EINVAL;
	tm.tm_min = digits(&p, 2);
	if (!literal(&p, ':'))
		return -EINVAL;
	tm.tm_sec = digits(&p, 2);
	if (literal(&p, '.') && parse_fraction(&p, &fraction))
		return -EINVAL;
	if (parse_offset(&p, &offset) || *p)
		return -EINVAL;
	return join(ret_us, &tm, fraction, offset);
}

static int index_of(const char *const *names, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (!strncmp(names[i], name, 3))
			return i;
	return -1;
}

int timestamp_parse_rfc2822(int64_t *ret_us, const char *text)
{
	char day[4], month[4], zone[8] = "";
	struct tm tm = {0};
	int year, end = 0, offset = 0;
	const char *p = zone;

	if (sscanf(text, "%3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d %7s%n", day, &tm.tm_mday,
		   month, &year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, zone, &end) != 8 ||
	    text[end])
		return -EINVAL;
	tm.tm_mon = index_of(months, 12, month);
	if (index_of(days, 7, day) < 0 || tm.tm_mon < 0 || year < 1900)
		return -EINVAL;
	tm.tm_year = year - 1900;
	if (!str_equal(zone, "GMT") && !str_equal(zone, "UTC") && (parse_offset(&p, &offset) || *p))
		return -EINVAL;
	return join(ret_us, &tm, 0, offset);
}
