#include "engine/flow_slot.h"

#include "core/mem.h"
#include "core/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[SLOT_KIND_COUNT] = {
	[SLOT_YES_NO] = "yes_no", [SLOT_NUMBER] = "number", [SLOT_DIGITS] = "digits",
	[SLOT_DATE] = "date",     [SLOT_TIME] = "time",     [SLOT_NAME] = "name",
	[SLOT_CHOICE] = "choice", [SLOT_TEXT] = "text",
};

static const char *const kind_rules[SLOT_KIND_COUNT] = {
	[SLOT_YES_NO] = "yes_no", [SLOT_NUMBER] = "number", [SLOT_DIGITS] = "digits",
	[SLOT_DATE] = "date",     [SLOT_TIME] = "time",
};

/* Where a tag says "as soon as possible" and not a number of days. */
enum { REL_SOONEST = 1000 };

/* Few single words that sound alike: a grammar always answers something. */
static const struct {
	const char *name, *pattern;
} rules[] = {
	{"lead", "uh | um | well"},
	{"tail", "please | thanks | thank you"},
	{"yes",
	 "yes | yeah | sure | okay | correct | of course | absolutely | exactly | sounds good |"
	 " [yes] (that's | that is | it's) (right | correct | fine | perfect | good | great) |"
	 " yes (please | it is | it does | i do | i would | you can | you may) |"
	 " [yes] that works [for me] | that would be (fine | great | good) | perfect"},
	{"no",
	 "no | nope | no thanks | no thank you | not really | i don't think so | no it isn't |"
	 " no it's not | no i don't | no i wouldn't | no that doesn't work | incorrect |"
	 " [no] (that's | that is) (wrong | not right | not correct | incorrect)"},
	{"yes_no", "#value:1 <yes> | #value:0 <no>"},
	{"weekday", "monday #weekday:1 | tuesday #weekday:2 | wednesday #weekday:3 |"
		    " thursday #weekday:4 | friday #weekday:5 | saturday #weekday:6 |"
		    " sunday #weekday:7"},
	{"month", "january #month:1 | february #month:2 | march #month:3 | april #month:4 |"
		  " may #month:5 | june #month:6 | july #month:7 | august #month:8 |"
		  " september #month:9 | october #month:10 | november #month:11 |"
		  " december #month:12"},
	{"ordinal",
	 "first #dom:1 | second #dom:2 | third #dom:3 | fourth #dom:4 | fifth #dom:5 |"
	 " sixth #dom:6 | seventh #dom:7 | eighth #dom:8 | ninth #dom:9 | tenth #dom:10 |"
	 " eleventh #dom:11 | twelfth #dom:12 | thirteenth #dom:13 | fourteenth #dom:14 |"
	 " fifteenth #dom:15 | sixteenth #dom:16 | seventeenth #dom:17 | eighteenth #dom:18 |"
	 " nineteenth #dom:19 | twentieth #dom:20 | twenty first #dom:21 | twenty second #dom:22 |"
	 " twenty third #dom:23 | twenty fourth #dom:24 | twenty fifth #dom:25 |"
	 " twenty sixth #dom:26 | twenty seventh #dom:27 | twenty eighth #dom:28 |"
	 " twenty ninth #dom:29 | thirtieth #dom:30 | thirty first #dom:31"},
	{"span", "a week #rel:7 | one week #rel:7 | two weeks #rel:14 | three weeks #rel:21 |"
		 " four weeks #rel:28 | two days #rel:2 | three days #rel:3 | four days #rel:4 |"
		 " five days #rel:5 | ten days #rel:10"},
	{"date",
	 "[on | for] (today #rel:0 | tomorrow #rel:1 | the day after tomorrow #rel:2 |"
	 " [this | coming] <weekday> | next #next:1 <weekday> | <weekday> next week #next:1 |"
	 " a week from <weekday> #plus:7 | a week from today #rel:7 |"
	 " [<weekday>] <month> [the] <ordinal> | [<weekday>] the <ordinal> [of <month>]) |"
	 " in <span> | as soon as possible #rel:1000 | the (next | first) available day #rel:1000"},
	{"hour", "one #hour:1 | two #hour:2 | three #hour:3 | four #hour:4 | five #hour:5 |"
		 " six #hour:6 | seven #hour:7 | eight #hour:8 | nine #hour:9 | ten #hour:10 |"
		 " eleven #hour:11 | twelve #hour:12"},
	{"minute", "oh five #minute:5 | ten #minute:10 | fifteen #minute:15 | twenty #minute:20 |"
		   " twenty five #minute:25 | thirty #minute:30 | thirty five #minute:35 |"
		   " forty #minute:40 | forty five #minute:45 | fifty #minute:50 |"
		   " fifty five #minute:55"},
	{"half", "a.m. #half:0 | p.m. #half:1 | in the morning #half:0 |"
		 " in the (afternoon | evening) #half:1"},
	{"time", "[at | around | about] (noon #half:1 #hour:12 | <hour> [o'clock] [<half>] |"
		 " <hour> <minute> [<half>] | half past #past:30 <hour> [<half>] |"
		 " [a] quarter (past | after) #past:15 <hour> [<half>] |"
		 " [a] quarter (to | before) #to:15 <hour> [<half>] |"
		 " (five #past:5 | ten #past:10 | twenty #past:20) past <hour> [<half>] |"
		 " (five #to:5 | ten #to:10 | twenty #to:20) to <hour> [<half>]) |"
		 " in the morning #part:0 | in the afternoon #part:1 | in the evening #part:2 |"
		 " any time #part:3"},
	{"digit",
	 "zero #digit:0 | oh #digit:0 | one #digit:1 | two #digit:2 | three #digit:3 |"
	 " four #digit:4 | five #digit:5 | six #digit:6 | seven #digit:7 | eight #digit:8 |"
	 " nine #digit:9"},
	{"digits", "([double #twice:1] <digit>)+"},
	{"teen", "ten #add:10 | eleven #add:11 | twelve #add:12 | thirteen #add:13 |"
		 " fourteen #add:14 | fifteen #add:15 | sixteen #add:16 | seventeen #add:17 |"
		 " eighteen #add:18 | nineteen #add:19"},
	{"unit", "one #add:1 | two #add:2 | three #add:3 | four #add:4 | five #add:5 | six #add:6 |"
		 " seven #add:7 | eight #add:8 | nine #add:9"},
	{"tens", "twenty #add:20 | thirty #add:30 | forty #add:40 | fifty #add:50 | sixty #add:60 |"
		 " seventy #add:70 | eighty #add:80 | ninety #add:90"},
	{"below_hundred", "<teen> | <tens> [<unit>] | <unit>"},
	{"number", "zero #add:0 | <below_hundred> | (a #add:1 | <unit>) hundred #times:100"
		   " [[and] <below_hundred>]"},
	{"number_ten", "zero #add:0 | <unit> | ten #add:10"},
};

