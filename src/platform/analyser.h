/*
 * The embedded analyser: what a finished call was about, from its transcript alone. A pure
 * function, no network and no model; used when no LLM is configured. It works on rough recognised
 * text without punctuation, and knows English; of other languages it says what it can count.
 */
#pragma once

#include "core/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct analyser_turn {
	bool is_agent;    /* else the other side of the call */
	const char *text; /* UTF-8; NULL is "" */
	int64_t at_us;
};

struct analyser_params {
	const struct analyser_turn
		*turns; /* in the order spoken; at most the first 1,000 and the last 9,000 count */
	size_t turns_len;
	const char *language; /* BCP 47; NULL means en */
	const json_t
		*outcome; /* {"goal_reached","slots","state","reason","hand_over"}; may be NULL */
	const char *end_reason; /* caller_hangup, agent_hangup, timeout...; may be NULL */
	bool is_inbound;
};

/*
 * A new object, owned by the caller; every member is always there:
 *
 *	summary         2 to 3 sentences, at most 1,000 bytes
 *	key_points      array of at most 6 strings
 *	sentiment       "positive", "neutral" or "negative"
 *	sentiment_score -1..1, of which the sentiment is made
 *	action_items    array of at most 8 strings: "Agent: send you the form (tomorrow)"
 *	highlights      array of at most 3 strings, quotes with their speaker
 *	analyser        "embedded"
 */
json_t *analyser_run(const struct analyser_params *params);

/* -1..1, of one text; 0 when nothing in it is felt. */
double analyser_sentiment(const char *text);
