#include "platform/analyser_outcome.h"

#include "core/mem.h"
#include "core/str.h"
#include "platform/analyser_text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TEXT_SIZE = 80, SLOTS_MAX = 10, OTHERS_BYTES = 240 };

/* Reasons that are no NOUN_VERB. */
static const struct {
	const char *reason, *text; /* what the other side did */
} known_reasons[] = {
	{"operator", "asked for a person"},
	{"declined", "wanted nothing"},
	{"caller_said_goodbye", "said goodbye before anything was settled"},
	{"silence", "stayed silent"},
	{"not_understood", "could not be understood"},
	{"gave_up", "could not be understood"},
};

/* What comes into being by it; everything else was there before. */
static const char *const making_verbs[] = {"booked", "scheduled", "ordered", "requested", "made"};

/* Slots that the sentence says in its own way. */
static const char *const placed[] = {"name", "day", "time", "old_day", "wish", "callback"};

static bool is_in(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(list[i], word))
			return true;
	return false;
}

static const json_t *slots_of(const json_t *outcome)
{
	return json_object_get(outcome, "slots");
}

/* "2026-12-03" as "Thursday, 3 December"; anything else as it is. */
static void write_day(char out[TEXT_SIZE], const char *value)
{
	struct tm date = {0};
	int year, month, day, end = 0;
	time_t seconds;
	char name[32];

	if (sscanf(value, "%4d-%2d-%2d%n", &year, &month, &day, &end) != 3 || end != 10 ||
	    value[end]) {
		snprintf(out, TEXT_SIZE, "%.60s", value);
		return;
	}
	date.tm_year = year - 1900;
	date.tm_mon = month - 1;
	date.tm_mday = day;
	seconds = timegm(&date);
	if (!gmtime_r(&seconds, &date) || !strftime(name, sizeof(name), "%A, %%d %B", &date)) {
		snprintf(out, TEXT_SIZE, "%.60s", value);
		return;
	}
	char *const hole = strstr(name, "%d");

	snprintf(out, TEXT_SIZE, "%.*s%d%s", (int)(hole - name), name, date.tm_mday, hole + 2);
}

/* "15:30" as "3:30 p.m."; "morning" as "in the morning". */
static void write_time(char out[TEXT_SIZE], const char *value)
{
	unsigned hour, minute;
	int end = 0;

	if (sscanf(value, "%2u:%2u%n", &hour, &minute, &end) != 2 || value[end] || hour > 24) {
		snprintf(out, TEXT_SIZE, "%s%.40s",
			 isdigit((unsigned char)*value) ? "at " : "in the ", value);
		return;
	}
	if (minute)
		snprintf(out, TEXT_SIZE, "at %u:%02u %s", hour % 12 ? hour % 12 : 12, minute,
			 hour % 24 < 12 ? "a.m." : "p.m.");
	else if (hour == 12)
		snprintf(out, TEXT_SIZE, "at noon");
	else
		snprintf(out, TEXT_SIZE, "at %u %s", hour % 12 ? hour % 12 : 12,
			 hour % 24 < 12 ? "a.m." : "p.m.");
}

/* Day and time of the slots: "Thursday, 3 December at 3 p.m."; "" when there are none. */
static void write_when(char out[2 * TEXT_SIZE], const json_t *slots)
{
	const char *day = json_get_str(slots, "day", NULL);
	const char *time = json_get_str(slots, "time", NULL);
	char day_text[TEXT_SIZE] = "", time_text[TEXT_SIZE] = "";

	if (day)
		write_day(day_text, day);
	if (time)
		write_time(time_text, time);
	snprintf(out, (size_t)2 * TEXT_SIZE, "%s%s%s", day_text, day && time ? " " : "", time_text);
}

/* "Daniel", or "the callee". */
static void write_person(char out[TEXT_SIZE], const json_t *outcome, const char *who)
{
	const char *name = json_get_str(slots_of(outcome), "name", NULL);

	if (str_is_empty(name))
		snprintf(out, TEXT_SIZE, "the %s", who);
	else
		snprintf(out, TEXT_SIZE, "%.60s", name);
}

/* "waiting_time" as "waiting time". */
static void add_words(struct buf *buf, const char *text, size_t max)
{
	for (size_t i = 0; text[i] && i < max; i++)
		buf_append_char(buf, text[i] == '_' ? ' ' : text[i]);
}

