/* Patterns to trees, and trees to JSGF and to samples. */
#include "engine/flow_grammar_priv.h"

#include "core/mem.h"
#include "core/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES_MAX = 50000, NEST_MAX = 24, NAME_SIZE = 48 };

static const char *const tag_names[GRAMMAR_TAG_COUNT] = {
#define X(name_) #name_,
	GRAMMAR_TAGS(X)
#undef X
};

struct reader {
	struct grammar *grammar;
	const char *pos;
	unsigned depth;
	char *error;
};

static int32_t read_alternatives(struct reader *reader);

static void *grow(void *block, size_t len, size_t *cap, size_t size)
{
	if (len < *cap)
		return block;
	*cap = *cap ? *cap * 2 : 64;
	return mem_realloc(block, *cap * size);
}

static void grammar_destroy(void *data)
{
	struct grammar *g = data;

	for (size_t i = 0; i < g->words_len; i++)
		mem_free(g->words[i]);
	for (size_t i = 0; i < g->rules_len; i++)
		mem_free(g->rules[i].name);
	for (size_t i = 0; i < g->slots_len; i++)
		mem_free(g->slots[i].name);
	mem_free(g->words);
	mem_free(g->rules);
	mem_free(g->slots);
	mem_free(g->nodes);
}

struct grammar *grammar_new(void)
{
	return mem_new(sizeof(struct grammar), grammar_destroy);
}

int32_t grammar_find_rule(const struct grammar *g, const char *name)
{
	for (size_t i = 0; i < g->rules_len; i++)
		if (str_equal(g->rules[i].name, name))
			return (int32_t)i;
	return -1;
}

static int32_t word_id(struct grammar *g, const char *word)
{
	for (size_t i = 0; i < g->words_len; i++)
		if (str_equal(g->words[i], word))
			return (int32_t)i;
	g->words = grow(g->words, g->words_len, &g->words_cap, sizeof(*g->words));
	g->words[g->words_len] = mem_strdup(word);
	return (int32_t)g->words_len++;
}

static int32_t node_add(struct grammar *g, enum node_type type, int32_t id, int32_t value)
{
	g->nodes = grow(g->nodes, g->nodes_len, &g->nodes_cap, sizeof(*g->nodes));
	g->nodes[g->nodes_len] = (struct node){type, id, value, -1, -1};
	return (int32_t)g->nodes_len++;
}

static int32_t __attribute__((format(printf, 2, 3)))
fail(struct reader *reader, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!reader->error[0])
		vsnprintf(reader->error, GRAMMAR_ERROR_SIZE, fmt, ap);
	va_end(ap);
	return -1;
}

static void skip_space(struct reader *reader)
{
	while (isspace((unsigned char)*reader->pos))
		reader->pos++;
}

/* A name up to one of the stop characters, which is consumed when there is a single one. */
static bool read_name(struct reader *reader, char name[NAME_SIZE], const char *stop)
{
	const size_t len = strcspn(reader->pos, stop);

	if (!len || len >= NAME_SIZE || (stop[1] == '\0' && !reader->pos[len]))
		return false;
	memcpy(name, reader->pos, len);
	name[len] = '\0';
	reader->pos += len + (stop[1] == '\0');
	return true;
}

static int32_t read_rule(struct reader *reader)
{
	char name[NAME_SIZE];
	int32_t rule;

	reader->pos++;
	if (!read_name(reader, name, ">"))
		return fail(reader, "a '<' without rule name and '>'");
	rule = grammar_find_rule(reader->grammar, name);
	if (rule < 0)
		return fail(reader, "there is no rule <%s>", name);
	return node_add(reader->grammar, NODE_RULE, rule, 0);
}

