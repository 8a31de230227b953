/*
 * Matching: a rule unfolds to a network of states (Thompson's construction; rules do not recurse,
 * so it is finite), and the cheapest way through it for the words is found by dynamic programming
 * (Viterbi), words times states at worst.
 */
#include "engine/flow_grammar_priv.h"

#include "core/mem.h"
#include "core/str.h"

#include <errno.h>
#include <string.h>

enum {
	STATES_MAX = 60000,
	TRACES_MAX = 1 << 20,
	COST_NONE = INT32_MAX,
	COST_FILLER = 1,  /* of passing over a word that never means anything */
	COST_UNKNOWN = 4, /* over a word that the grammar does not have */
	COST_KNOWN = 7,   /* over one that it has, elsewhere */
	COST_NEGATION = 1000,
	COST_FREE = 6, /* what a match may cost, and what each word of it adds */
};

static const char *const fillers[] = {"a",   "ah", "and",  "er",     "hm",   "just",  "like",
				      "mm",  "oh", "okay", "please", "so",   "thank", "thanks",
				      "the", "uh", "um",   "well",   "yeah", "yes",   "you"};

static const char *const negations[] = {"don't", "never", "no",    "not",    "nope",
					"isn't", "can't", "won't", "didn't", "without"};

struct arc {
	int32_t to;
	int32_t word; /* -1: taken without a word */
	int32_t next; /* arc of the same state; -1 none */
	int16_t key;  /* of a tag; -1 none */
	int32_t value;
};

struct grammar_net {
	struct arc *arcs;
	size_t arcs_len, arcs_cap;
	int32_t *first, *last; /* by state */
	size_t states_len, states_cap;
	int32_t end;
	char **words;
	size_t words_len;
};

/* A tag on the way to a state; -1 ends the chain. */
struct trace {
	int32_t previous;
	struct grammar_tag tag;
};

struct cell {
	int32_t cost;
	int32_t trace;
	uint16_t skipped;
	bool is_entry; /* reached by a word; what follows from it without one is found again */
};

struct search {
	const struct grammar_net *net;
	struct cell *now, *then;
	int32_t *active, *coming; /* states that have a cost, in the order they were reached */
	int32_t *stack, *path;    /* of enter(): arc to try next, and the state it leaves */
	size_t active_len, coming_len;
	struct trace *traces;
	size_t traces_len, traces_cap;
};

static void net_destroy(void *data)
{
	struct grammar_net *net = data;

	for (size_t i = 0; i < net->words_len; i++)
		mem_free(net->words[i]);
	mem_free(net->words);
	mem_free(net->arcs);
	mem_free(net->first);
	mem_free(net->last);
}

static int32_t add_state(struct grammar_net *net)
{
	if (net->states_len == net->states_cap) {
		net->states_cap = net->states_cap ? net->states_cap * 2 : 256;
		net->first = mem_realloc(net->first, net->states_cap * sizeof(*net->first));
		net->last = mem_realloc(net->last, net->states_cap * sizeof(*net->last));
	}
	net->first[net->states_len] = -1;
	net->last[net->states_len] = -1;
	return (int32_t)net->states_len++;
}

static void add_arc(struct grammar_net *net, int32_t from, struct arc arc)
{
	const int32_t id = (int32_t)net->arcs_len;

	if (net->arcs_len == net->arcs_cap) {
		net->arcs_cap = net->arcs_cap ? net->arcs_cap * 2 : 512;
		net->arcs = mem_realloc(net->arcs, net->arcs_cap * sizeof(*net->arcs));
	}
	arc.next = -1;
	net->arcs[net->arcs_len++] = arc;
	if (net->last[from] < 0)
		net->first[from] = id;
	else
		net->arcs[net->last[from]].next = id;
	net->last[from] = id;
}

static void add_jump(struct grammar_net *net, int32_t from, int32_t to)
{
	add_arc(net, from, (struct arc){.to = to, .word = -1, .key = -1});
}

