/* Transcripts as sentences and words, for the embedded analyser only. */
#pragma once

#include "platform/analyser.h"

enum {
	ANALYSER_TURNS_MAX = 10000,
	ANALYSER_SENTENCES_MAX = 12000,
	ANALYSER_TURN_BYTES = 2000,
	ANALYSER_WORDS_MAX = 64, /* of a sentence */
	ANALYSER_WORD_SIZE = 32,
	ANALYSER_QUOTE_BYTES = 200,
};

struct analyser_words {
	size_t count;
	char word[ANALYSER_WORDS_MAX][ANALYSER_WORD_SIZE];
};

/* Points into the turn's text. */
struct analyser_sentence {
	const char *text;
	size_t len;
	size_t turn;
	bool is_agent;
	double score; /* how much it says */
};

/* Lower case, without punctuation; the rest beyond 64 words is left out. */
void analyser_split_words(struct analyser_words *ret_words, const char *text, size_t len);

/* The sentence from *pos on, which moves past it; "" ends. A long one without stops is cut at 40
 * words. */
struct analyser_sentence analyser_next_sentence(const char **pos, const char *end);

/* A copy of at most ANALYSER_QUOTE_BYTES, cut between words, without a stop at its end. */
void analyser_quote(char out[ANALYSER_QUOTE_BYTES + 8], const struct analyser_sentence *sentence);

/* A word without meaning of its own: the, and, you... */
bool analyser_is_stop_word(const char *word);

/* analyser_action.c: commitments and requests of a sentence, appended to items unless known. who:
 * of the other side. */
void analyser_add_actions(json_t *items, const struct analyser_sentence *sentence, const char *who);
/* analyser_action.c: one item unless known or full. */
void analyser_add_action(json_t *items, const char *who, const char *what, const char *when);
