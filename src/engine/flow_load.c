/* A flow file to struct flow: states, answers, rules, texts. */
#include "engine/flow_priv.h"

#include "core/mem.h"
#include "core/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TRY(call_)                        \
	do {                              \
		const int err_ = (call_); \
		if (err_)                 \
			return err_;      \
	} while (0)

/* What callers can always say. */
static const struct {
	const char *name, *pattern;
} globals[FLOW_GLOBAL_COUNT] = {
	[FLOW_REPEAT] = {"repeat", "(please | can you | could you) repeat [that] | say that again |"
				   " what did you say | pardon me"},
	[FLOW_HELP] = {"help", "help [me] | what can i say | i need help | what are my options"},
	[FLOW_OPERATOR] =
		{"operator",
		 "operator | representative | [can i | could i | may i | let me | i want to |"
		 " i'd like to | i would like to | i need to] (speak | talk) (to | with)"
		 " (a | the | an) [real | human] (person | human | operator | agent |"
		 " representative | receptionist) | [can i | let me | i want to |"
		 " i'd like to] (speak | talk) (to | with) (someone | somebody) | real person"},
	[FLOW_GOODBYE] = {"goodbye", "goodbye | bye [bye] | hang up | [i] (have | got) to go"},
};

static const struct {
	const char *key, *text;
} default_texts[] = {
	{"help", "You can answer my question, say please repeat, or say speak to a person."},
	{"reprompt", "Sorry, I did not understand that."},
	{"silence", "Are you still there?"},
	{"confirm", "Sorry, did you say {heard}?"},
};

int flow_fail(struct flow_loader *l, const struct flow_at *at, const char *fmt, ...)
{
	char where[96], what[FLOW_ERROR_SIZE], line[2 * FLOW_ERROR_SIZE];
	va_list ap;

	if (l->error[0])
		return -EINVAL;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	flow_at_text(where, sizeof(where), at);
	snprintf(line, sizeof(line), "%.120s:%u: %s%s%s", l->name, flow_locate(l->text, at), where,
		 where[0] ? ": " : "", what);
	str_copy(l->error, FLOW_ERROR_SIZE, line);
	return -EINVAL;
}

