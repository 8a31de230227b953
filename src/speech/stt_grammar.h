/* A checked JSGF grammar: what a caller may say. Immutable, so any thread may read it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct fsg_model_s;
struct logmath_s;

/* Opaque to callers of stt.h; the decoder compiles it. */
struct stt_grammar {
	char *text;
	char name[33]; /* of the text: equal names mean equal grammars */
};

enum { GRAMMAR_MAX = 256 << 10, GRAMMAR_WORDS_MAX = 8192 };

/*
 * The text parses, has a public rule <utterance> and defines every rule it refers to, imports
 * nothing, has at most GRAMMAR_WORDS_MAX different words, and each can be pronounced.
 * ret_grammar: owned by the caller. Returns 0 or -EINVAL.
 */
int stt_grammar_new(struct stt_grammar **ret_grammar, const char *text);

/* sphinxbase's fsg_model_t *, with all words in lower case; NULL when it cannot be built. */
struct fsg_model_s *stt_grammar_compile(const struct stt_grammar *grammar,
					struct logmath_s *logmath, float language_weight);

/* What sphinxbase has to say goes nowhere; its errors are counted for the thread. Idempotent. */
void sphinx_silence(void);
