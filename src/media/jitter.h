/*
 * The receiving side of a packet stream: puts the samples of packets back in their places, waits
 * just long enough for late ones, and covers what never came. 8 kHz, one sample a timestamp unit
 * (RFC 3551, G.711), packets of any length; out come 20 ms frames.
 *
 * The delay adapts between one frame and JITTER_MAX_MS: it grows by a frame when packets run out
 * and shrinks again, frame into frame, when more is buffered than the last seconds needed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jitter;

enum { JITTER_FRAME_SAMPLES = 160, JITTER_MAX_MS = 200 };

struct jitter_stats {
	uint64_t received;
	uint64_t late;      /* came after their time, dropped */
	uint64_t duplicate; /* came twice, dropped */
	uint64_t lost;      /* holes in the sequence numbers */
	uint64_t concealed; /* frames with made-up samples */
};

struct jitter *jitter_new(void); /* owned by the caller (mem_unref) */

/* A packet has come: at most 200 ms of samples, more is cut. seq and ts as in its RTP header. */
void jitter_put(struct jitter *jitter, uint16_t seq, uint32_t ts, const int16_t *samples,
		size_t count);

/* The next 20 ms, silence while there is no stream. True when some of it came from the peer. */
bool jitter_get(struct jitter *jitter, int16_t ret_samples[JITTER_FRAME_SAMPLES]);

/* Another stream begins (new source, hold, new codec); counters stay. */
void jitter_reset(struct jitter *jitter);

uint32_t jitter_delay_ms(const struct jitter *jitter); /* buffered at the moment */
void jitter_stats(const struct jitter *jitter, struct jitter_stats *ret_stats);