static bool is_in_list(const char *list, const char *word)
{
	const size_t len = strlen(word);

	for (const char *p = strstr(list, word); len && p; p = strstr(p + 1, word))
		if ((p == list || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
			return true;
	return false;
}

int flow_check_keys(struct flow_loader *l, const json_t *object, const char *keys,
		    const struct flow_at *at)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
	{
		const struct flow_at here = {at, key, 0};

		if (!is_in_list(keys, key))
			return flow_fail(l, &here, "unknown key (known here: %s)", keys);
	}
	return 0;
}

int flow_check_name(struct flow_loader *l, const char *name, const struct flow_at *at)
{
	const size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	if (name[len] || len < 1 || len > 40 || !islower((unsigned char)name[0]))
		return flow_fail(l, at, "a name is 1 to 40 of a-z, 0-9 and _, a letter first");
	return 0;
}

int flow_add_rule(struct flow_loader *l, const char *rule, const char *pattern,
		  const struct flow_at *at)
{
	char reason[GRAMMAR_ERROR_SIZE];

	if (grammar_add(l->flow->grammar, rule, pattern, reason))
		return flow_fail(l, at, "%s", reason);
	return 0;
}

int flow_load_int(struct flow_loader *l, int64_t *value, const json_t *object, const char *key,
		  int64_t min, int64_t max, const struct flow_at *at)
{
	const json_t *json = json_object_get(object, key);
	const struct flow_at here = {at, key, 0};

	if (!json)
		return 0;
	if (!json_is_integer(json) || json_integer_value(json) < min ||
	    json_integer_value(json) > max)
		return flow_fail(l, &here, "wants a whole number from %lld to %lld", (long long)min,
				 (long long)max);
	*value = json_integer_value(json);
	return 0;
}

static int load_fraction(struct flow_loader *l, double *value, const json_t *object,
			 const char *key)
{
	const json_t *json = json_object_get(object, key);
	const struct flow_at here = {NULL, key, 0};

	if (!json)
		return 0;
	if (!json_is_number(json) || json_number_value(json) < 0 || json_number_value(json) > 1)
		return flow_fail(l, &here, "wants a number from 0 to 1");
	*value = json_number_value(json);
	return 0;
}

int flow_load_bool(struct flow_loader *l, bool *value, const json_t *object, const char *key,
		   const struct flow_at *at)
{
	const json_t *json = json_object_get(object, key);
	const struct flow_at here = {at, key, 0};

	if (!json)
		return 0;
	if (!json_is_boolean(json))
		return flow_fail(l, &here, "wants true or false");
	*value = json_is_true(json);
	return 0;
}

int flow_load_patterns(struct flow_loader *l, char **ret_pattern, const json_t *patterns,
		       const struct flow_at *at)
{
	const bool is_list = json_is_array(patterns);
	const size_t count = is_list ? json_array_size(patterns) : 1;
	auto_buf struct buf all = {0};

	if (!count || count > FLOW_ANSWERS_MAX)
		return flow_fail(l, at, "wants 1 to %d wordings", FLOW_ANSWERS_MAX);
	for (size_t i = 0; i < count; i++) {
		const struct flow_at item = {at, NULL, i};
		const json_t *json = is_list ? json_array_get(patterns, i) : patterns;
		const char *text = json_string_value(json);

		if (!text || strlen(text) > FLOW_TEXT_MAX)
			return flow_fail(l, is_list ? &item : at, "wants what callers may say");
		TRY(flow_add_rule(l, "try", text, is_list ? &item : at));
		buf_printf(&all, "%s(%s)", i ? " | " : "", text);
	}
	*ret_pattern = buf_steal(&all);
	return 0;
}

int flow_find_slot(const struct flow *flow, const char *name)
{
	for (size_t i = 0; i < flow->slots_len; i++)
		if (str_equal(flow->slots[i].name, name))
			return (int)i;
	return -1;
}

int flow_find_state(const struct flow *flow, const char *name)
{
	for (size_t i = 0; i < flow->states_len; i++)
		if (str_equal(flow->states[i].name, name))
			return (int)i;
	return -1;
}

void flow_rule_name(char out[64], const struct flow_state *state, bool in_doubt)
{
	snprintf(out, 64, "%s_%s", in_doubt ? "confirm" : "say", state->name);
}

/* Every {name} in a template must be known. */
static int check_template(struct flow_loader *l, const char *text, const struct flow_at *at)
{
	static const char known[] = "offer offer_day offer_time today heard";

	for (const char *p = strchr(text, '{'); p; p = strchr(p + 1, '{')) {
		const size_t len = strcspn(p + 1, "}");
		char name[48];

		if (!p[1 + len] || len >= sizeof(name))
			return flow_fail(l, at, "a '{' is not closed");
		memcpy(name, p + 1, len);
		name[len] = '\0';
		if (!is_in_list(known, name) && flow_find_slot(l->flow, name) < 0)
			return flow_fail(l, at, "there is no slot {%s}", name);
		if (str_has_prefix(name, "offer") && !l->flow->has_calendar)
			return flow_fail(l, at, "{%s} needs a \"calendar\"", name);
	}
	return 0;
}

static int load_text(struct flow_loader *l, struct flow_text *text, const json_t *object,
		     const char *key, const struct flow_at *at)
{
	const json_t *json = json_object_get(object, key);
	const bool is_list = json_is_array(json);
	const size_t count = is_list ? json_array_size(json) : 1;
	const struct flow_at here = {at, key, 0};

	if (!json)
		return 0;
	if (!count || count > FLOW_VARIANTS_MAX)
		return flow_fail(l, &here, "wants 1 to %d texts", FLOW_VARIANTS_MAX);
	for (size_t i = 0; i < count; i++) {
		const struct flow_at item = {&here, NULL, i};
		const char *str = json_string_value(is_list ? json_array_get(json, i) : json);

		if (str_is_empty(str) || strlen(str) > FLOW_TEXT_MAX)
			return flow_fail(l, is_list ? &item : &here,
					 "wants a text of at most %d bytes", FLOW_TEXT_MAX);
		TRY(check_template(l, str, is_list ? &item : &here));
		text->variants[text->len++] = mem_strdup(str);
	}
	return 0;
}

static int load_target(struct flow_loader *l, int *ret_state, const json_t *object, const char *key,
		       const struct flow_at *at)
{
	const struct flow_at here = {at, key, 0};
	const json_t *json = json_object_get(object, key);

	if (!json)
		return 0;
	if (!json_is_string(json))
		return flow_fail(l, &here, "wants the name of a state");
	*ret_state = flow_find_state(l->flow, json_string_value(json));
	if (*ret_state < 0)
		return flow_fail(l, &here, "there is no state \"%s\"", json_string_value(json));
	return 0;
}

static int load_statuses(struct flow_loader *l, struct flow_test *test, const json_t *json,
			 const struct flow_at *at)
{
	const bool is_list = json_is_array(json);
	const size_t count = is_list ? json_array_size(json) : 1;

	if (!l->flow->has_calendar)
		return flow_fail(l, at, "the flow has no \"calendar\"");
	test->type = FLOW_TEST_CALENDAR;
	for (size_t i = 0; i < count; i++) {
		const json_t *item = is_list ? json_array_get(json, i) : json;
		enum calendar_status status;

		if (!calendar_status_parse(&status, json_string_value(item)))
			return flow_fail(l, at,
					 "wants free, past, too_far, closed_day, full_day, "
					 "closed_time or taken");
		test->statuses |= 1u << status;
	}
	return 0;
}

static int load_test(struct flow_loader *l, struct flow_test *test, const char *key,
		     const json_t *json, const struct flow_at *at)
{
	if (str_equal(key, "calendar"))
		return load_statuses(l, test, json, at);
	test->slot = flow_find_slot(l->flow, key);
	if (test->slot < 0)
		return flow_fail(l, at, "there is no slot \"%s\"", key);
	const struct slot *slot = &l->flow->slots[test->slot];

	if (json_is_boolean(json)) {
		test->type = json_is_true(json) ? FLOW_TEST_FILLED : FLOW_TEST_EMPTY;
		return 0;
	}
	if (json_is_object(json) && slot->kind == SLOT_NUMBER) {
		test->type = FLOW_TEST_RANGE;
		test->min = slot->min;
		test->max = slot->max;
		TRY(flow_check_keys(l, json, "min max", at));
		TRY(flow_load_int(l, &test->min, json, "min", 0, 999, at));
		return flow_load_int(l, &test->max, json, "max", test->min, 999, at);
	}
	test->type = FLOW_TEST_EQUAL;
	if (!json_is_string(json) || !slot_accepts(slot, json_string_value(json)))
		return flow_fail(l, at, "wants true (filled), false (empty)%s or a value of %s",
				 slot->kind == SLOT_NUMBER ? ", {\"min\", \"max\"}" : "", key);
	test->value = mem_strdup(json_string_value(json));
	return 0;
}

static int load_tests(struct flow_loader *l, struct flow_rule *rule, const json_t *json,
		      const struct flow_at *at)
{
	const struct flow_at here = {at, "if", 0};
	const char *key;
	json_t *value;

	if (!json)
		return 0;
	if (!json_is_object(json) || !json_object_size(json) ||
	    json_object_size(json) > FLOW_TESTS_MAX)
		return flow_fail(l, &here, "wants an object of 1 to %d tests", FLOW_TESTS_MAX);
	json_object_foreach((json_t *)json, key, value)
	{
		const struct flow_at item = {&here, key, 0};

		TRY(load_test(l, &rule->tests[rule->tests_len++], key, value, &item));
	}
	return 0;
}

static int load_set(struct flow_loader *l, struct flow_set *set, const char *key,
		    const json_t *json, const struct flow_at *at)
{
	const char *value = json_string_value(json);
	const bool is_offer = str_equal(value, "{offer_day}") || str_equal(value, "{offer_time}");

	set->slot = flow_find_slot(l->flow, key);
	if (set->slot < 0)
		return flow_fail(l, at, "there is no slot \"%s\"", key);
	if (!value || (!is_offer && !slot_accepts(&l->flow->slots[set->slot], value)))
		return flow_fail(l, at, "wants a value of %s", key);
	set->value = mem_strdup(value);
	return check_template(l, value, at);
}

static int load_changes(struct flow_loader *l, struct flow_rule *rule, const json_t *json,
			const struct flow_at *at)
{
	const struct flow_at sets = {at, "set", 0}, clears = {at, "clear", 0};
	const json_t *set = json_object_get(json, "set"), *clear = json_object_get(json, "clear");
	const char *key;
	json_t *value;
	size_t i;

	if (set && (!json_is_object(set) || json_object_size(set) > FLOW_TESTS_MAX))
		return flow_fail(l, &sets, "wants an object of at most %d slots", FLOW_TESTS_MAX);
	json_object_foreach((json_t *)set, key, value)
	{
		const struct flow_at item = {&sets, key, 0};

		TRY(load_set(l, &rule->sets[rule->sets_len++], key, value, &item));
	}
	if (clear && !json_is_array(clear))
		return flow_fail(l, &clears, "wants a list of slots");
	json_array_foreach(clear, i, value)
	{
		const struct flow_at item = {&clears, NULL, i};
		const char *name = json_string_value(value);
		const int slot = name ? flow_find_slot(l->flow, name) : -1;

		if (slot < 0)
			return flow_fail(l, &item, "there is no slot \"%s\"", name ? name : "");
		rule->clears |= UINT64_C(1) << slot;
	}
	return 0;
}

static int load_rule(struct flow_loader *l, struct flow_rule *rule, const json_t *json,
		     const struct flow_at *at)
{
	rule->target = -1;
	TRY(load_tests(l, rule, json_object_get(json, "if"), at));
	TRY(load_changes(l, rule, json, at));
	TRY(load_text(l, &rule->say, json, "say", at));
	return load_target(l, &rule->target, json, "to", at);
}

static int load_answer(struct flow_loader *l, struct flow_answer *answer, const json_t *json,
		       const struct flow_at *at)
{
	const struct flow_at hear = {at, "hear", 0}, keys = {at, "key", 0};
	const char *key = json_get_str(json, "key", NULL);

	if (json_is_string(json)) {
		answer->rule.target = -1;
		return flow_load_patterns(l, &answer->pattern, json, at);
	}
	if (!json_is_object(json))
		return flow_fail(l, at, "wants a wording or an object with \"hear\"");
	TRY(flow_check_keys(l, json, "hear key set clear say to", at));
	if (!json_object_get(json, "hear"))
		return flow_fail(l, at, "has no \"hear\"");
	TRY(flow_load_patterns(l, &answer->pattern, json_object_get(json, "hear"), &hear));
	if (json_object_get(json, "key") &&
	    (!key || strlen(key) != 1 || !strchr("123456789*#", *key)))
		return flow_fail(l, &keys, "wants one of the telephone keys 1 to 9, * and #");
	answer->key = key ? *key : 0;
	return load_rule(l, &answer->rule, json, at);
}

static int load_answers(struct flow_loader *l, struct flow_answer **ret_answers, size_t *ret_len,
			const json_t *json, const struct flow_at *at)
{
	const json_t *answer;
	size_t i;

	if (!json)
		return 0;
	if (!json_is_array(json) || !json_array_size(json) ||
	    json_array_size(json) > FLOW_ANSWERS_MAX)
		return flow_fail(l, at, "wants a list of 1 to %d answers", FLOW_ANSWERS_MAX);
	*ret_answers = mem_alloc(json_array_size(json) * sizeof(**ret_answers));
	json_array_foreach(json, i, answer)
	{
		const struct flow_at item = {at, NULL, i};

		++*ret_len;
		TRY(load_answer(l, &(*ret_answers)[i], answer, &item));
	}
	return 0;
}

/* "next": the name of a state, or a list of rules of which the last has no "if". */
static int load_next(struct flow_loader *l, struct flow_state *state, const json_t *object,
		     const struct flow_at *at)
{
	const struct flow_at here = {at, "next", 0};
	const json_t *json = json_object_get(object, "next"), *rule;
	size_t i;

	if (!json)
		return 0;
	if (json_is_string(json)) {
		state->next = mem_alloc(sizeof(*state->next));
		state->next_len = 1;
		return load_target(l, &state->next[0].target, object, "next", at);
	}
	if (!json_is_array(json) || !json_array_size(json) ||
	    json_array_size(json) > FLOW_RULES_MAX)
		return flow_fail(l, &here, "wants a state or a list of 1 to %d rules",
				 FLOW_RULES_MAX);
	state->next = mem_alloc(json_array_size(json) * sizeof(*state->next));
	json_array_foreach(json, i, rule)
	{
		const struct flow_at item = {&here, NULL, i};

		if (!json_is_object(rule))
			return flow_fail(l, &item, "wants an object with \"if\" and \"to\"");
		TRY(flow_check_keys(l, rule, "if set clear say to", &item));
		state->next_len++;
		TRY(load_rule(l, &state->next[i], rule, &item));
		if (state->next[i].target < 0)
			return flow_fail(l, &item, "has no \"to\"");
	}
	if (state->next[i - 1].tests_len)
		return flow_fail(l, &here,
				 "the last rule has an \"if\": nothing is left when it fails");
	return 0;
}

static int load_end(struct flow_loader *l, struct flow_state *state, const json_t *json,
		    const struct flow_at *at)
{
	const struct flow_at here = {at, "end", 0};

	if (!json)
		return 0;
	if (!json_is_object(json))
		return flow_fail(l, &here, "wants an object with \"goal_reached\"");
	TRY(flow_check_keys(l, json, "goal_reached hand_over reason", &here));
	if (!json_is_boolean(json_object_get(json, "goal_reached")))
		return flow_fail(l, &here, "wants \"goal_reached\", true or false");
	TRY(flow_load_bool(l, &state->goal_reached, json, "goal_reached", &here));
	TRY(flow_load_bool(l, &state->is_hand_over, json, "hand_over", &here));
	state->is_end = true;
	state->reason = mem_strdup(json_get_str(json, "reason", state->name));
	return 0;
}

static int load_ask(struct flow_loader *l, struct flow_state *state, const json_t *json,
		    const struct flow_at *at)
{
	const struct flow_at ask = {at, "ask", 0}, anything = {at, "anything", 0};
	const char *name = json_get_str(json, "ask", NULL);
	const char *free_name = json_get_str(json, "anything", NULL);

	state->ask = name ? flow_find_slot(l->flow, name) : -1;
	if (json_object_get(json, "ask") && state->ask < 0)
		return flow_fail(l, &ask, "wants the name of a slot");
	state->free_slot = free_name ? flow_find_slot(l->flow, free_name) : -1;
	if (json_object_get(json, "anything") &&
	    (state->free_slot < 0 || l->flow->slots[state->free_slot].kind != SLOT_TEXT))
		return flow_fail(l, &anything, "wants the name of a slot of type text");
	if (state->free_slot >= 0 && state->answers_len)
		return flow_fail(l, &anything, "excludes \"hear\": anything is an answer");
	return 0;
}

static int load_state(struct flow_loader *l, struct flow_state *state, const json_t *json,
		      const struct flow_at *at)
{
	const struct flow_at hear = {at, "hear", 0};

	if (!json_is_object(json))
		return flow_fail(l, at, "wants an object");
	TRY(flow_check_keys(
		l, json, "description ask say hear anything next reprompt silence help end", at));
	TRY(load_text(l, &state->say, json, "say", at));
	TRY(load_text(l, &state->help, json, "help", at));
	TRY(load_text(l, &state->reprompt, json, "reprompt", at));
	TRY(load_text(l, &state->silence, json, "silence", at));
	TRY(load_answers(l, &state->answers, &state->answers_len, json_object_get(json, "hear"),
			 &hear));
	TRY(load_ask(l, state, json, at));
	TRY(load_next(l, state, json, at));
	return load_end(l, state, json_object_get(json, "end"), at);
}

static int load_states(struct flow_loader *l, const json_t *states, const struct flow_at *at)
{
	struct flow *flow = l->flow;
	const char *name;
	json_t *json;
	size_t i = 0;

	if (!json_is_object(states) || !json_object_size(states) ||
	    json_object_size(states) > FLOW_STATES_MAX)
		return flow_fail(l, at, "wants an object of 1 to %d states", FLOW_STATES_MAX);
	flow->states = mem_alloc(json_object_size(states) * sizeof(*flow->states));
	json_object_foreach((json_t *)states, name, json)
	{
		const struct flow_at here = {at, name, 0};

		TRY(flow_check_name(l, name, &here));
		flow->states[flow->states_len++].name = mem_strdup(name);
	}
	json_object_foreach((json_t *)states, name, json)
	{
		const struct flow_at here = {at, name, 0};

		TRY(load_state(l, &flow->states[i++], json, &here));
	}
	return 0;
}

static void add_answer_patterns(struct buf *buf, const struct flow *flow,
				const struct flow_state *state)
{
	for (size_t i = 0; i < state->answers_len; i++)
		buf_printf(buf, "#answer:%zu (%s) | ", i, state->answers[i].pattern);
	for (size_t i = 0; i < flow->anywhere_len; i++)
		buf_printf(buf, "#answer:%zu (%s) | ", FLOW_ANYWHERE + i,
			   flow->anywhere[i].pattern);
}

/* What a state listens to, and what it listens to while it makes sure of what it heard. */
static int add_state_rules(struct flow_loader *l, const struct flow_state *state,
			   const struct flow_at *at)
{
	auto_buf struct buf plain = {0}, doubt = {0}, answers = {0};
	char name[64];

	add_answer_patterns(&answers, l->flow, state);
	buf_printf(&plain, "[<lead>] (%s<global>) [<tail>]", buf_str(&answers));
	buf_printf(&doubt,
		   "[<lead>] (#confirm:1 <yes> | #confirm:0 <no> | "
		   "[no [i said | i meant]] (%s<global>)) [<tail>]",
		   buf_str(&answers));
	flow_rule_name(name, state, false);
	TRY(flow_add_rule(l, name, buf_str(&plain), at));
	flow_rule_name(name, state, true);
	return flow_add_rule(l, name, buf_str(&doubt), at);
}

static int add_global_rules(struct flow_loader *l)
{
	auto_buf struct buf all = {0};

	for (size_t i = 0; i < FLOW_GLOBAL_COUNT; i++) {
		TRY(flow_add_rule(l, globals[i].name, globals[i].pattern, NULL));
		buf_printf(&all, "%s#global:%zu <%s>", i ? " | " : "", i, globals[i].name);
	}
	return flow_add_rule(l, "global", buf_str(&all), NULL);
}

static int load_default_texts(struct flow_loader *l, const json_t *root)
{
	struct flow_text *const texts[] = {&l->flow->help, &l->flow->reprompt, &l->flow->silence,
					   &l->flow->confirm};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		TRY(load_text(l, texts[i], root, default_texts[i].key, NULL));
		if (!texts[i]->len)
			texts[i]->variants[texts[i]->len++] = mem_strdup(default_texts[i].text);
	}
	return 0;
}