const char *slot_kind_name(enum slot_kind kind)
{
	return kinds[kind];
}

bool slot_kind_parse(enum slot_kind *ret_kind, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!str_equal(kinds[i], name))
			continue;
		*ret_kind = (enum slot_kind)i;
		return true;
	}
	return false;
}

const char *slot_rule(enum slot_kind kind)
{
	return kind_rules[kind];
}

int slot_add_rules(struct grammar *grammar, char ret_error[GRAMMAR_ERROR_SIZE])
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		const int err = grammar_add(grammar, rules[i].name, rules[i].pattern, ret_error);

		if (err)
			return err;
	}
	return 0;
}

/* The first tag of that key, or otherwise. */
static int32_t tag_of(const struct grammar_tag *tags, size_t count, enum grammar_tag_key key,
		      int32_t otherwise)
{
	for (size_t i = 0; i < count; i++)
		if (tags[i].key == key)
			return tags[i].value;
	return otherwise;
}

/* The coming day of that month, or of the first month from now that has one ahead (month 0). */
static int32_t day_of_month(int32_t today, unsigned month, unsigned dom)
{
	unsigned m, d;
	int year;

	date_parts(today, &year, &m, &d);
	for (unsigned i = 0; i <= 48; i++) {
		const int y = year + (int)((m - 1 + i) / 12);
		const unsigned month_now = (m - 1 + i) % 12 + 1;

		if ((month && month_now != month) || dom > month_days(y, month_now))
			continue;
		if (date_of(y, month_now, dom) >= today)
			return date_of(y, month_now, dom);
	}
	return -1;
}