/* The state reached when node has been spoken from state from. */
static int32_t unfold(struct grammar_net *net, const struct grammar *g, int32_t node, int32_t from)
{
	const struct node *n = &g->nodes[node];
	int32_t at = from, end;

	if (net->states_len > STATES_MAX)
		return from;
	switch (n->type) {
	case NODE_WORD:
		end = add_state(net);
		add_arc(net, from, (struct arc){.to = end, .word = n->id, .key = -1});
		return end;
	case NODE_TAG:
		end = add_state(net);
		add_arc(net, from,
			(struct arc){
				.to = end, .word = -1, .key = (int16_t)n->id, .value = n->value});
		return end;
	case NODE_RULE:
		return unfold(net, g, g->rules[n->id].root, from);
	case NODE_SEQ:
		for (int32_t c = n->child; c >= 0; c = g->nodes[c].next)
			at = unfold(net, g, c, at);
		return at;
	case NODE_ALT:
		end = add_state(net);
		for (int32_t c = n->child; c >= 0; c = g->nodes[c].next)
			add_jump(net, unfold(net, g, c, from), end);
		return end;
	case NODE_OPT:
		end = add_state(net);
		add_jump(net, unfold(net, g, n->child, from), end);
		add_jump(net, from, end);
		return end;
	case NODE_PLUS:
		at = add_state(net);
		add_jump(net, from, at);
		end = unfold(net, g, n->child, at);
		add_jump(net, end, at);
		at = add_state(net);
		add_jump(net, end, at);
		return at;
	}
	return from;
}

int grammar_compile(struct grammar_net **ret_net, const struct grammar *g, const char *rule)
{
	const int32_t id = grammar_find_rule(g, rule);
	struct grammar_net *net;

	if (id < 0)
		return -ENOENT;
	net = mem_new(sizeof(*net), net_destroy);
	net->end = unfold(net, g, g->rules[id].root, add_state(net));
	if (net->states_len > STATES_MAX) {
		mem_unref(net);
		return -E2BIG;
	}
	net->words = mem_alloc((g->words_len + 1) * sizeof(*net->words));
	for (size_t i = 0; i < g->words_len; i++)
		net->words[net->words_len++] = mem_strdup(g->words[i]);
	*ret_net = net;
	return 0;
}

static bool is_listed(const char *word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(list[i], word))
			return true;
	return false;
}

static int32_t find_word(const struct grammar_net *net, const char *word)
{
	for (size_t i = 0; i < net->words_len; i++)
		if (str_equal(net->words[i], word))
			return (int32_t)i;
	return -1;
}

static int32_t skip_cost(const char *word, int32_t id)
{
	if (is_listed(word, negations, ARRAY_LEN(negations)))
		return COST_NEGATION;
	if (is_listed(word, fillers, ARRAY_LEN(fillers)))
		return COST_FILLER;
	return id < 0 ? COST_UNKNOWN : COST_KNOWN;
}

static int32_t add_trace(struct search *s, int32_t previous, const struct arc *arc)
{
	if (arc->key < 0)
		return previous;
	if (s->traces_len == TRACES_MAX)
		return previous;
	if (s->traces_len == s->traces_cap) {
		s->traces_cap = s->traces_cap ? s->traces_cap * 2 : 1024;
		s->traces = mem_realloc(s->traces, s->traces_cap * sizeof(*s->traces));
	}
	s->traces[s->traces_len] =
		(struct trace){previous, {(enum grammar_tag_key)arc->key, arc->value}};
	return (int32_t)s->traces_len++;
}

/*
 * Take a state at a cell, and all that follows from it without a word, depth first. States come in
 * rising order of cost and alternatives in the order written, so whoever comes first stays.
 */
static void enter(struct search *s, int32_t state, struct cell cell)
{
	size_t depth = 0;

	cell.is_entry = true;
	s->now[state] = cell;
	cell.is_entry = false;
	s->active[s->active_len++] = state;
	s->path[depth] = state;
	s->stack[depth++] = s->net->first[state];
	while (depth) {
		const int32_t a = s->stack[depth - 1];
		const struct arc *arc = a < 0 ? NULL : &s->net->arcs[a];

		if (!arc) {
			depth--;
			continue;
		}
		s->stack[depth - 1] = arc->next;
		if (arc->word >= 0 || s->now[arc->to].cost != COST_NONE)
			continue;
		s->now[arc->to] = cell;
		s->now[arc->to].trace = add_trace(s, s->now[s->path[depth - 1]].trace, arc);
		s->active[s->active_len++] = arc->to;
		s->path[depth] = arc->to;
		s->stack[depth++] = s->net->first[arc->to];
	}
}

