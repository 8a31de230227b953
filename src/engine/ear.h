/*
 * The caller's voice: voice activity, turns, and recognition, from the audio of one line. The
 * recogniser listens while the caller speaks, with a little of the audio before; it is asked for
 * its result in the first longer pause, so that the words are there by the time the turn is over.
 * Should the caller go on, it hears the whole turn again.
 */
#pragma once

#include "engine/turn.h"
#include "engine/voicebox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ear;
struct loop;

enum ear_mode {
	EAR_CLOSED,     /* the agent's words may not be interrupted: nothing is heard */
	EAR_OVER_AGENT, /* speech counts once it is long enough to interrupt */
	EAR_OPEN,
};

struct ear_result {
	const char *text; /* "" when nothing was understood */
	double confidence;
	bool in_grammar;
	uint32_t speech_ms;     /* how long the caller spoke, pauses excluded */
	uint64_t started_ms;    /* on the loop's clock: when the caller began, */
	uint64_t stopped_ms;    /* was quiet, */
	uint64_t decided_ms;    /* the turn was found to be over, */
	uint64_t recognised_ms; /* and the words were known */
};

struct ear_handlers {
	void (*startedh)(void *arg); /* the caller speaks, and it counts */
	void (*partialh)(const char *text,
			 void *arg); /* words so far, between started and stopped */
	void (*stoppedh)(void *arg); /* the turn is over, heardh follows */
	void (*heardh)(const struct ear_result *result, void *arg);
};

struct ear_conf {
	uint32_t rate_hz; /* 8000 or 16000 */
	struct turn_conf turn;
	float threshold; /* of vad_frame(), 0.1..1 */
};

/*
 * ret_ear: owned by the caller. Returns 0, or -EBUSY when there are too many recognisers (then the
 * ear works, and understands nothing).
 */
int ear_new(struct ear **ret_ear, struct loop *loop, const struct voicebox *box,
	    const struct ear_conf *conf, const struct ear_handlers *handlers, void *arg);

void ear_audio(struct ear *ear, const int16_t *samples, size_t count);
void ear_set_mode(struct ear *ear, enum ear_mode mode);
void ear_set_grammar(struct ear *ear, const char *jsgf); /* from the next turn on */

/* Forget the turn under way: neither stoppedh nor heardh will come for it. */
void ear_reset(struct ear *ear);
