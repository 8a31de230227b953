/* A pattern as a tree; shared by the files of the grammar only. */
#pragma once

#include "engine/flow_grammar.h"

enum node_type { NODE_WORD, NODE_SEQ, NODE_ALT, NODE_OPT, NODE_PLUS, NODE_RULE, NODE_TAG };

struct node {
	enum node_type type;
	int32_t id; /* of the word or rule; or the tag's key */
	int32_t value;
	int32_t child; /* the first; -1 none */
	int32_t next;  /* sibling; -1 none */
};

struct rule {
	char *name;
	int32_t root;
};

struct slot_name {
	char *name;
	int32_t index;
	int32_t rule;
};

struct grammar {
	struct node *nodes;
	size_t nodes_len, nodes_cap;
	char **words;
	size_t words_len, words_cap;
	struct rule *rules;
	size_t rules_len, rules_cap;
	struct slot_name *slots;
	size_t slots_len, slots_cap;
};

int32_t grammar_find_rule(const struct grammar *grammar, const char *name); /* -1: none */