static int32_t soonest(const struct slot_context *ctx)
{
	int32_t day = ctx->now.day, minute = -1;

	if (!ctx->calendar)
		return ctx->now.day + 1;
	return calendar_offer(ctx->calendar, ctx->now, &day, &minute, 0, 24 * 60) ? day : -1;
}

static int resolve_date(char *out, const struct grammar_tag *tags, size_t count,
			const struct slot_context *ctx)
{
	const int32_t today = ctx->now.day;
	const int32_t rel = tag_of(tags, count, GRAMMAR_TAG_rel, -1);
	const int32_t dom = tag_of(tags, count, GRAMMAR_TAG_dom, 0);
	const int32_t weekday = tag_of(tags, count, GRAMMAR_TAG_weekday, 0);
	const int32_t month = tag_of(tags, count, GRAMMAR_TAG_month, 0);
	int32_t day = -1;

	if (rel >= 0) {
		day = rel == REL_SOONEST ? soonest(ctx) : today + rel;
	} else if (dom) {
		day = day_of_month(today, (unsigned)month, (unsigned)dom);
		/* "tuesday the third" that is no tuesday: one of the two was misheard */
		if (day >= 0 && weekday && date_weekday(day) != (enum weekday)weekday)
			return -ERANGE;
	} else if (weekday) {
		const int32_t ahead = (weekday - (int32_t)date_weekday(today) + 6) % 7 + 1;

		/* "next tuesday" is that of the week that begins with the coming monday */
		day = today + ahead + tag_of(tags, count, GRAMMAR_TAG_plus, 0);
		if (tag_of(tags, count, GRAMMAR_TAG_next, 0))
			day = today + 7 - (int32_t)date_weekday(today) + weekday;
	}
	if (day < 0)
		return -ERANGE;
	date_text(out, day);
	return 0;
}

/* Three may be 3:00 or 15:00: whichever is open, and if both or neither are, the usual one. */
static int32_t settle_half(int32_t minute, const struct slot_context *ctx)
{
	const int32_t am = minute % 720, pm = am + 720;

	if (ctx->calendar) {
		const bool am_open = calendar_is_open(ctx->calendar, ctx->weekday, am);
		const bool pm_open = calendar_is_open(ctx->calendar, ctx->weekday, pm);

		if (am_open != pm_open)
			return am_open ? am : pm;
	}
	return am >= 7 * 60 ? am : pm;
}

static int resolve_time(char *out, const struct grammar_tag *tags, size_t count,
			const struct slot_context *ctx)
{
	const int32_t part = tag_of(tags, count, GRAMMAR_TAG_part, -1);
	const int32_t hour = tag_of(tags, count, GRAMMAR_TAG_hour, -1);
	const int32_t half = tag_of(tags, count, GRAMMAR_TAG_half, -1);
	int32_t minute;

	if (part >= 0) {
		str_copy(out, SLOT_VALUE_SIZE, day_part_at((size_t)part)->name);
		return 0;
	}
	if (hour < 0)
		return -ERANGE;
	minute = hour % 12 * 60 + tag_of(tags, count, GRAMMAR_TAG_minute, 0) +
		 tag_of(tags, count, GRAMMAR_TAG_past, 0) - tag_of(tags, count, GRAMMAR_TAG_to, 0);
	minute = (minute + 720) % 720;
	if (half < 0)
		minute = settle_half(minute, ctx);
	else
		minute += half * 720;
	clock_text(out, minute);
	return 0;
}

static int check_digits(char *out, const struct slot *slot, const char *digits)
{
	const size_t len = strlen(digits);

	if ((int64_t)len < slot->min || (int64_t)len > slot->max)
		return -ERANGE;
	str_copy(out, SLOT_VALUE_SIZE, digits);
	return 0;
}

