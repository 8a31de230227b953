/*
 * What callers may say, described once and used three ways: as JSGF for the recogniser, as a parser
 * of recognised or typed words, and as a generator of samples for tests.
 *
 * A pattern is
 *
 *	word word		in this order
 *	[please]		optional
 *	(a | b)			one of
 *	(a | b)+		once or more
 *	<rule>			another rule, added before
 *	{slot}			a slot, declared before: tag slot:INDEX, then the rule of its kind
 *	#hour:3			a tag: what it means. Never spoken.
 *
 * Matching yields the tags on the way. It skips words that the grammar has no use for ("well maybe
 * tuesday then"), at a cost, but never a negation.
 */
#pragma once

#include "core/buf.h"
#include "engine/flow_words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// clang-format off
#define GRAMMAR_TAGS(X) \
	X(answer) \
	X(global) \
	X(confirm) \
	X(slot) \
	X(value) \
	X(rel) \
	X(weekday) \
	X(next) \
	X(plus) \
	X(month) \
	X(dom) \
	X(hour) \
	X(minute) \
	X(to) \
	X(past) \
	X(half) \
	X(part) \
	X(digit) \
	X(twice) \
	X(add) \
	X(times)
// clang-format on

enum grammar_tag_key {
#define X(name_) GRAMMAR_TAG_##name_,
	GRAMMAR_TAGS(X)
#undef X
		GRAMMAR_TAG_COUNT
};

struct grammar_tag {
	enum grammar_tag_key key;
	int32_t value;
};

enum { GRAMMAR_TAGS_MAX = 64, GRAMMAR_ERROR_SIZE = 160 };

struct grammar_match {
	struct grammar_tag tags[GRAMMAR_TAGS_MAX];
	size_t count;
	unsigned skipped; /* words that meant nothing */
};

struct grammar;
struct grammar_net;

struct grammar *grammar_new(void); /* mem_unref() to drop it */

/*
 * Name a pattern. A rule of that name is replaced. Rules cannot mention themselves, because they
 * mention only rules that exist. Returns 0, or -EINVAL with the reason.
 */
int grammar_add(struct grammar *grammar, const char *rule, const char *pattern,
		char ret_error[GRAMMAR_ERROR_SIZE]);

/* {name} in later patterns is tag slot:index followed by <rule>. Returns 0 or -ENOENT. */
int grammar_add_slot(struct grammar *grammar, const char *name, int32_t index, const char *rule);

/* Which slots a rule mentions: bit INDEX set. */
uint64_t grammar_slots(const struct grammar *grammar, const char *rule);

/* A whole JSGF grammar; rule becomes the public rule <utterance>. Returns 0 or -ENOENT. */
int grammar_jsgf(struct buf *buf, const struct grammar *grammar, const char *name,
		 const char *rule);

/*
 * Prepare a rule for matching. Owned by the caller; needs the grammar no more.
 * Returns 0, -ENOENT, or -E2BIG when the rule unfolds to more than a bounded size.
 */
int grammar_compile(struct grammar_net **ret_net, const struct grammar *grammar, const char *rule);

/* The cheapest reading of the words. Returns 0 or -ENOMSG when there is none good enough. */
int grammar_match(struct grammar_match *ret_match, const struct grammar_net *net,
		  const struct words *words);

/* One random sentence of the rule, words with a space after each, and what it means. */
void grammar_sample(struct buf *buf, struct grammar_match *ret_match, const struct grammar *grammar,
		    const char *rule, uint32_t *seed);