static int load_targets(struct flow_loader *l, const json_t *root)
{
	struct flow *flow = l->flow;

	flow->start = flow->operator_state = flow->goodbye_state = -1;
	TRY(load_target(l, &flow->start, root, "start", NULL));
	TRY(load_target(l, &flow->operator_state, root, "operator", NULL));
	TRY(load_target(l, &flow->goodbye_state, root, "goodbye", NULL));
	if (flow->start < 0 || flow->operator_state < 0 || flow->goodbye_state < 0)
		return flow_fail(l, NULL,
				 "wants \"start\", \"operator\" and \"goodbye\": where a "
				 "call begins, who wants a person and who leaves goes");
	flow->give_up_state = flow->operator_state;
	flow->silent_state = flow->goodbye_state;
	TRY(load_target(l, &flow->give_up_state, root, "give_up", NULL));
	return load_target(l, &flow->silent_state, root, "silent", NULL);
}

static int load_limits(struct flow_loader *l, const json_t *root)
{
	struct flow *flow = l->flow;

	flow->max_tries = 3;
	flow->max_silences = 3;
	flow->max_turns = 100;
	flow->confirm_below = 0.6;
	flow->reject_below = 0.25;
	TRY(flow_load_int(l, &flow->max_tries, root, "max_tries", 1, 10, NULL));
	TRY(flow_load_int(l, &flow->max_silences, root, "max_silences", 1, 10, NULL));
	TRY(flow_load_int(l, &flow->max_turns, root, "max_turns", 5, 1000, NULL));
	TRY(load_fraction(l, &flow->confirm_below, root, "confirm_below"));
	return load_fraction(l, &flow->reject_below, root, "reject_below");
}

