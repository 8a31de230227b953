#include "speech/voice.h"

#include "core/mem.h"
#include "core/str.h"
#include "media/resample.h"
#include "speech/flite_door.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* How a voice is made. Gains bring each to -20 dBFS (RMS where it speaks); measured, not guessed.
 */
struct recipe {
	struct tts_voice voice;
	enum flite_speaker speaker;
	float stretch, pitch_hz, gain;
};

static const struct recipe recipes[] = {
	{{"Mark", "6d1c3a52-0f0e-4b6e-9d0a-3c5f6a1b7e01", "en-US", "American man, calm"},
	 FLITE_RMS,
	 1.0f,
	 0.0f,
	 0.98f},
	{{"Emily", "b2b6f1de-6d0c-4c3b-8a5f-6c1e2d3f4a02", "en-US", "American woman, clear"},
	 FLITE_SLT,
	 1.0f,
	 0.0f,
	 0.48f},
	{{"Josh", "0a4d7c93-58e2-4f57-b1c6-7d8e9fa0b103", "en-US", "Scottish man"},
	 FLITE_AWB,
	 1.0f,
	 0.0f,
	 0.82f},
	{{"Sarah", "e91f5b07-2c84-4d9a-a7e3-84b5c6d7e804", "en-US", "American woman, unhurried"},
	 FLITE_SLT,
	 1.12f,
	 0.0f,
	 0.48f},
	{{"David", "47c8e2f6-93ab-4e10-8c2d-15f6a7b8c905", "en-US", "man, older synthesiser"},
	 FLITE_KAL16,
	 1.0f,
	 0.0f,
	 2.1f},
	{{"Jessica", "c5d09e38-7a16-4b82-9f4e-26a7b8c9da06", "en-US", "American woman, brisk"},
	 FLITE_SLT,
	 0.92f,
	 0.0f,
	 0.48f},
};

const struct tts_voice *tts_voices(size_t *ret_count)
{
	static struct tts_voice voices[ARRAY_LEN(recipes)];

	for (size_t i = 0; i < ARRAY_LEN(recipes); i++)
		voices[i] = recipes[i].voice;
	if (ret_count)
		*ret_count = ARRAY_LEN(recipes);
	return voices;
}

const struct tts_voice *tts_voice_find(const char *name_or_id)
{
	size_t count;
	const struct tts_voice *voices = tts_voices(&count);

	for (size_t i = 0; name_or_id && i < count; i++)
		if (str_equal_nocase(voices[i].name, name_or_id) ||
		    str_equal_nocase(voices[i].voice_id, name_or_id))
			return &voices[i];
	return NULL;
}

static const struct recipe *recipe_of(const struct tts_voice *voice)
{
	for (size_t i = 0; i < ARRAY_LEN(recipes); i++)
		if (str_equal(recipes[i].voice.voice_id, voice->voice_id))
			return &recipes[i];
	return &recipes[0];
}

/* Audio on its way from the synthesiser to the listener. */
struct speaker {
	float gain;
	uint32_t rate_hz;
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

static int on_piece(const int16_t *samples, size_t count, uint32_t rate_hz, void *arg)
{
	struct speaker *speaker = arg;
	auto_free int16_t *even = mem_alloc((count + 1) * sizeof(*even));
	auto_free int16_t *out = NULL;
	size_t made;

	if (!speaker->resample && resample_new(&speaker->resample, rate_hz, speaker->rate_hz))
		return -EIO;
	for (size_t i = 0; i < count; i++)
		even[i] = limit((float)samples[i] * speaker->gain);
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

int voice_speak(const struct voice_request *request, uint32_t rate_hz, voice_samples_h *samplesh,
		void *arg)
{
	const struct recipe *recipe = recipe_of(request->voice);
	const struct flite_request flite = {
		.speaker = recipe->speaker,
		.text = request->text,
		.stretch = recipe->stretch,
		.pitch_hz = recipe->pitch_hz,
	};
	struct speaker speaker = {recipe->gain, rate_hz, NULL, samplesh, arg};
	int err;

	err = flite_door_speak(&flite, on_piece, &speaker);
	if (!err)
		err = flush(&speaker);
	mem_unref(speaker.resample);
	return err;
}
