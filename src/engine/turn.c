#include "engine/turn.h"

/* Clicks are shorter than this and make no turn, whatever the settings say. */
enum { CLICK_MS = 60, GAP_MS = 120 };

const struct turn_conf turn_conf_default = {
	.endpoint_ms = 384,
	.min_turn_ms = 0,
	.min_interruption_ms = 90,
	.pause_ms = 300,
};

void turn_init(struct turn *turn, const struct turn_conf *conf)
{
	*turn = (struct turn){.conf = *conf};
	if (turn->conf.min_turn_ms < CLICK_MS)
		turn->conf.min_turn_ms = CLICK_MS;
	if (turn->conf.min_interruption_ms < turn->conf.min_turn_ms)
		turn->conf.min_interruption_ms = turn->conf.min_turn_ms;
}

void turn_reset(struct turn *turn)
{
	*turn = (struct turn){.conf = turn->conf};
}

static unsigned speech_frame(struct turn *turn, uint32_t frame_ms, bool over_agent)
{
	unsigned events = 0;

	if (!turn->active) {
		turn->active = true;
		events |= TURN_ONSET;
	}
	if (turn->paused) {
		turn->paused = false;
		events |= TURN_RESUMED;
	}
	turn->silence_ms = 0;
	turn->speech_ms += frame_ms;
	turn->burst_ms += frame_ms;
	if (!turn->started && turn->speech_ms >= turn->conf.min_turn_ms) {
		turn->started = true;
		events |= TURN_STARTED;
	}
	if (over_agent && !turn->interrupted && turn->started &&
	    turn->burst_ms >= turn->conf.min_interruption_ms) {
		turn->interrupted = true;
		events |= TURN_INTERRUPT;
	}
	return events;
}

static unsigned silent_frame(struct turn *turn, uint32_t frame_ms)
{
	unsigned events = 0;

	if (!turn->active)
		return 0;
	turn->silence_ms += frame_ms;
	if (turn->silence_ms >= GAP_MS)
		turn->burst_ms = 0;
	if (turn->started && !turn->paused && turn->silence_ms >= turn->conf.pause_ms &&
	    turn->silence_ms < turn->conf.endpoint_ms) {
		turn->paused = true;
		events |= TURN_PAUSE;
	}
	if (turn->silence_ms >= turn->conf.endpoint_ms) {
		events |= turn->started ? TURN_ENDED : TURN_DROPPED;
		turn_reset(turn);
	}
	return events;
}

unsigned turn_frame(struct turn *turn, bool speech, uint32_t frame_ms, bool over_agent)
{
	return speech ? speech_frame(turn, frame_ms, over_agent) : silent_frame(turn, frame_ms);
}
