/*
 * The agent's voice on its way to the caller. Audio is pushed as it is made and passed on no
 * further ahead of the caller's ear than lead_ms, so that little has to be taken back when the
 * caller interrupts. Where the ear is follows from the clock, corrected by marks when the peer
 * echoes them.
 *
 * Positions are samples since the last playout_clear().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct playout;

struct playout_handlers {
	/* Send these samples to the caller. */
	void (*audioh)(const int16_t *samples, size_t count, void *arg);
	/* Ask the peer to echo this when the audio before it was heard; NULL: it cannot. */
	void (*markh)(uint64_t mark, void *arg);
	/* Drop what was sent and not heard. */
	void (*clearh)(void *arg);
	/* The ear has moved on; every 20 ms while there is audio, and once when all was heard. */
	void (*heardh)(void *arg);
};

struct playout_conf {
	uint32_t rate_hz; /* 8000..48000 */
	uint32_t lead_ms; /* 20..60000 */
};

/* Owned by the caller. arg goes to the handlers. */
struct playout *playout_new(struct loop *loop, const struct playout_conf *conf,
			    const struct playout_handlers *handlers, void *arg);

/* Queue audio; some of it is sent at once. At most a minute is kept, beyond that -ENOBUFS. */
int playout_push(struct playout *playout, const int16_t *samples, size_t count);

/* The peer has echoed a mark. Unknown and old ones are ignored. */
void playout_marked(struct playout *playout, uint64_t mark);

uint64_t playout_pushed(const struct playout *playout); /* where the next sample goes */
uint64_t playout_heard(const struct playout *playout);  /* where the ear is */
bool playout_is_idle(const struct playout *playout);    /* everything pushed was heard */

/* Stop at once: nothing more is sent, the peer drops its buffer, positions start at 0 again. */
void playout_clear(struct playout *playout);
