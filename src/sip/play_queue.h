/*
 * What a call is to hear: audio, digits and marks in one order. The loop's thread fills it, the SIP
 * thread takes 20 ms at a time; the lock is only ever held to link, unlink or copy frames.
 */
#pragma once

#include "sip/sip.h"

struct play_queue;

enum { PLAY_MAX_SAMPLES = 600 * 8000, PLAY_MAX_ITEMS = 100000, PLAY_FRAME_MARKS = 16 };

struct play_frame {
	int16_t samples[SIP_FRAME_SAMPLES];
	size_t count; /* samples there are; 0 with a digit */
	char digit;   /* '\0': none */
	uint32_t digit_ms;
	uint32_t marks[PLAY_FRAME_MARKS]; /* everything before these is in this frame or was taken
					     earlier */
	size_t mark_count;
};

typedef void play_mark_h(uint32_t mark, void *arg);

struct play_queue *play_queue_new(void); /* owned by the caller (mem_unref) */

/* Return 0 or -ENOBUFS, and then nothing was queued. */
int play_queue_audio(struct play_queue *queue, const int16_t *samples, size_t count);
int play_queue_mark(struct play_queue *queue, uint32_t mark);
int play_queue_digit(struct play_queue *queue, char digit, uint32_t duration_ms);

/* Drop everything; markh for every mark that was waiting. Returns the samples dropped. */
size_t play_queue_clear(struct play_queue *queue, play_mark_h *markh, void *arg);
size_t play_queue_samples(struct play_queue *queue);

/* Copy the first samples that wait, at most max; they stay. Returns how many. */
size_t play_queue_peek(struct play_queue *queue, int16_t *out, size_t max);

/* The next frame; one with neither samples nor digit when the queue is empty. */
void play_queue_take(struct play_queue *queue, struct play_frame *ret_frame);
