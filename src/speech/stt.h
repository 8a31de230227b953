/*
 * speech/: from audio to words (here) and back (tts.h). Hearing: cepstra -> telephone_map ->
 * decoder, with grammars written by stt_grammar. Speaking: say_text -> voice, which asks flite_door
 * or espeak. docs/speech.md says why it is made so and what it is worth.
 *
 * Speech to text: one recogniser per talking call, PocketSphinx behind it. Belongs to the loop;
 * decoding runs on a strand. Audio goes in as it comes, between stt_begin() and stt_end().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct stt;
struct stt_engine;
struct work_pool;

struct stt_engine_conf {
	const char *model_dir; /* acoustic model; NULL: where Debian's pocketsphinx-en-us puts it */
	const char *map_path;  /* weights of the telephone map */
	uint32_t max_decoders; /* 0 means 64; more stt_open() answer -EBUSY */
};

/* Decoders are loaded on demand, kept, and reused. Owned by the caller. Returns 0, -ENOENT... */
int stt_engine_new(struct stt_engine **ret_engine, struct loop *loop, struct work_pool *pool,
		   const struct stt_engine_conf *conf);

struct stt_result {
	const char
		*text; /* lower-case words, "" when nothing was understood; valid in the handler */
	double confidence;  /* 0..1 */
	bool in_grammar;    /* false: a rival explained the sound better than the grammar did */
	uint32_t speech_ms; /* audio decoded */
	uint32_t took_ms;   /* from stt_end() to this result */
};

typedef void stt_partial_h(const char *text, void *arg);
typedef void stt_final_h(const struct stt_result *result, void *arg);

/*
 * ret_stt: owned by the caller; releasing it gives the decoder back, and no handler runs any more.
 * rate_hz: 8000 or 16000 (narrow band goes through the telephone map). partialh may be NULL.
 */
int stt_open(struct stt **ret_stt, struct stt_engine *engine, uint32_t rate_hz,
	     stt_partial_h *partialh, void *arg);

/*
 * What to listen to from the next stt_begin() on: a JSGF grammar whose public rule is <utterance>,
 * or NULL for the language model. Words that the dictionary lacks get a pronunciation by
 * letter-to-sound. Returns 0 or -EINVAL (the grammar does not parse; the old one stays).
 */
int stt_set_grammar(struct stt *stt, const char *jsgf);

void stt_begin(struct stt *stt);
void stt_feed(struct stt *stt, const int16_t *samples, size_t count);
void stt_end(struct stt *stt, stt_final_h *finalh);
