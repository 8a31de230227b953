/*
 * The receiving side of a packet stream: puts the samples of packets back in their places, waits
 * just long enough for late ones, and covers what never came. 8 kHz, one sample a timestamp unit
 * (RFC 3551, G.711), packets of any length; out come 20 ms frames, one for each jitter_tick().
 *
 * A frame that is whole is given out at once, so that a stream without gaps is not delayed; what is
 * missing is waited for before it is made up. That patience adapts between JITTER_PATIENCE_MS and
 * JITTER_MAX_MS: it grows by a frame when packets run out, and shrinks again in quiet times. What
 * has piled up behind a late packet is worked off frame into frame.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jitter;

enum { JITTER_FRAME_SAMPLES = 160, JITTER_PATIENCE_MS = 40, JITTER_MAX_MS = 200 };

enum jitter_frame {
	JITTER_NONE,    /* not yet */
	JITTER_SILENCE, /* there is no stream */
	JITTER_MADE_UP, /* what covers a gap */
	JITTER_HEARD,   /* some of it came from the peer */
};

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

/*
 * 20 ms have passed. With late it is noticed only now: packets that came meanwhile may wait to be
 * read, and nothing is made up before the next tick that is on time.
 */
void jitter_tick(struct jitter *jitter, bool late);

/* The next 20 ms; to be asked after every packet and every tick, until there is none. */
enum jitter_frame jitter_get(struct jitter *jitter, int16_t ret_samples[JITTER_FRAME_SAMPLES]);

/* Another stream begins (new source, hold, new codec); counters stay. */
void jitter_reset(struct jitter *jitter);

uint32_t jitter_delay_ms(const struct jitter *jitter); /* buffered at the moment */
void jitter_stats(const struct jitter *jitter, struct jitter_stats *ret_stats);
