/* The members "slots" and "calendar" of a flow file. */
#include "engine/flow_priv.h"

#include "core/mem.h"
#include "core/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TRY(call_)                        \
	do {                              \
		const int err_ = (call_); \
		if (err_)                 \
			return err_;      \
	} while (0)

/* A list of words for each value, as the rule slot_NAME. */
static int add_slot_rule(struct flow_loader *l, const struct slot *slot, struct buf *pattern,
			 const struct flow_at *at)
{
	char rule[64];

	snprintf(rule, sizeof(rule), "slot_%s", slot->name);
	TRY(flow_add_rule(l, rule, buf_str(pattern), at));
	grammar_add_slot(l->flow->grammar, slot->name, (int32_t)(slot - l->flow->slots), rule);
	return 0;
}

static struct slot_option *add_option(struct slot *slot, const char *value, const char *spoken)
{
	struct slot_option *option;

	slot->options =
		mem_realloc(slot->options, (slot->options_len + 1) * sizeof(*slot->options));
	option = &slot->options[slot->options_len++];
	option->value = mem_strdup(value);
	option->spoken = mem_strdup(spoken);
	return option;
}

static int load_names(struct flow_loader *l, struct slot *slot, const json_t *names,
		      const struct flow_at *at)
{
	const struct flow_at here = {at, "values", 0};
	auto_buf struct buf pattern = {0};
	const json_t *name;
	size_t i;

	if (!json_is_array(names) || !json_array_size(names) ||
	    json_array_size(names) > SLOT_OPTIONS_MAX)
		return flow_fail(l, &here, "wants a list of 1 to %d names", SLOT_OPTIONS_MAX);
	json_array_foreach(names, i, name)
	{
		const struct flow_at item = {&here, NULL, i};
		auto_free char *spoken = mem_strdup(json_string_value(name));

		if (!spoken || !spoken[0] || strlen(spoken) >= WORD_SIZE)
			return flow_fail(l, &item, "wants a name");
		add_option(slot, spoken, spoken);
		buf_printf(&pattern, "%s%s #value:%zu", i ? " | " : "", str_lower(spoken), i);
	}
	return add_slot_rule(l, slot, &pattern, &here);
}

static int load_choices(struct flow_loader *l, struct slot *slot, const json_t *values,
			const struct flow_at *at)
{
	const struct flow_at here = {at, "values", 0};
	auto_buf struct buf pattern = {0};
	const char *value;
	json_t *wordings;
	size_t i = 0;

	if (!json_is_object(values) || !json_object_size(values) ||
	    json_object_size(values) > SLOT_OPTIONS_MAX)
		return flow_fail(l, &here, "wants 1 to %d values, each with its wordings",
				 SLOT_OPTIONS_MAX);
	json_object_foreach((json_t *)values, value, wordings)
	{
		const struct flow_at item = {&here, value, 0};
		const json_t *first =
			json_is_array(wordings) ? json_array_get(wordings, 0) : wordings;
		auto_free char *all = NULL;

		TRY(flow_check_name(l, value, &item));
		TRY(flow_load_patterns(l, &all, wordings, &item));
		add_option(slot, value,
			   strpbrk(json_string_value(first), "()[]|<{#")
				   ? value
				   : json_string_value(first));
		buf_printf(&pattern, "%s#value:%zu (%s)", i ? " | " : "", i, all);
		i++;
	}
	return add_slot_rule(l, slot, &pattern, &here);
}

/* Few numbers are listed, so that no other is ever recognised. */
static int load_number(struct flow_loader *l, struct slot *slot, const json_t *json,
		       const struct flow_at *at)
{
	auto_buf struct buf pattern = {0};

	slot->max = 999;
	TRY(flow_load_int(l, &slot->min, json, "min", 0, 999, at));
	TRY(flow_load_int(l, &slot->max, json, "max", slot->min, 999, at));
	if (slot->max - slot->min > 20)
		buf_append_str(&pattern, "<number>");
	else
		for (int64_t n = slot->min; n <= slot->max; n++) {
			buf_append_str(&pattern, n == slot->min ? "" : "| ");
			words_add_number(&pattern, (unsigned)n);
			buf_printf(&pattern, "#add:%d ", (int)n);
		}
	return add_slot_rule(l, slot, &pattern, at);
}