static int load_document(struct flow_loader *l, const json_t *root)
{
	static const char keys[] =
		"name description language start operator goodbye give_up silent "
		"help reprompt silence confirm max_tries max_silences max_turns "
		"confirm_below reject_below slots calendar anywhere states";
	const struct flow_at slots = {NULL, "slots", 0}, calendar = {NULL, "calendar", 0},
			     states = {NULL, "states", 0}, anywhere = {NULL, "anywhere", 0};
	struct flow *flow = l->flow;
	char reason[GRAMMAR_ERROR_SIZE];

	if (!json_is_object(root))
		return flow_fail(l, NULL, "wants an object");
	TRY(flow_check_keys(l, root, keys, NULL));
	flow->name = mem_strdup(json_get_str(root, "name", "flow"));
	flow->description = mem_strdup(json_get_str(root, "description", ""));
	if (slot_add_rules(flow->grammar, reason))
		return flow_fail(l, NULL, "%s", reason);
	TRY(load_limits(l, root));
	TRY(flow_load_slots(l, json_object_get(root, "slots"), &slots));
	TRY(flow_load_calendar(l, json_object_get(root, "calendar"), &calendar));
	TRY(load_default_texts(l, root));
	TRY(load_states(l, json_object_get(root, "states"), &states));
	TRY(load_answers(l, &flow->anywhere, &flow->anywhere_len, json_object_get(root, "anywhere"),
			 &anywhere));
	TRY(load_targets(l, root));
	TRY(add_global_rules(l));
	for (size_t i = 0; i < flow->states_len; i++) {
		const struct flow_at here = {&states, flow->states[i].name, 0};

		TRY(add_state_rules(l, &flow->states[i], &here));
	}
	return flow_check(l);
}

