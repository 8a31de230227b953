/*
 * One PocketSphinx decoder and its rival. Used by one thread at a time; holds nothing of a call
 * between utterances but what is passed in.
 *
 * The rival is a second, small decoder that hears the same frames and may say any phones in any
 * order. A grammar always answers something; how much better the rival explains the sound says
 * whether the caller kept to the grammar, and how sure the answer is.
 */
#pragma once

#include "speech/stt_grammar.h"
#include "speech/telephone_map.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct decoder;

struct decoder_conf {
	const char *model_dir;           /* holds en-us/, en-us.lm.bin, cmudict-en-us.dict */
	const struct telephone_map *map; /* referenced */
	bool language_model;             /* false: grammars only, a third of the memory */
};

/* Loads the models: 0.1 to 0.3 s. Owned by the caller. Returns 0 or -ENOENT. */
int decoder_new(struct decoder **ret_decoder, const struct decoder_conf *conf);

/* The running mean of a call's cepstra: what its line and voice sound like. Zero at first. */
struct decoder_mean {
	float sum[MAP_CEPSTRA];
	float mean[MAP_CEPSTRA];
	int frames; /* 0: nothing is known, start from the model's own */
};

/*
 * grammar: NULL for the language model (only with conf.language_model). rate_hz: 8000 or 16000.
 * mean: read. Returns 0, or -EINVAL when the grammar does not compile.
 */
int decoder_start(struct decoder *decoder, const struct stt_grammar *grammar, uint32_t rate_hz,
		  const struct decoder_mean *mean);
void decoder_feed(struct decoder *decoder, const int16_t *samples, size_t count);

/* Best so far; "" when there is none. Valid until the next call. */
const char *decoder_partial(struct decoder *decoder);

struct decoder_result {
	char *text;        /* never NULL; mem_free() */
	double confidence; /* 0..1 */
	bool in_grammar;
	double per_frame; /* acoustic score of the answer, and of the rival, a frame: */
	double rival_per_frame;
};

/* mean: written. */
void decoder_finish(struct decoder *decoder, struct decoder_mean *mean,
		    struct decoder_result *ret_result);

bool decoder_has_language_model(const struct decoder *decoder);
bool decoder_has_grammar(const struct decoder *decoder, const struct stt_grammar *grammar);