static int load_confirm(struct flow_loader *l, struct slot *slot, const json_t *json,
			const struct flow_at *at)
{
	const json_t *value = json_object_get(json, "confirm");
	const struct flow_at here = {at, "confirm", 0};
	const char *text = json_string_value(value);

	if (!value || str_equal(text, "unsure"))
		slot->confirm = SLOT_CONFIRM_UNSURE;
	else if (str_equal(text, "always"))
		slot->confirm = SLOT_CONFIRM_ALWAYS;
	else if (str_equal(text, "never"))
		slot->confirm = SLOT_CONFIRM_NEVER;
	else
		return flow_fail(l, &here, "wants \"unsure\", \"always\" or \"never\"");
	return 0;
}

static int load_slot(struct flow_loader *l, const char *name, const json_t *json,
		     const struct flow_at *at)
{
	struct slot *slot = &l->flow->slots[l->flow->slots_len];
	const struct flow_at type = {at, "type", 0};
	const json_t *values = json_object_get(json, "values");

	TRY(flow_check_name(l, name, at));
	if (!json_is_object(json))
		return flow_fail(l, at, "wants an object with a \"type\"");
	TRY(flow_check_keys(l, json, "type description confirm internal values min max", at));
	if (!slot_kind_parse(&slot->kind, json_get_str(json, "type", "")))
		return flow_fail(l, &type,
				 "wants one of yes_no, number, digits, date, time, "
				 "name, choice, text");
	slot->name = mem_strdup(name);
	l->flow->slots_len++;
	TRY(load_confirm(l, slot, json, at));
	TRY(flow_load_bool(l, &slot->is_internal, json, "internal", at));
	if (values && slot->kind != SLOT_NAME && slot->kind != SLOT_CHOICE)
		return flow_fail(l, at, "only names and choices have \"values\"");
	switch (slot->kind) {
	case SLOT_NAME:
		return load_names(l, slot, values, at);
	case SLOT_CHOICE:
		return load_choices(l, slot, values, at);
	case SLOT_NUMBER:
		return load_number(l, slot, json, at);
	case SLOT_TEXT:
		return 0;
	default:
		break;
	}
	slot->min = 1;
	slot->max = 20;
	TRY(flow_load_int(l, &slot->min, json, "min", 1, 30, at));
	TRY(flow_load_int(l, &slot->max, json, "max", slot->min, 30, at));
	grammar_add_slot(l->flow->grammar, name, (int32_t)l->flow->slots_len - 1,
			 slot_rule(slot->kind));
	return 0;
}

int flow_load_slots(struct flow_loader *l, const json_t *slots, const struct flow_at *at)
{
	const char *name;
	json_t *json;

	if (!slots)
		return 0;
	if (!json_is_object(slots) || json_object_size(slots) > FLOW_SLOTS_MAX)
		return flow_fail(l, at, "wants an object of at most %d slots", FLOW_SLOTS_MAX);
	json_object_foreach((json_t *)slots, name, json)
	{
		const struct flow_at here = {at, name, 0};

		TRY(load_slot(l, name, json, &here));
	}
	return 0;
}

/* "09:00-17:30" */
static int load_range(struct flow_loader *l, enum weekday weekday, const char *text,
		      const struct flow_at *at)
{
	struct calendar *c = &l->flow->calendar;
	struct calendar_hours *hours = &c->hours[c->hours_len];
	char from[8] = "", to[8] = "";

	if (!text || strlen(text) != 11 || text[5] != '-')
		return flow_fail(l, at, "wants hours such as \"09:00-17:30\"");
	str_copy(from, 6, text);
	str_copy(to, sizeof(to), text + 6);
	if (clock_parse(&hours->from, from) || clock_parse(&hours->to, to) ||
	    hours->from >= hours->to || hours->from % 5)
		return flow_fail(l, at,
				 "\"%s\" are no hours from earlier to later, in steps of 5 minutes",
				 text);
	if (c->hours_len == CALENDAR_HOURS_MAX - 1)
		return flow_fail(l, at, "has more than %d openings", CALENDAR_HOURS_MAX - 1);
	hours->weekday = weekday;
	c->hours_len++;
	return 0;
}