static int resolve_digits(char *out, const struct slot *slot, const struct grammar_tag *tags,
			  size_t count)
{
	char digits[2 * GRAMMAR_TAGS_MAX + 1];
	size_t len = 0;
	bool twice = false;

	for (size_t i = 0; i < count; i++) {
		if (tags[i].key == GRAMMAR_TAG_twice)
			twice = true;
		if (tags[i].key != GRAMMAR_TAG_digit)
			continue;
		digits[len++] = (char)('0' + tags[i].value);
		if (twice)
			digits[len++] = (char)('0' + tags[i].value);
		twice = false;
	}
	digits[len] = '\0';
	return check_digits(out, slot, digits);
}

static int resolve_number(char *out, const struct slot *slot, const struct grammar_tag *tags,
			  size_t count)
{
	int64_t number = 0;

	for (size_t i = 0; i < count; i++) {
		if (tags[i].key == GRAMMAR_TAG_add)
			number += tags[i].value;
		if (tags[i].key == GRAMMAR_TAG_times)
			number *= tags[i].value;
	}
	if (number < slot->min || number > slot->max)
		return -ERANGE;
	snprintf(out, SLOT_VALUE_SIZE, "%lld", (long long)number);
	return 0;
}

int slot_resolve(char ret_value[SLOT_VALUE_SIZE], const struct slot *slot,
		 const struct grammar_tag *tags, size_t count, const struct slot_context *context)
{
	const int32_t value = tag_of(tags, count, GRAMMAR_TAG_value, -1);

	switch (slot->kind) {
	case SLOT_YES_NO:
		str_copy(ret_value, SLOT_VALUE_SIZE, value == 1 ? "yes" : "no");
		return 0;
	case SLOT_NUMBER:
		return resolve_number(ret_value, slot, tags, count);
	case SLOT_DIGITS:
		return resolve_digits(ret_value, slot, tags, count);
	case SLOT_DATE:
		return resolve_date(ret_value, tags, count, context);
	case SLOT_TIME:
		return resolve_time(ret_value, tags, count, context);
	case SLOT_NAME:
	case SLOT_CHOICE:
		if (value < 0 || (size_t)value >= slot->options_len)
			return -ERANGE;
		str_copy(ret_value, SLOT_VALUE_SIZE, slot->options[value].value);
		return 0;
	default:
		return -ERANGE;
	}
}

static int keys_date(char *out, int64_t keys, size_t len, const struct slot_context *ctx)
{
	const unsigned month = (unsigned)(keys / 100), dom = (unsigned)(keys % 100);
	int32_t day;

	if (len != 4 || month < 1 || month > 12 || dom < 1 || dom > 31)
		return -ERANGE;
	day = day_of_month(ctx->now.day, month, dom);
	if (day < 0)
		return -ERANGE;
	date_text(out, day);
	return 0;
}

static int keys_time(char *out, int64_t keys, size_t len, const struct slot_context *ctx)
{
	const int32_t hour = (int32_t)(len > 2 ? keys / 100 : keys);
	const int32_t minute = (int32_t)(len > 2 ? keys % 100 : 0);

	if (len > 4 || hour > 23 || minute > 59)
		return -ERANGE;
	clock_text(out, hour >= 1 && hour <= 12 && !(len == 4 && keys < 1000)
				? settle_half(hour % 12 * 60 + minute, ctx)
				: hour * 60 + minute);
	return 0;
}