static int32_t read_slot(struct reader *reader)
{
	struct grammar *g = reader->grammar;
	char name[NAME_SIZE];

	reader->pos++;
	if (!read_name(reader, name, "}"))
		return fail(reader, "a '{' without slot name and '}'");
	for (size_t i = 0; i < g->slots_len; i++) {
		int32_t seq, tag, rule;

		if (!str_equal(g->slots[i].name, name))
			continue;
		seq = node_add(g, NODE_SEQ, 0, 0);
		tag = node_add(g, NODE_TAG, GRAMMAR_TAG_slot, g->slots[i].index);
		rule = node_add(g, NODE_RULE, g->slots[i].rule, 0);
		g->nodes[seq].child = tag;
		g->nodes[tag].next = rule;
		return seq;
	}
	return fail(reader, "there is no slot {%s}", name);
}

static int32_t read_tag(struct reader *reader)
{
	char name[NAME_SIZE], *end;

	reader->pos++;
	if (!read_name(reader, name, ":"))
		return fail(reader, "a '#' without name and ':'");
	for (int32_t key = 0; key < GRAMMAR_TAG_COUNT; key++) {
		long value;

		if (!str_equal(tag_names[key], name))
			continue;
		value = strtol(reader->pos, &end, 10);
		if (end == reader->pos)
			break;
		reader->pos = end;
		return node_add(reader->grammar, NODE_TAG, key, (int32_t)value);
	}
	return fail(reader, "there is no tag #%s:NUMBER", name);
}

static int32_t read_word(struct reader *reader)
{
	char word[NAME_SIZE];

	if (!read_name(reader, word, " \t\n()[]{}<>|#+") || strlen(word) >= WORD_SIZE)
		return fail(reader, "a word is too long");
	for (const char *c = word; *c; c++)
		if (!islower((unsigned char)*c) && *c != '\'' && *c != '.' &&
		    !((unsigned char)*c & 0x80))
			return fail(
				reader,
				"\"%s\" is no spoken word (lower-case letters; numbers spelt out)",
				word);
	return node_add(reader->grammar, NODE_WORD, word_id(reader->grammar, word), 0);
}

static int32_t read_group(struct reader *reader, char close)
{
	int32_t inner;

	reader->pos++;
	if (++reader->depth > NEST_MAX)
		return fail(reader, "brackets nest too deep");
	inner = read_alternatives(reader);
	reader->depth--;
	if (inner < 0)
		return -1;
	if (*reader->pos != close)
		return fail(reader, "a bracket is not closed by '%s'", close == ')' ? ")" : "]");
	reader->pos++;
	return inner;
}

static int32_t wrap(struct grammar *g, enum node_type type, int32_t inner)
{
	const int32_t node = node_add(g, type, 0, 0);

	g->nodes[node].child = inner;
	return node;
}

static int32_t read_item(struct reader *reader)
{
	int32_t node;

	switch (*reader->pos) {
	case '(':
		node = read_group(reader, ')');
		break;
	case '[':
		node = read_group(reader, ']');
		if (node >= 0)
			node = wrap(reader->grammar, NODE_OPT, node);
		break;
	case '<':
		node = read_rule(reader);
		break;
	case '{':
		node = read_slot(reader);
		break;
	case '#':
		node = read_tag(reader);
		break;
	case ')':
	case ']':
	case '}':
	case '>':
	case '+':
		return fail(reader, "unexpected '%.1s'", reader->pos);
	default:
		node = read_word(reader);
	}
	if (node >= 0 && *reader->pos == '+') {
		reader->pos++;
		node = wrap(reader->grammar, NODE_PLUS, node);
	}
	return node;
}

static int32_t read_sequence(struct reader *reader)
{
	struct grammar *g = reader->grammar;
	const int32_t seq = node_add(g, NODE_SEQ, 0, 0);
	int32_t last = -1;

	for (skip_space(reader); *reader->pos && !strchr("|)]", *reader->pos); skip_space(reader)) {
		const int32_t node = read_item(reader);

		if (node < 0)
			return -1;
		if (g->nodes_len > NODES_MAX)
			return fail(reader, "the grammar is too large");
		if (last < 0)
			g->nodes[seq].child = node;
		else
			g->nodes[last].next = node;
		last = node;
	}
	if (last < 0)
		return fail(reader, "an alternative is empty");
	return seq;
}