static void text_free(struct flow_text *text)
{
	for (size_t i = 0; i < text->len; i++)
		mem_free(text->variants[i]);
}

static void rule_free(struct flow_rule *rule)
{
	for (size_t i = 0; i < rule->tests_len; i++)
		mem_free(rule->tests[i].value);
	for (size_t i = 0; i < rule->sets_len; i++)
		mem_free(rule->sets[i].value);
	text_free(&rule->say);
}

static void answers_free(struct flow_answer *answers, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		mem_free(answers[i].pattern);
		rule_free(&answers[i].rule);
	}
	mem_free(answers);
}

static void state_free(struct flow_state *state)
{
	mem_free(state->name);
	mem_free(state->reason);
	text_free(&state->say);
	text_free(&state->help);
	text_free(&state->reprompt);
	text_free(&state->silence);
	answers_free(state->answers, state->answers_len);
	for (size_t i = 0; i < state->next_len; i++)
		rule_free(&state->next[i]);
	mem_free(state->next);
}

static void flow_destroy(void *data)
{
	struct flow *flow = data;

	for (size_t i = 0; i < flow->states_len; i++)
		state_free(&flow->states[i]);
	for (size_t i = 0; i < flow->slots_len; i++) {
		for (size_t k = 0; k < flow->slots[i].options_len; k++) {
			mem_free(flow->slots[i].options[k].value);
			mem_free(flow->slots[i].options[k].spoken);
		}
		mem_free(flow->slots[i].options);
		mem_free(flow->slots[i].name);
	}
	answers_free(flow->anywhere, flow->anywhere_len);
	text_free(&flow->help);
	text_free(&flow->reprompt);
	text_free(&flow->silence);
	text_free(&flow->confirm);
	mem_free(flow->states);
	mem_free(flow->name);
	mem_free(flow->description);
	mem_unref(flow->grammar);
}

