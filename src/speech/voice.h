/* The voices behind tts.h: which synthesiser speaks them and how, at an even loudness. */
#pragma once

#include "speech/tts.h"

struct voice_request {
	const struct tts_voice *voice; /* one of tts_voices() */
	char *language;                /* NULL: the voice's own */
	char *text;
};

/* On the thread that called voice_speak(). Returns 0 to go on. */
typedef int voice_samples_h(const int16_t *samples, size_t count, void *arg);

/* Blocks. Returns 0, -ECANCELED when samplesh stopped it, -ENOENT without a synthesiser for the
 * language, or -EIO. */
int voice_speak(const struct voice_request *request, uint32_t rate_hz, voice_samples_h *samplesh,
		void *arg);
