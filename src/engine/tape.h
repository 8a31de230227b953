/*
 * The recording of a conversation: stereo WAV, the caller left, the agent right, at the caller's
 * rate. The caller's audio is the clock; writing happens on a worker. Once it is over it is sealed
 * (core/safe_file.h).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct safe;
struct tape;
struct work_pool;

struct tape_conf {
	struct work_pool *pool;
	struct safe *safe; /* referenced; NULL: the file stays plain */
	const char *path;  /* copied */
	uint32_t rate_hz, agent_rate_hz;
};

/* ret_tape: owned by the caller; releasing it finishes the file. Returns 0 or a negative errno. */
int tape_new(struct tape **ret_tape, const struct tape_conf *conf);

void tape_agent(struct tape *tape, const int16_t *samples,
		size_t count);    /* queued behind the rest */
void tape_cut(struct tape *tape); /* what is queued of the agent will not be heard */
void tape_caller(struct tape *tape, const int16_t *samples, size_t count);
