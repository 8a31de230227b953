/*
 * A flow: a conversation written down as states, in a JSON file (docs/flows.md). Loading checks all
 * of it, so that a dialogue never meets a missing target or a word nobody can say.
 *
 *	flow_words     text to plain words		flow_grammar   what may be said, as patterns
 *	flow_net       matching words to patterns	flow_slot      kinds of values
 *	flow_calendar  days, hours, what is free	flow_locate    where in the file an error is
 *	flow_load      the file to struct flow		flow_check     does it hang together
 *	dialog_flow    the conversation itself
 */
#pragma once

#include "core/json.h"
#include "engine/flow_calendar.h"
#include "engine/flow_grammar.h"
#include "engine/flow_slot.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FLOW_STATES_MAX = 200,
	FLOW_SLOTS_MAX = 32,
	FLOW_ANSWERS_MAX = 40,
	FLOW_RULES_MAX = 40,
	FLOW_TESTS_MAX = 8,
	FLOW_VARIANTS_MAX = 8,
	FLOW_TEXT_MAX = 1000,
	FLOW_FILE_MAX = 512 * 1024,
	FLOW_ERROR_SIZE = 256,
};

/* Wordings of one text; templates with {slot}, {offer}, {today}, {heard}. */
struct flow_text {
	char *variants[FLOW_VARIANTS_MAX];
	size_t len;
};

enum flow_test_type {
	FLOW_TEST_FILLED,
	FLOW_TEST_EMPTY,
	FLOW_TEST_EQUAL,
	FLOW_TEST_RANGE,
	FLOW_TEST_CALENDAR
};

struct flow_test {
	enum flow_test_type type;
	int slot;
	char *value;       /* FLOW_TEST_EQUAL */
	int64_t min, max;  /* FLOW_TEST_RANGE */
	unsigned statuses; /* FLOW_TEST_CALENDAR: bit per enum calendar_status */
};

struct flow_set {
	int slot;
	char *value; /* or the template {offer_day}, {offer_time} */
};

/* When all tests hold: change slots, say something, go on. */
struct flow_rule {
	struct flow_test tests[FLOW_TESTS_MAX];
	size_t tests_len;
	struct flow_set sets[FLOW_TESTS_MAX];
	size_t sets_len;
	uint64_t clears; /* bit per slot */
	struct flow_text say;
	int target; /* state; -1: what the state's next says */
};

/* Something callers may say, and what then. */
struct flow_answer {
	char *pattern; /* all wordings, as one pattern */
	char key;      /* telephone key that means the same; 0 none */
	struct flow_rule rule;
};

struct flow_state {
	char *name;
	int ask; /* slot this state is there to fill; passed over when it is filled. -1 none */
	struct flow_text say, help, reprompt, silence;
	struct flow_answer *answers;
	size_t answers_len;
	struct flow_rule *next;
	size_t next_len;
	int free_slot; /* of kind text: listens with the language model; -1 none */
	bool is_end;
	bool goal_reached;
	bool is_hand_over;
	char *reason; /* of an end */
};

struct flow {
	char *name;
	char *description;
	struct slot slots[FLOW_SLOTS_MAX];
	size_t slots_len;
	struct flow_state *states;
	size_t states_len;
	struct flow_answer *anywhere;
	size_t anywhere_len;
	struct calendar calendar;
	bool has_calendar;
	int day_slot, time_slot; /* what the calendar decides about; -1 none */
	int start, operator_state, goodbye_state, give_up_state, silent_state;
	struct flow_text help, reprompt, silence, confirm;
	int64_t max_tries, max_silences, max_turns;
	double confirm_below, reject_below;
	struct grammar *grammar; /* rules say_NAME and confirm_NAME for every state that listens */
};

/* What the words known everywhere mean; tag global. */
enum flow_global { FLOW_REPEAT, FLOW_HELP, FLOW_OPERATOR, FLOW_GOODBYE, FLOW_GLOBAL_COUNT };

/* Tag answer: index in the state's answers, or FLOW_ANYWHERE + index in the flow's. */
enum { FLOW_ANYWHERE = 1000 };

/*
 * ret_flow   owned by the caller, mem_unref() to drop it
 * ret_error  "FILE:LINE: where: what is wrong"
 *
 * Returns 0, -ENOENT, -EFBIG or -EINVAL.
 */
int flow_load(struct flow **ret_flow, const char *path, char ret_error[FLOW_ERROR_SIZE]);

/* The same of a text; name stands for the file in errors. */
int flow_parse(struct flow **ret_flow, const char *name, const char *text, size_t len,
	       char ret_error[FLOW_ERROR_SIZE]);

int flow_find_slot(const struct flow *flow, const char *name);  /* -1: none */
int flow_find_state(const struct flow *flow, const char *name); /* -1: none */

/* The rule of the grammar that a state listens to; in_doubt: while something is being confirmed. */
void flow_rule_name(char out[64], const struct flow_state *state, bool in_doubt);