static int load_hours(struct flow_loader *l, const json_t *hours, const struct flow_at *at)
{
	const struct flow_at here = {at, "hours", 0};
	const char *day;
	json_t *ranges, *range;
	size_t i;

	if (!json_is_object(hours) || !json_object_size(hours))
		return flow_fail(l, &here, "wants an object: \"monday\": [\"09:00-17:00\"]");
	json_object_foreach((json_t *)hours, day, ranges)
	{
		const struct flow_at there = {&here, day, 0};

		if (weekday_parse(day) == WEEKDAY_NONE)
			return flow_fail(l, &there, "is no day of the week");
		if (!json_is_array(ranges))
			return flow_fail(l, &there, "wants a list of hours");
		json_array_foreach(ranges, i, range)
		{
			const struct flow_at item = {&there, NULL, i};

			TRY(load_range(l, weekday_parse(day), json_string_value(range), &item));
		}
	}
	return 0;
}

/* "monday 10:00", "2026-03-02 10:00", "2026-12-25" */
static int load_taken(struct flow_loader *l, const char *text, const struct flow_at *at)
{
	struct calendar *c = &l->flow->calendar;
	struct calendar_taken *taken = &c->taken[c->taken_len];
	const char *space = text ? strchr(text, ' ') : NULL;
	char day[16] = "";

	if (c->taken_len == CALENDAR_TAKEN_MAX)
		return flow_fail(l, at, "is one more than the %d allowed", CALENDAR_TAKEN_MAX);
	str_copy(day, sizeof(day), text ? text : "");
	if (space && space - text < 16)
		day[space - text] = '\0';
	taken->minute = -1;
	taken->day = -1;
	taken->weekday = weekday_parse(day);
	if ((taken->weekday == WEEKDAY_NONE && date_parse(&taken->day, day)) ||
	    (space && clock_parse(&taken->minute, space + 1)))
		return flow_fail(l, at,
				 "wants \"monday 10:00\", \"2026-03-02 10:00\" or \"2026-12-25\"");
	c->taken_len++;
	return 0;
}

static int load_calendar_slot(struct flow_loader *l, int *ret_slot, const json_t *calendar,
			      const char *key, enum slot_kind kind, const struct flow_at *at)
{
	const struct flow_at here = {at, key, 0};
	const char *name = json_get_str(calendar, key, NULL);
	const int slot = name ? flow_find_slot(l->flow, name) : -1;

	if (slot < 0 || l->flow->slots[slot].kind != kind)
		return flow_fail(l, &here, "wants the name of a slot of type %s",
				 slot_kind_name(kind));
	l->flow->slots[slot].is_in_calendar = true;
	*ret_slot = slot;
	return 0;
}

int flow_load_calendar(struct flow_loader *l, const json_t *calendar, const struct flow_at *at)
{
	const struct flow_at here = {at, "taken", 0};
	struct calendar *c = &l->flow->calendar;
	int64_t minutes = 30, days = 90;
	const json_t *taken = json_object_get(calendar, "taken"), *entry;
	size_t i;

	if (!calendar)
		return 0;
	if (!json_is_object(calendar))
		return flow_fail(l, at, "wants an object");
	TRY(flow_check_keys(l, calendar, "day time hours slot_minutes max_days taken", at));
	TRY(load_calendar_slot(l, &l->flow->day_slot, calendar, "day", SLOT_DATE, at));
	TRY(load_calendar_slot(l, &l->flow->time_slot, calendar, "time", SLOT_TIME, at));
	TRY(flow_load_int(l, &minutes, calendar, "slot_minutes", 5, 480, at));
	TRY(flow_load_int(l, &days, calendar, "max_days", 1, 400, at));
	if (minutes % 5)
		return flow_fail(l, at, "slot_minutes wants a multiple of 5");
	c->slot_minutes = (int32_t)minutes;
	c->max_days = (int32_t)days;
	TRY(load_hours(l, json_object_get(calendar, "hours"), at));
	if (taken && !json_is_array(taken))
		return flow_fail(l, &here, "wants a list");
	json_array_foreach(taken, i, entry)
	{
		const struct flow_at item = {&here, NULL, i};

		TRY(load_taken(l, json_string_value(entry), &item));
	}
	l->flow->has_calendar = true;
	return 0;
}