static int32_t read_alternatives(struct reader *reader)
{
	struct grammar *g = reader->grammar;
	int32_t last = read_sequence(reader);
	int32_t alt;

	if (last < 0 || *reader->pos != '|')
		return last;
	alt = wrap(g, NODE_ALT, last);
	while (*reader->pos == '|') {
		int32_t node;

		reader->pos++;
		node = read_sequence(reader);
		if (node < 0)
			return -1;
		g->nodes[last].next = node;
		last = node;
	}
	return alt;
}

int grammar_add(struct grammar *g, const char *rule, const char *pattern,
		char ret_error[GRAMMAR_ERROR_SIZE])
{
	struct reader reader = {.grammar = g, .pos = pattern, .error = ret_error};
	int32_t root, known;

	ret_error[0] = '\0';
	root = read_alternatives(&reader);
	if (root >= 0 && *reader.pos)
		root = fail(&reader, "unexpected '%.1s'", reader.pos);
	if (root < 0)
		return -EINVAL;
	known = grammar_find_rule(g, rule);
	if (known >= 0) {
		g->rules[known].root = root;
		return 0;
	}
	g->rules = grow(g->rules, g->rules_len, &g->rules_cap, sizeof(*g->rules));
	g->rules[g->rules_len++] = (struct rule){mem_strdup(rule), root};
	return 0;
}

int grammar_add_slot(struct grammar *g, const char *name, int32_t index, const char *rule)
{
	const int32_t id = grammar_find_rule(g, rule);

	if (id < 0)
		return -ENOENT;
	g->slots = grow(g->slots, g->slots_len, &g->slots_cap, sizeof(*g->slots));
	g->slots[g->slots_len++] = (struct slot_name){mem_strdup(name), index, id};
	return 0;
}

static uint64_t node_slots(const struct grammar *g, int32_t node)
{
	const struct node *n = &g->nodes[node];
	uint64_t slots = 0;

	if (n->type == NODE_TAG && n->id == GRAMMAR_TAG_slot && n->value < 64)
		slots |= UINT64_C(1) << n->value;
	if (n->type == NODE_RULE)
		slots |= node_slots(g, g->rules[n->id].root);
	for (int32_t c = n->child; c >= 0; c = g->nodes[c].next)
		slots |= node_slots(g, c);
	return slots;
}

uint64_t grammar_slots(const struct grammar *g, const char *rule)
{
	const int32_t id = grammar_find_rule(g, rule);

	return id < 0 ? 0 : node_slots(g, g->rules[id].root);
}

/* True when the node can be spoken at all: it is not made of tags alone. */
static bool has_sound(const struct grammar *g, int32_t node)
{
	const struct node *n = &g->nodes[node];

	if (n->type == NODE_WORD || n->type == NODE_RULE)
		return true;
	for (int32_t c = n->child; c >= 0; c = g->nodes[c].next)
		if (has_sound(g, c))
			return true;
	return false;
}

static void jsgf_word(struct buf *buf, const char *word)
{
	if (str_equal(word, "p.m."))
		buf_append_str(buf, "p. m.");
	else if (str_equal(word, "a.m."))
		buf_append_str(buf, "a. m.");
	else
		buf_append_str(buf, word);
}

