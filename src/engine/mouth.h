/*
 * The agent's voice: a turn of sentences, synthesised one ahead and played. It knows at any time
 * what the caller has heard of it, and stops in the middle of a word when told to.
 *
 *	mouth_open -> mouth_say... -> mouth_complete -> saidh
 *	                  \-> mouth_stop (interrupted)
 */
#pragma once

#include "engine/voicebox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct mouth;

enum { MOUTH_MAX_SENTENCES = 200 }; /* a turn; more are not said */

struct mouth_handlers {
	void (*audioh)(const int16_t *samples, size_t count, void *arg); /* to the line */
	void (*markh)(uint64_t mark, void *arg); /* NULL: the line echoes none */
	void (*clearh)(void *arg);
	/* The caller begins to hear this sentence. */
	void (*wordsh)(const char *sentence, void *arg);
	/* The first audio of the turn is on its way. */
	void (*firsth)(void *arg);
	/* The turn is complete and was heard to its end. Not called after mouth_stop(). */
	void (*saidh)(void *arg);
};

struct mouth_conf {
	const struct tts_voice *voice; /* NULL: the first */
	const char *language;          /* NULL: the voice's own */
	uint32_t rate_hz;
	uint32_t lead_ms; /* audio the peer may hold ahead of the caller's ear */
};

/* Owned by the caller. */
struct mouth *mouth_new(struct loop *loop, const struct voicebox *box,
			const struct mouth_conf *conf, const struct mouth_handlers *handlers,
			void *arg);

void mouth_open(struct mouth *mouth); /* a new turn; the one before must be over */
void mouth_say(struct mouth *mouth, const char *text);
void mouth_complete(struct mouth *mouth);
/* Text only from the next sentence on: told, not spoken. */
void mouth_set_silent(struct mouth *mouth, bool silent);

/* Stop at once. */
void mouth_stop(struct mouth *mouth);

/* What the caller has heard of this turn; owned by the caller (mem_free). Valid after mouth_stop().
 */
char *mouth_heard(const struct mouth *mouth);

void mouth_marked(struct mouth *mouth, uint64_t mark);
