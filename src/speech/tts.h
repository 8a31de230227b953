/*
 * Text to speech: flite (and espeak-ng for languages it lacks), on workers. One sentence a request.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct tts;
struct tts_speech;
struct work_pool;

struct tts_voice {
	const char *name;     /* as the API says it: Mark, Emily, Josh, Sarah, David, Jessica */
	const char *voice_id; /* a fixed UUID */
	const char *language; /* BCP 47, "en-US" */
	const char *description;
};

/* All there are; *ret_count of them. */
const struct tts_voice *tts_voices(size_t *ret_count);
/* By name (any case) or id; NULL when there is none. */
const struct tts_voice *tts_voice_find(const char *name_or_id);

struct tts *tts_new(struct loop *loop, struct work_pool *pool); /* owned by the caller */

struct tts_params {
	const struct tts_voice *voice; /* NULL: the first */
	const char *language;          /* NULL: the voice's own */
	const char *text;              /* copied; at most 4,000 bytes */
	uint32_t rate_hz;              /* of the samples wanted: 8000..48000 */
};

/* Pieces of audio in order as they are made, loudness evened out between voices. */
typedef void tts_audio_h(const int16_t *samples, size_t count, void *arg);
/* Once. err 0, or negative when nothing (more) could be spoken. */
typedef void tts_done_h(int err, void *arg);

/* ret_speech: owned by the caller; releasing it cancels. Returns 0 or -EINVAL. */
int tts_speak(struct tts_speech **ret_speech, struct tts *tts, const struct tts_params *params,
	      tts_audio_h *audioh, tts_done_h *doneh, void *arg);