static bool add_value(struct buf *buf, const json_t *value)
{
	if (json_is_string(value))
		add_words(buf, json_string_value(value), 120);
	else if (json_is_integer(value))
		buf_printf(buf, "%lld", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		buf_append_str(buf, json_is_true(value) ? "yes" : "no");
	else
		return false;
	return true;
}

/* Slots without a place of their own: "score 8, solved yes". */
static void add_other_slots(struct buf *buf, const json_t *slots)
{
	const char *name;
	json_t *value;
	unsigned count = 0;

	json_object_foreach((json_t *)slots, name, value)
	{
		auto_buf struct buf text = {0};

		if (is_in(name, placed, ARRAY_LEN(placed)) || !add_value(&text, value))
			continue;
		if (count++ == SLOTS_MAX || buf->len + text.len + 44 > OTHERS_BYTES)
			break;
		buf_append_str(buf, count > 1 ? ", " : "");
		add_words(buf, name, 40);
		buf_printf(buf, " %s", buf_str(&text));
	}
}

/* The verb of "appointment_booked"; NULL when the reason has another form. */
static const char *verb_of(const char *reason)
{
	const char *last = strrchr(reason, '_');

	if (!last || last == reason)
		return NULL;
	return str_has_suffix(reason, "ed") || str_equal(last, "_kept") ? last + 1 : NULL;
}

/* "booked an appointment for Thursday, 3 December at 3 p.m." */
static void add_deed(struct buf *buf, const json_t *outcome, const char *reason, const char *verb,
		     const char *when)
{
	const bool makes = is_in(verb, making_verbs, ARRAY_LEN(making_verbs));
	const char *old_day = json_get_str(slots_of(outcome), "old_day", NULL);
	char old[TEXT_SIZE];

	buf_printf(buf, "%s %s ", verb, !makes ? "the" : strchr("aeiou", *reason) ? "an" : "a");
	add_words(buf, reason, (size_t)(verb - 1 - reason));
	if (old_day) {
		write_day(old, old_day);
		buf_printf(buf, " of %s", old);
	}
	if (*when)
		buf_printf(buf, " %s %s", makes ? "for" : "to", when);
}

static void add_reason(struct buf *buf, const json_t *outcome, const char *who, const char *when)
{
	const char *reason = json_get_str(outcome, "reason", "");
	const bool goal = json_get_bool(outcome, "goal_reached", false);
	const char *verb = verb_of(reason);
	char person[TEXT_SIZE];

	write_person(person, outcome, who);
	person[0] = (char)toupper((unsigned char)person[0]);
	for (size_t i = 0; i < ARRAY_LEN(known_reasons); i++) {
		if (str_equal(known_reasons[i].reason, reason)) {
			buf_printf(buf, "%s %s", person, known_reasons[i].text);
			return;
		}
	}
	if (verb) {
		buf_printf(buf, "%s ", person);
		add_deed(buf, outcome, reason, verb, when);
		return;
	}
	buf_printf(buf, "The goal of the call was %sreached", goal ? "" : "not ");
	if (*reason) {
		buf_append_str(buf, " (");
		add_words(buf, reason, 60);
		buf_append_char(buf, ')');
	}
	if (*when)
		buf_printf(buf, ", %s", when);
}

/* A full stop, unless "p.m." has brought one. */
static void add_stop(struct buf *buf)
{
	if (buf->data[buf->len - 1] != '.')
		buf_append_char(buf, '.');
}

static bool wants_callback(const json_t *outcome)
{
	return str_equal(json_get_str(slots_of(outcome), "callback", NULL), "yes");
}

void analyser_describe_outcome(struct buf *buf, const json_t *outcome, const char *who)
{
	auto_buf struct buf others = {0};
	char when[2 * TEXT_SIZE];

	write_when(when, slots_of(outcome));
	add_reason(buf, outcome, who, wants_callback(outcome) ? "" : when);
	add_other_slots(&others, slots_of(outcome));
	if (others.len)
		buf_printf(buf, " (%s)", buf_str(&others));
	if (wants_callback(outcome))
		buf_printf(buf, " and is to be called back%s%s", *when ? " on " : "", when);
	if (json_get_bool(outcome, "hand_over", false))
		buf_append_str(buf, "; it was left to a person");
	add_stop(buf);
	if (!json_get_bool(outcome, "goal_reached", false) &&
	    !strstr(buf_str(buf), "goal of the call"))
		buf_append_str(buf, " The goal of the call was not reached.");
}

static void add_point(json_t *points, size_t max, const char *text)
{
	if (json_array_size(points) < max)
		json_array_append_new(points, json_string(text));
}

/* The reason on its own, "Appointment booked: Thursday, 3 December at 3 p.m.", then slot by slot.
 */
void analyser_add_outcome_points(json_t *points, const json_t *outcome, size_t max)
{
	auto_buf struct buf first = {0};
	char when[2 * TEXT_SIZE];
	const char *name;
	json_t *value;
	bool dated;

	write_when(when, slots_of(outcome));
	dated = *when && !wants_callback(outcome);
	add_words(&first, json_get_str(outcome, "reason", dated ? "when" : ""), 60);
	if (dated)
		buf_printf(&first, ": %s", when);
	if (first.len) {
		first.data[0] = (char)toupper((unsigned char)first.data[0]);
		add_point(points, max, buf_str(&first));
	}
	if (wants_callback(outcome)) {
		auto_free char *text = mem_printf("Call back%s%s", *when ? ": " : "", when);

		add_point(points, max, text);
	}
	json_object_foreach((json_t *)slots_of(outcome), name, value)
	{
		auto_buf struct buf point = {0};

		if (is_in(name, placed, ARRAY_LEN(placed)) && !str_equal(name, "name"))
			continue;
		add_words(&point, name, 40);
		buf_append_str(&point, ": ");
		if (!add_value(&point, value))
			continue;
		point.data[0] = (char)toupper((unsigned char)point.data[0]);
		add_point(points, max, buf_str(&point));
	}
}

void analyser_add_outcome_actions(json_t *items, const json_t *outcome, const char *who)
{
	const char *reason = json_get_str(outcome, "reason", "");
	char person[TEXT_SIZE], what[TEXT_SIZE + 16], when[2 * TEXT_SIZE];

	write_person(person, outcome, who);
	write_when(when, slots_of(outcome));
	snprintf(what, sizeof(what), "call %s back", person);
	if (json_get_bool(outcome, "hand_over", false))
		analyser_add_action(items, "colleague", what, NULL);
	else if (wants_callback(outcome))
		analyser_add_action(items, "agent", what, when);
	else if (*when && (str_has_suffix(reason, "_booked") || str_has_suffix(reason, "_moved"))) {
		auto_free char *come = mem_printf("come to the %.*s",
						  (int)(strrchr(reason, '_') - reason), reason);

		analyser_add_action(items, str_has_prefix(person, "the ") ? who : person, come,
				    when);
	}
}
