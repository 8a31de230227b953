/*
 * What a caller's words fill: a slot has a kind, a rule of the grammar that says how its values are
 * spoken, and a value as text: "yes", "7", "5551234", "2026-03-15", "15:30" (or "morning" until the
 * day is known), the value of a choice, a name, or free text.
 */
#pragma once

#include "core/buf.h"
#include "engine/flow_calendar.h"
#include "engine/flow_grammar.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SLOT_VALUE_SIZE = 512, SLOT_OPTIONS_MAX = 200 };

enum slot_kind {
	SLOT_YES_NO,
	SLOT_NUMBER,
	SLOT_DIGITS,
	SLOT_DATE,
	SLOT_TIME,
	SLOT_NAME,
	SLOT_CHOICE,
	SLOT_TEXT, /* anything, by the language model */
	SLOT_KIND_COUNT
};

enum slot_confirm { SLOT_CONFIRM_UNSURE, SLOT_CONFIRM_ALWAYS, SLOT_CONFIRM_NEVER };

struct slot_option {
	char *value;
	char *spoken; /* how the agent says it */
};

struct slot {
	char *name;
	enum slot_kind kind;
	enum slot_confirm confirm;
	int64_t min, max;    /* of a number; of the count of digits */
	bool is_internal;    /* kept out of the outcome */
	bool is_in_calendar; /* its hours decide between a.m. and p.m. */
	struct slot_option *options;
	size_t options_len;
};

struct slot_context {
	const struct calendar *calendar; /* may be NULL */
	struct calendar_now now;
	enum weekday weekday; /* of the day a time is for, when known */
};

const char *slot_kind_name(enum slot_kind kind); /* "yes_no" */
bool slot_kind_parse(enum slot_kind *ret_kind, const char *name);

/* The rules that every flow may mention: <yes>, <no>, <date>, <time>, <digits>, <number>... */
int slot_add_rules(struct grammar *grammar, char ret_error[GRAMMAR_ERROR_SIZE]);

/* The rule of slots without a list of their own; NULL for names, choices and free text. */
const char *slot_rule(enum slot_kind kind);

/*
 * The value of what was said: the tags after the slot's own. Returns 0, or -ERANGE when it is none
 * that the slot takes (the thirtieth of february, 12 of 0..10).
 */
int slot_resolve(char ret_value[SLOT_VALUE_SIZE], const struct slot *slot,
		 const struct grammar_tag *tags, size_t count, const struct slot_context *context);

/* The same of telephone keys, without the final '#'. 1 and 2 are yes and no, 1..9 the options. */
int slot_keys(char ret_value[SLOT_VALUE_SIZE], const struct slot *slot, const char *keys,
	      const struct slot_context *context);

/* Whether value is one the slot could have. */
bool slot_accepts(const struct slot *slot, const char *value);

/* The value as the agent says it: "Tuesday, March 3rd", "3:30 p.m.", "5 5 5, 1 2 3". */
void slot_speak(struct buf *buf, const struct slot *slot, const char *value,
		const struct slot_context *context);
