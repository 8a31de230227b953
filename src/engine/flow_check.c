/* Does a flow hang together: can every state be reached and left, is every slot filled somewhere.
 */
#include "engine/flow_priv.h"

#include "core/mem.h"

#include <errno.h>

static void reach_rule(const struct flow *flow, bool *is_reached, const struct flow_rule *rule);

static void reach(const struct flow *flow, bool *is_reached, int state)
{
	const struct flow_state *s;

	if (state < 0 || is_reached[state])
		return;
	is_reached[state] = true;
	s = &flow->states[state];
	for (size_t i = 0; i < s->answers_len; i++)
		reach_rule(flow, is_reached, &s->answers[i].rule);
	for (size_t i = 0; i < s->next_len; i++)
		reach_rule(flow, is_reached, &s->next[i]);
}

static void reach_rule(const struct flow *flow, bool *is_reached, const struct flow_rule *rule)
{
	reach(flow, is_reached, rule->target);
}

static int check_reached(struct flow_loader *l)
{
	const struct flow_at states = {NULL, "states", 0};
	const struct flow *flow = l->flow;
	bool is_reached[FLOW_STATES_MAX] = {false};

	reach(flow, is_reached, flow->start);
	reach(flow, is_reached, flow->operator_state);
	reach(flow, is_reached, flow->goodbye_state);
	reach(flow, is_reached, flow->give_up_state);
	reach(flow, is_reached, flow->silent_state);
	for (size_t i = 0; i < flow->anywhere_len; i++)
		reach(flow, is_reached, flow->anywhere[i].rule.target);
	for (size_t i = 0; i < flow->states_len; i++) {
		const struct flow_at at = {&states, flow->states[i].name, 0};

		if (!is_reached[i])
			return flow_fail(l, &at, "no way leads to this state");
	}
	return 0;
}

static int check_state(struct flow_loader *l, const struct flow_state *s, const struct flow_at *at)
{
	const bool listens = s->answers_len || s->free_slot >= 0;
	bool needs_next = !s->answers_len || s->ask >= 0;

	if (s->is_end && (listens || s->next_len))
		return flow_fail(l, at, "an \"end\" neither hears nor goes on");
	if ((s->is_end || listens) && !s->say.len)
		return flow_fail(l, at, "has no \"say\"");
	if (s->is_end)
		return 0;
	if (!listens && !s->next_len)
		return flow_fail(l, at, "wants \"hear\", \"next\" or \"end\"");
	for (size_t i = 0; i < s->answers_len; i++)
		needs_next |= s->answers[i].rule.target < 0;
	if (needs_next && !s->next_len)
		return flow_fail(l, at, "wants \"next\": an answer without \"to\" leads nowhere");
	return 0;
}

static uint64_t rule_fills(const struct flow_rule *rule)
{
	uint64_t filled = 0;

	for (size_t i = 0; i < rule->sets_len; i++)
		filled |= UINT64_C(1) << rule->sets[i].slot;
	return filled;
}

static uint64_t state_fills(const struct flow *flow, const struct flow_state *s)
{
	char name[64];
	uint64_t filled;

	flow_rule_name(name, s, false);
	filled = grammar_slots(flow->grammar, name);
	if (s->free_slot >= 0)
		filled |= UINT64_C(1) << s->free_slot;
	for (size_t i = 0; i < s->answers_len; i++)
		filled |= rule_fills(&s->answers[i].rule);
	for (size_t i = 0; i < s->next_len; i++)
		filled |= rule_fills(&s->next[i]);
	return filled;
}

static int check_slots(struct flow_loader *l)
{
	const struct flow_at slots = {NULL, "slots", 0};
	const struct flow *flow = l->flow;
	uint64_t filled = 0;

	for (size_t i = 0; i < flow->states_len; i++)
		filled |= state_fills(flow, &flow->states[i]);
	for (size_t i = 0; i < flow->anywhere_len; i++)
		filled |= rule_fills(&flow->anywhere[i].rule);
	for (size_t i = 0; i < flow->slots_len; i++) {
		const struct flow_at at = {&slots, flow->slots[i].name, 0};

		if (!(filled & UINT64_C(1) << i))
			return flow_fail(l, &at, "nothing fills this slot");
	}
	return 0;
}

/* A state that asks must be able to hear what it asks for. */
static int check_asks(struct flow_loader *l, const struct flow_state *s, const struct flow_at *at)
{
	const struct flow_at ask = {at, "ask", 0};

	if (s->ask >= 0 && !(state_fills(l->flow, s) & UINT64_C(1) << s->ask))
		return flow_fail(l, &ask, "nothing that callers may say here fills this slot");
	return 0;
}

/* Rounds of states that say and hear nothing would never end. */
static int check_rounds(struct flow_loader *l, const struct flow_at *states)
{
	const struct flow *flow = l->flow;
	bool is_clear[FLOW_STATES_MAX];
	bool has_changed = true;

	/* A silent state is clear when all it leads to is; whatever is left goes round. */
	for (size_t i = 0; i < flow->states_len; i++)
		is_clear[i] = flow->states[i].is_end || flow->states[i].answers_len ||
			      flow->states[i].free_slot >= 0;
	while (has_changed) {
		has_changed = false;
		for (size_t i = 0; i < flow->states_len; i++) {
			bool all = !is_clear[i];

			for (size_t k = 0; k < flow->states[i].next_len; k++)
				all &= is_clear[flow->states[i].next[k].target];
			if (all)
				is_clear[i] = has_changed = true;
		}
	}
	for (size_t i = 0; i < flow->states_len; i++) {
		const struct flow_at at = {states, flow->states[i].name, 0};

		if (!is_clear[i])
			return flow_fail(l, &at, "goes round without ever listening");
	}
	return 0;
}

int flow_check(struct flow_loader *l)
{
	const struct flow_at states = {NULL, "states", 0};
	const struct flow *flow = l->flow;

	for (size_t i = 0; i < flow->states_len; i++) {
		const struct flow_at at = {&states, flow->states[i].name, 0};
		int err = check_state(l, &flow->states[i], &at);

		if (!err)
			err = check_asks(l, &flow->states[i], &at);
		if (err)
			return err;
	}
	if (check_rounds(l, &states) || check_reached(l) || check_slots(l))
		return -EINVAL;
	for (size_t i = 0; i < flow->states_len; i++)
		if (flow->states[i].goal_reached)
			return 0;
	return flow_fail(l, &states, "no end reaches the goal");
}