static void jsgf_node(struct buf *buf, const struct grammar *g, int32_t node)
{
	const struct node *n = &g->nodes[node];
	const char *open = n->type == NODE_OPT ? "[" : n->type == NODE_SEQ ? "" : "(";
	const char *close = n->type == NODE_OPT ? "]" : n->type == NODE_SEQ ? "" : ")";
	bool first = true;

	if (n->type == NODE_WORD) {
		jsgf_word(buf, g->words[n->id]);
		return;
	}
	if (n->type == NODE_RULE) {
		buf_printf(buf, "<%s>", g->rules[n->id].name);
		return;
	}
	buf_append_str(buf, open);
	for (int32_t c = n->child; c >= 0; c = g->nodes[c].next) {
		if (!has_sound(g, c))
			continue;
		if (!first)
			buf_append_str(buf, n->type == NODE_ALT ? " | " : " ");
		first = false;
		jsgf_node(buf, g, c);
	}
	buf_append_str(buf, close);
	if (n->type == NODE_PLUS)
		buf_append_char(buf, '+');
}

static void mark_rules(const struct grammar *g, int32_t node, bool *is_used)
{
	const struct node *n = &g->nodes[node];

	if (n->type == NODE_RULE && !is_used[n->id]) {
		is_used[n->id] = true;
		mark_rules(g, g->rules[n->id].root, is_used);
	}
	for (int32_t c = n->child; c >= 0; c = g->nodes[c].next)
		mark_rules(g, c, is_used);
}

int grammar_jsgf(struct buf *buf, const struct grammar *g, const char *name, const char *rule)
{
	const int32_t id = grammar_find_rule(g, rule);
	auto_free bool *is_used = mem_alloc(g->rules_len + 1);

	if (id < 0)
		return -ENOENT;
	mark_rules(g, g->rules[id].root, is_used);
	buf_printf(buf, "#JSGF V1.0;\ngrammar %s;\npublic <utterance> = ", name);
	jsgf_node(buf, g, g->rules[id].root);
	buf_append_str(buf, ";\n");
	for (size_t i = 0; i < g->rules_len; i++) {
		if (!is_used[i])
			continue;
		buf_printf(buf, "<%s> = ", g->rules[i].name);
		jsgf_node(buf, g, g->rules[i].root);
		buf_append_str(buf, ";\n");
	}
	return 0;
}

static uint32_t dice(uint32_t *seed, uint32_t sides)
{
	*seed = *seed * 1664525u + 1013904223u;
	return sides ? (*seed >> 8) % sides : 0;
}

static void sample_node(struct buf *buf, struct grammar_match *match, const struct grammar *g,
			int32_t node, uint32_t *seed)
{
	const struct node *n = &g->nodes[node];
	uint32_t rounds = 1, pick = 0, count = 0;

	if (n->type == NODE_WORD) {
		buf_printf(buf, "%s ", g->words[n->id]);
	} else if (n->type == NODE_TAG && match->count < GRAMMAR_TAGS_MAX) {
		match->tags[match->count++] =
			(struct grammar_tag){(enum grammar_tag_key)n->id, n->value};
	} else if (n->type == NODE_RULE) {
		sample_node(buf, match, g, g->rules[n->id].root, seed);
	} else if (n->type == NODE_ALT) {
		for (int32_t c = n->child; c >= 0; c = g->nodes[c].next)
			count++;
		pick = dice(seed, count);
		for (int32_t c = n->child; c >= 0; c = g->nodes[c].next)
			if (pick-- == 0)
				sample_node(buf, match, g, c, seed);
	} else {
		if (n->type == NODE_OPT)
			rounds = dice(seed, 2);
		if (n->type == NODE_PLUS)
			rounds = 1 + dice(seed, 6);
		while (rounds-- > 0)
			for (int32_t c = n->child; c >= 0; c = g->nodes[c].next)
				sample_node(buf, match, g, c, seed);
	}
}

void grammar_sample(struct buf *buf, struct grammar_match *ret_match, const struct grammar *g,
		    const char *rule, uint32_t *seed)
{
	const int32_t id = grammar_find_rule(g, rule);

	ret_match->count = 0;
	ret_match->skipped = 0;
	if (id >= 0)
		sample_node(buf, ret_match, g, g->rules[id].root, seed);
}