static void reach(struct search *s, int32_t state, struct cell cell)
{
	if (s->then[state].cost <= cell.cost)
		return;
	if (s->then[state].cost == COST_NONE)
		s->coming[s->coming_len++] = state;
	s->then[state] = cell;
}

static void step(struct search *s, int32_t word, int32_t skip)
{
	for (size_t i = 0; i < s->active_len; i++) {
		const int32_t from = s->active[i];
		struct cell cell = s->now[from];

		for (int32_t a = s->net->first[from]; a >= 0; a = s->net->arcs[a].next)
			if (s->net->arcs[a].word >= 0 && s->net->arcs[a].word == word)
				reach(s, s->net->arcs[a].to, cell);
		cell.cost += skip;
		cell.skipped++;
		if (cell.is_entry)
			reach(s, from, cell);
		s->now[from].cost = COST_NONE;
	}
}

/* Costs must be taken up in rising order, or a tag of a dearer way could stay. */
static void sort_coming(struct search *s)
{
	for (size_t i = 1; i < s->coming_len; i++) {
		const int32_t state = s->coming[i];
		size_t j = i;

		for (; j > 0 && s->then[s->coming[j - 1]].cost > s->then[state].cost; j--)
			s->coming[j] = s->coming[j - 1];
		s->coming[j] = state;
	}
}

static void turn(struct search *s)
{
	sort_coming(s);
	s->active_len = 0;
	for (size_t i = 0; i < s->coming_len; i++) {
		const int32_t state = s->coming[i];

		if (s->now[state].cost == COST_NONE)
			enter(s, state, s->then[state]);
		s->then[state].cost = COST_NONE;
	}
	s->coming_len = 0;
}

static int result(struct grammar_match *ret_match, const struct search *s, size_t words)
{
	const struct cell *end = &s->now[s->net->end];
	const int32_t last = s->traces ? end->trace : -1;
	size_t count = 0;

	if (end->cost == COST_NONE ||
	    end->cost > COST_FREE * (1 + (int32_t)words - (int32_t)end->skipped))
		return -ENOMSG;
	for (int32_t t = last; t >= 0; t = s->traces[t].previous)
		count++;
	if (count > GRAMMAR_TAGS_MAX || end->skipped >= words)
		return -ENOMSG;
	ret_match->count = count;
	ret_match->skipped = end->skipped;
	for (int32_t t = last; t >= 0; t = s->traces[t].previous)
		ret_match->tags[--count] = s->traces[t].tag;
	return 0;
}

int grammar_match(struct grammar_match *ret_match, const struct grammar_net *net,
		  const struct words *words)
{
	const size_t states = net->states_len;
	auto_free struct cell *cells = mem_alloc(2 * states * sizeof(*cells));
	auto_free int32_t *lists = mem_alloc(4 * (states + 1) * sizeof(*lists));
	struct search s = {.net = net,
			   .now = cells,
			   .then = cells + states,
			   .active = lists,
			   .coming = lists + states,
			   .stack = lists + 2 * states,
			   .path = lists + 3 * states};
	int err;

	for (size_t i = 0; i < 2 * states; i++)
		cells[i].cost = COST_NONE;
	s.coming[s.coming_len++] = 0;
	s.then[0] = (struct cell){.cost = 0, .trace = -1};
	turn(&s);
	for (size_t i = 0; i < words->count; i++) {
		const int32_t id = find_word(net, words->word[i]);

		step(&s, id, skip_cost(words->word[i], id));
		turn(&s);
	}
	err = result(ret_match, &s, words->count);
	mem_free(s.traces);
	return err;
}
