/*
 * Is somebody speaking? A detector over 20 ms frames: the level above a noise floor that follows
 * the line, and whether the frame has a voice's period. No allocation, no model; anything that
 * hears a telephone line may use it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VAD_FRAME_MS = 20, VAD_MAX_FRAME = 320, VAD_FLOOR_SLOTS = 10, VAD_SLOT_FRAMES = 10 };

/* Embedded by value. */
struct vad {
	uint32_t rate_hz;
	float previous;                     /* high-pass state */
	float slot_min_db[VAD_FLOOR_SLOTS]; /* least level of each of the last 200 ms */
	size_t slot;
	size_t slot_frames;
	float smooth_db;
	float floor_db;
	float level_db; /* of the last frame, dB below full scale */
	float voicing;  /* 0..1, how periodic the last frame was */
};

/* rate_hz is 8000 or 16000. */
void vad_init(struct vad *vad, uint32_t rate_hz);

/* Samples in a frame. */
size_t vad_frame_samples(const struct vad *vad);

/* One frame of that many samples; how likely it is speech, 0..1. 0.1 is a sensible threshold. */
float vad_frame(struct vad *vad, const int16_t *samples);
