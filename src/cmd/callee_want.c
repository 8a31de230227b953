#include "cmd/callee_want.h"

#include "core/mem.h"
#include "core/str.h"
#include "engine/flow_calendar.h"
#include "engine/flow_words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { WORDS_SIZE = 1024, PHRASE_SIZE = 64 };

static const char *const months[] = {"january",   "february", "march",    "april",
				     "may",       "june",     "july",     "august",
				     "september", "october",  "november", "december"};

static bool is_strings(const json_t *list)
{
	const json_t *value;
	size_t i;

	json_array_foreach(list, i, value) if (!json_is_string(value)) return false;
	return json_array_size(list) > 0;
}

int callee_want_check(const json_t *wants, char error[160])
{
	const json_t *want;
	const char *name;

	if (wants && !json_is_object(wants)) {
		snprintf(error, 160, "\"wants\" must be an object");
		return -EINVAL;
	}
	json_object_foreach((json_t *)wants, name, want)
	{
		const char *date = json_get_str(want, "date", NULL);

		if (date ? callee_want_date(date, 0) < 0
			 : !is_strings(json_object_get(want, "is")) ||
				    !is_strings(json_object_get(want, "among"))) {
			snprintf(error, 160,
				 "wants: \"%.40s\" must have \"date\" (\"thursday\" or \"next "
				 "thursday\"), or the lists \"is\" and \"among\"",
				 name);
			return -EINVAL;
		}
		if (!json_get_str(want, "correct", NULL)) {
			snprintf(error, 160, "wants: \"%.40s\": \"correct\" is missing", name);
			return -EINVAL;
		}
	}
	return 0;
}

/* As in the flows: "thursday" is the coming one and never today, "next thursday" that of next week.
 */
int32_t callee_want_date(const char *text, int32_t today)
{
	const bool is_next = str_has_prefix(text, "next ");
	const enum weekday weekday = weekday_parse(text + (is_next ? 5 : 0));
	const int32_t from = (int32_t)date_weekday(today);

	if (weekday == WEEKDAY_NONE)
		return -1;
	if (is_next)
		return today + 7 - from + (int32_t)weekday;
	return today + ((int32_t)weekday - from + 6) % 7 + 1;
}

/* The phrase in " words ", whole words only; NULL when it is not there. */
static char *find(char *words, const char *phrase)
{
	char padded[PHRASE_SIZE + 2];

	if (strlen(phrase) >= PHRASE_SIZE)
		return NULL;
	snprintf(padded, sizeof(padded), " %s ", phrase);
	return strstr(words, padded);
}

static void strike(char *words, const char *phrase)
{
	for (char *at; *phrase && (at = find(words, phrase));)
		memset(at + 1, '-', strlen(phrase));
}

static bool is_missed_date(char *words, int32_t day)
{
	char wanted[PHRASE_SIZE];
	unsigned month, dom;
	int year;

	date_parts(day, &year, &month, &dom);
	str_copy(wanted, sizeof(wanted), weekday_name(date_weekday(day)));
	str_lower(wanted);
	strike(words, wanted);
	snprintf(wanted, sizeof(wanted), "%s %s", months[month - 1], words_ordinal(dom));
	strike(words, wanted);
	for (enum weekday w = MONDAY; w <= SUNDAY; w++) {
		char other[16];

		str_copy(other, sizeof(other), weekday_name(w));
		str_lower(other);
		if (find(words, other))
			return true;
	}
	for (unsigned i = 1; i <= 31; i++)
		if (find(words, words_ordinal(i)))
			return true;
	return find(words, "today") || find(words, "tomorrow");
}

static bool is_missed_words(char *words, const json_t *want)
{
	const json_t *phrase;
	size_t i;

	json_array_foreach(json_object_get(want, "is"), i, phrase)
		strike(words, json_string_value(phrase));
	json_array_foreach(json_object_get(want, "among"), i,
			   phrase) if (find(words, json_string_value(phrase))) return true;
	return false;
}

const json_t *callee_want_missed(const json_t *wants, const json_t *names, const char *words,
				 int32_t today)
{
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
	{
		const json_t *want = json_object_get(wants, json_string_value(name));
		const char *date = json_get_str(want, "date", NULL);
		char padded[WORDS_SIZE];

		snprintf(padded, sizeof(padded), " %s ", words);
		if (want && (date ? is_missed_date(padded, callee_want_date(date, today))
				  : is_missed_words(padded, want)))
			return want;
	}
	return NULL;
}
