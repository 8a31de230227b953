/*
 * Packet loss concealment in the manner of ITU-T G.711, appendix I: what is missing is made of the
 * last pitch period, fading out within 60 ms. 8 kHz.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { PLC_HISTORY = 320, PLC_MAX_PITCH = 120 };

/* Embedded by value; all zero is a fresh one. */
struct plc {
	int16_t history[PLC_HISTORY]; /* the latest sample is the last */
	int16_t period[PLC_MAX_PITCH];
	size_t pitch;
	size_t missing; /* samples made up since the last real one */
};

/* These came. After a gap their beginning is faded into, in place. */
void plc_hear(struct plc *plc, int16_t *samples, size_t count);
/* These did not come: make them up. */
void plc_fill(struct plc *plc, int16_t *ret_samples, size_t count);
