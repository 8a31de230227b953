/*
 * When the caller's turn begins and ends, and when speech over the agent is an interruption: pure
 * bookkeeping over speech / no speech frames, after the call's vadSettings.
 *
 *	ONSET    speech may have begun: start listening (the caller's pre-roll included)
 *	DROPPED  it was too short to count, forget it
 *	STARTED  a turn is under way
 *	INTERRUPT it has lasted long enough to cut the agent off
 *	PAUSE    quiet for a while: a good moment to recognise what was said so far
 *	RESUMED  speech went on after a PAUSE
 *	ENDED    quiet for the whole endpoint delay
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum turn_event {
	TURN_ONSET = 1 << 0,
	TURN_DROPPED = 1 << 1,
	TURN_STARTED = 1 << 2,
	TURN_INTERRUPT = 1 << 3,
	TURN_PAUSE = 1 << 4,
	TURN_RESUMED = 1 << 5,
	TURN_ENDED = 1 << 6,
};

struct turn_conf {
	uint32_t endpoint_ms;         /* silence that ends a turn */
	uint32_t min_turn_ms;         /* speech that makes a turn */
	uint32_t min_interruption_ms; /* speech that interrupts; at least min_turn_ms counts */
	uint32_t pause_ms;            /* silence after which PAUSE is told; less than endpoint_ms */
};

/* Embedded by value. */
struct turn {
	struct turn_conf conf;
	bool active; /* between ONSET and ENDED or DROPPED */
	bool started;
	bool interrupted; /* INTERRUPT was told in this turn */
	bool paused;
	uint32_t speech_ms;  /* in this turn */
	uint32_t burst_ms;   /* since the last noticeable gap */
	uint32_t silence_ms; /* at the end of this turn so far */
};

/* The API's defaults: 384 ms, 0, 90 ms. */
extern const struct turn_conf turn_conf_default;

void turn_init(struct turn *turn, const struct turn_conf *conf);

/* One frame; a set of enum turn_event. over_agent: the agent is audible just now. */
unsigned turn_frame(struct turn *turn, bool speech, uint32_t frame_ms, bool over_agent);

/* Forget the turn under way. */
void turn_reset(struct turn *turn);
