#include "carrier/clip.h"

#include "core/mem.h"
#include "media/g711.h"
#include "media/resample.h"

#include <errno.h>
#include <string.h>

enum {
	RATE_HZ = 8000,
	FORMAT_PCM = 1,
	FORMAT_ALAW = 6,
	FORMAT_ULAW = 7,
	FORMAT_EXTENSIBLE = 0xfffe,
};

struct wave {
	uint32_t format, channels, rate_hz, bits;
	const uint8_t *data;
	size_t len;
};

static uint32_t le(const uint8_t *bytes, size_t len)
{
	uint32_t value = 0;

	while (len--)
		value = value << 8 | bytes[len];
	return value;
}

static void read_format(struct wave *wave, const uint8_t *body, size_t size)
{
	wave->format = le(body, 2);
	wave->channels = le(body + 2, 2);
	wave->rate_hz = le(body + 4, 4);
	wave->bits = le(body + 14, 2);
	/* The real format is the start of a GUID. */
	if (wave->format == FORMAT_EXTENSIBLE && size >= 26)
		wave->format = le(body + 24, 2);
}

/* RIFF chunks; a data chunk that promises more than there is ends with the file. */
static int find_chunks(struct wave *wave, const uint8_t *bytes, size_t len)
{
	if (len < 12 || memcmp(bytes, "RIFF", 4) || memcmp(bytes + 8, "WAVE", 4))
		return -EBADMSG;
	for (size_t at = 12; len - at >= 8;) {
		const uint8_t *body = bytes + at + 8;
		size_t room = len - at - 8, size = le(bytes + at + 4, 4);

		if (size > room)
			size = room;
		if (!memcmp(bytes + at, "fmt ", 4) && size >= 16)
			read_format(wave, body, size);
		if (!memcmp(bytes + at, "data", 4)) {
			wave->data = body;
			wave->len = size;
			return wave->format ? 0 : -EBADMSG;
		}
		at += 8 + size;
		at += size % 2 && at < len;
	}
	return -EBADMSG;
}

static int check_format(const struct wave *wave)
{
	bool law = wave->format == FORMAT_ALAW || wave->format == FORMAT_ULAW;

	if (!law && wave->format != FORMAT_PCM)
		return -EBADMSG;
	if (wave->bits != 8 && (law || wave->bits != 16))
		return -EBADMSG;
	if (wave->channels < 1 || wave->channels > 2)
		return -EBADMSG;
	return wave->rate_hz >= 8000 && wave->rate_hz <= 48000 ? 0 : -EBADMSG;
}

static int16_t sample_at(const struct wave *wave, size_t index)
{
	int16_t sample;

	if (wave->bits == 16)
		return (int16_t)le(wave->data + 2 * index, 2);
	if (wave->format == FORMAT_PCM)
		return (int16_t)((wave->data[index] - 128) * 256);
	g711_decode(&sample, wave->format == FORMAT_ULAW ? G711_ULAW : G711_ALAW,
		    wave->data + index, 1);
	return sample;
}

static int16_t *to_mono(const struct wave *wave, size_t frames)
{
	int16_t *mono = mem_alloc((frames + 1) * sizeof(*mono));

	for (size_t i = 0; i < frames; i++) {
		int sum = 0;

		for (size_t c = 0; c < wave->channels; c++)
			sum += sample_at(wave, i * wave->channels + c);
		mono[i] = (int16_t)(sum / (int)wave->channels);
	}
	return mono;
}

int clip_decode(int16_t **ret_samples, size_t *ret_count, const void *data, size_t len)
{
	struct wave wave = {0};
	auto_unref struct resample *resample = NULL;
	auto_free int16_t *mono = NULL;
	size_t frames;
	int16_t *out;

	if (find_chunks(&wave, data, len) || check_format(&wave))
		return -EBADMSG;
	frames = wave.len / (wave.channels * wave.bits / 8);
	if (frames > (size_t)CLIP_MAX_SECONDS * wave.rate_hz)
		frames = (size_t)CLIP_MAX_SECONDS * wave.rate_hz;
	if (resample_new(&resample, wave.rate_hz, RATE_HZ))
		return -EBADMSG;
	mono = to_mono(&wave, frames);
	out = mem_alloc((resample_bound(resample, frames) + resample_bound(resample, 0) + 1) *
			sizeof(*out));
	*ret_count = resample_run(resample, out, mono, frames);
	*ret_count += resample_flush(resample, out + *ret_count);
	*ret_samples = out;
	return 0;
}