int slot_keys(char ret_value[SLOT_VALUE_SIZE], const struct slot *slot, const char *keys,
	      const struct slot_context *context)
{
	const size_t len = strlen(keys);
	int64_t number;

	if (len != strspn(keys, "0123456789") || len == 0 || len > 32)
		return -ERANGE;
	if (slot->kind == SLOT_DIGITS)
		return check_digits(ret_value, slot, keys);
	if (str_parse_int(&number, keys, 0, INT64_MAX))
		return -ERANGE;
	switch (slot->kind) {
	case SLOT_YES_NO:
		if (number != 1 && number != 2)
			return -ERANGE;
		str_copy(ret_value, SLOT_VALUE_SIZE, number == 1 ? "yes" : "no");
		return 0;
	case SLOT_NUMBER:
		if (number < slot->min || number > slot->max)
			return -ERANGE;
		snprintf(ret_value, SLOT_VALUE_SIZE, "%lld", (long long)number);
		return 0;
	case SLOT_DATE:
		return keys_date(ret_value, number, len, context);
	case SLOT_TIME:
		return keys_time(ret_value, number, len, context);
	case SLOT_CHOICE:
		if (number < 1 || number > 9 || (size_t)number > slot->options_len)
			return -ERANGE;
		str_copy(ret_value, SLOT_VALUE_SIZE, slot->options[number - 1].value);
		return 0;
	default:
		return -ERANGE;
	}
}

static const struct slot_option *find_option(const struct slot *slot, const char *value)
{
	for (size_t i = 0; i < slot->options_len; i++)
		if (str_equal(slot->options[i].value, value))
			return &slot->options[i];
	return NULL;
}

bool slot_accepts(const struct slot *slot, const char *value)
{
	int64_t number;
	int32_t ignored;

	switch (slot->kind) {
	case SLOT_YES_NO:
		return str_equal(value, "yes") || str_equal(value, "no");
	case SLOT_NUMBER:
		return !str_parse_int(&number, value, slot->min, slot->max);
	case SLOT_DIGITS:
		return value[0] && strspn(value, "0123456789") == strlen(value);
	case SLOT_DATE:
		return !date_parse(&ignored, value);
	case SLOT_TIME:
		return !clock_parse(&ignored, value) || day_part_find(value);
	case SLOT_NAME:
	case SLOT_CHOICE:
		return find_option(slot, value) != NULL;
	default:
		return true;
	}
}

static void speak_date(struct buf *buf, const char *value)
{
	static const char *const months[] = {"January",   "February", "March",    "April",
					     "May",       "June",     "July",     "August",
					     "September", "October",  "November", "December"};
	const char *suffix = "th";
	unsigned month, dom;
	int32_t day;
	int year;

	if (date_parse(&day, value)) {
		buf_append_str(buf, value);
		return;
	}
	date_parts(day, &year, &month, &dom);
	if (dom % 10 >= 1 && dom % 10 <= 3 && dom / 10 != 1)
		suffix = dom % 10 == 1 ? "st" : dom % 10 == 2 ? "nd" : "rd";
	buf_printf(buf, "%s, %s %u%s", weekday_name(date_weekday(day)), months[month - 1], dom,
		   suffix);
}

static void speak_time(struct buf *buf, const char *value)
{
	int32_t minute;

	if (clock_parse(&minute, value)) {
		buf_printf(buf, str_equal(value, "any") ? "any time" : "in the %s", value);
		return;
	}
	if (minute == 12 * 60) {
		buf_append_str(buf, "noon");
		return;
	}
	buf_printf(buf, "%d", minute / 60 % 12 ? minute / 60 % 12 : 12);
	if (minute % 60)
		buf_printf(buf, ":%02d", minute % 60);
	buf_append_str(buf, minute % 1440 < 720 ? " a.m." : " p.m.");
}

/* In groups of three, as people read numbers out; a rest of four stays together. */
static void speak_digits(struct buf *buf, const char *value)
{
	const size_t len = strlen(value);

	for (size_t i = 0; i < len; i++) {
		const bool starts_group = i % 3 == 0 && len - i != 1;

		if (i)
			buf_append_str(buf, starts_group ? ", " : " ");
		buf_append_char(buf, value[i]);
	}
}

void slot_speak(struct buf *buf, const struct slot *slot, const char *value,
		const struct slot_context *context)
{
	const struct slot_option *option = find_option(slot, value);

	if (slot->kind == SLOT_DATE)
		speak_date(buf, value);
	else if (slot->kind == SLOT_TIME)
		speak_time(buf, value);
	else if (slot->kind == SLOT_DIGITS)
		speak_digits(buf, value);
	else
		buf_append_str(buf, option && option->spoken ? option->spoken : value);
}