int flow_parse(struct flow **ret_flow, const char *name, const char *text, size_t len,
	       char ret_error[FLOW_ERROR_SIZE])
{
	auto_free char *copy = mem_strndup(text, len);
	json_error_t where;
	auto_json json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
	auto_unref struct flow *flow = mem_new(sizeof(*flow), flow_destroy);
	struct flow_loader loader = {flow, name, copy, ret_error};

	ret_error[0] = '\0';
	flow->day_slot = flow->time_slot = -1;
	flow->grammar = grammar_new();
	if (!root) {
		snprintf(ret_error, FLOW_ERROR_SIZE, "%.80s:%d: %.150s", name, where.line,
			 where.text);
		return -EINVAL;
	}
	TRY(load_document(&loader, root));
	*ret_flow = mem_ref(flow);
	return 0;
}

int flow_load(struct flow **ret_flow, const char *path, char ret_error[FLOW_ERROR_SIZE])
{
	auto_free char *text = mem_alloc(FLOW_FILE_MAX + 1);
	FILE *file = fopen(path, "re");
	size_t len;

	if (!file) {
		snprintf(ret_error, FLOW_ERROR_SIZE, "%.200s: cannot be read: %s", path,
			 strerror(errno));
		return -ENOENT;
	}
	len = fread(text, 1, FLOW_FILE_MAX + 1, file);
	fclose(file);
	if (len > FLOW_FILE_MAX) {
		snprintf(ret_error, FLOW_ERROR_SIZE, "%.200s: is larger than %d bytes", path,
			 FLOW_FILE_MAX);
		return -EFBIG;
	}
	return flow_parse(ret_flow, path, text, len, ret_error);
}
