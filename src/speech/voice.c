#include "speech/voice.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "media/resample.h"
#include "speech/espeak.h"
#include "speech/flite_door.h"
#include "speech/say_text.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>

/* How a voice is made. Gains bring each to -20 dBFS (RMS where it speaks); measured, not guessed.
 */
struct recipe {
	enum flite_speaker speaker;
	float stretch, pitch_hz, gain; /* 0: the speaker's own */
	const char *variant;           /* of espeak, for other languages */
	unsigned words_per_minute;
};

static const struct tts_voice voices[] = {
	{"Mark", "6d1c3a52-0f0e-4b6e-9d0a-3c5f6a1b7e01", "en-US", "American man, calm"},
	{"Emily", "b2b6f1de-6d0c-4c3b-8a5f-6c1e2d3f4a02", "en-US", "American woman, clear"},
	{"Josh", "0a4d7c93-58e2-4f57-b1c6-7d8e9fa0b103", "en-US", "Scottish man, warm"},
	{"Sarah", "e91f5b07-2c84-4d9a-a7e3-84b5c6d7e804", "en-US", "American woman, unhurried"},
	{"David", "47c8e2f6-93ab-4e10-8c2d-15f6a7b8c905", "en-US", "American man, clipped"},
	{"Jessica", "c5d09e38-7a16-4b82-9f4e-26a7b8c9da06", "en-US", "American woman, brisk"},
};

static const struct recipe recipes[ARRAY_LEN(voices)] = {
	{FLITE_RMS, 0.0f, 0.0f, 0.98f, "m1", 165},  {FLITE_SLT, 0.0f, 0.0f, 0.48f, "f2", 165},
	{FLITE_AWB, 0.0f, 0.0f, 0.82f, "m3", 165},  {FLITE_SLT, 1.1f, 155.0f, 0.58f, "f1", 150},
	{FLITE_KAL16, 0.0f, 0.0f, 2.1f, "m7", 170}, {FLITE_SLT, 0.95f, 205.0f, 0.41f, "f4", 180},
};
static const float espeak_gain = 0.9f;

const struct tts_voice *tts_voices(size_t *ret_count)
{
	if (ret_count)
		*ret_count = ARRAY_LEN(voices);
	return voices;
}

const struct tts_voice *tts_voice_find(const char *name_or_id)
{
	for (size_t i = 0; name_or_id && i < ARRAY_LEN(voices); i++)
		if (str_equal_nocase(voices[i].name, name_or_id) ||
		    str_equal_nocase(voices[i].voice_id, name_or_id))
			return &voices[i];
	return NULL;
}

/* Audio on its way from the synthesiser to the listener. */
struct speaker {
	float gain;
	uint32_t rate_hz;
	size_t spoken; /* samples so far */
	struct resample *resample;
	voice_samples_h *samplesh;
	void *arg;
};

/* Above the knee, the more the level rises the less of it comes through: no clipping. */
static int16_t limit(float value)
{
	const float knee = 24000.0f, room = 32767.0f - 24000.0f;
	const float size = fabsf(value);

	if (size > knee)
		value = copysignf(knee + room * tanhf((size - knee) / room), value);
	return (int16_t)lrintf(value);
}

/* The first 5 ms rise from silence, so that no voice starts with a click. */
static float fade_in(struct speaker *speaker, uint32_t rate_hz)
{
	const float rise = (float)rate_hz * 0.005f;
	const float at = (float)speaker->spoken++;

	return at < rise ? at / rise : 1.0f;
}

static int on_piece(const int16_t *samples, size_t count, uint32_t rate_hz, void *arg)
{
	struct speaker *speaker = arg;
	auto_free int16_t *even = mem_alloc((count + 1) * sizeof(*even));
	auto_free int16_t *out = NULL;
	size_t made;

	if (!speaker->resample && resample_new(&speaker->resample, rate_hz, speaker->rate_hz))
		return -EIO;
	for (size_t i = 0; i < count; i++)
		even[i] = limit((float)samples[i] * speaker->gain * fade_in(speaker, rate_hz));
	out = mem_alloc((resample_bound(speaker->resample, count) + 1) * sizeof(*out));
	made = resample_run(speaker->resample, out, even, count);
	return speaker->samplesh(out, made, speaker->arg);
}

static int flush(struct speaker *speaker)
{
	auto_free int16_t *out = NULL;

	if (!speaker->resample)
		return 0;
	out = mem_alloc((resample_bound(speaker->resample, 0) + 1) * sizeof(*out));
	return speaker->samplesh(out, resample_flush(speaker->resample, out), speaker->arg);
}

static bool is_english(const char *language)
{
	return str_equal_nocase(language, "en") ||
	       (strlen(language) > 2 && strncasecmp(language, "en-", 3) == 0);
}

static int run_flite(const struct voice_request *request, const struct recipe *recipe,
		     struct speaker *speaker)
{
	auto_buf struct buf text = {0};
	struct flite_request flite = {
		.speaker = recipe->speaker,
		.stretch = recipe->stretch,
		.pitch_hz = recipe->pitch_hz,
	};

	say_text(&text, request->text);
	flite.text = buf_str(&text);
	speaker->gain = recipe->gain;
	return flite_door_speak(&flite, on_piece, speaker);
}

static int run_espeak(const struct voice_request *request, const struct recipe *recipe,
		      struct speaker *speaker)
{
	const struct espeak_request espeak = {
		.language = request->language,
		.variant = recipe->variant,
		.text = request->text,
		.words_per_minute = recipe->words_per_minute,
	};

	speaker->gain = espeak_gain;
	return espeak_speak(&espeak, on_piece, speaker);
}

int voice_speak(const struct voice_request *request, uint32_t rate_hz, voice_samples_h *samplesh,
		void *arg)
{
	const struct recipe *recipe = &recipes[request->voice - voices];
	const bool english = str_is_empty(request->language) || is_english(request->language);
	struct speaker speaker = {.rate_hz = rate_hz, .samplesh = samplesh, .arg = arg};
	int err;

	err = english ? run_flite(request, recipe, &speaker)
		      : run_espeak(request, recipe, &speaker);
	if (!err)
		err = flush(&speaker);
	mem_unref(speaker.resample);
	return err;
}
