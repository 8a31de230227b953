#include "carrier/clip.h"

#include "core/mem.h"
#include "media/resample.h"
#include "media/wav.h"

#include <errno.h>

enum { RATE_HZ = 8000 };

static void to_telephone(int16_t **ret_samples, size_t *ret_count, struct resample *resample,
			 const struct wav *wav)
{
	auto_free int16_t *mono = mem_alloc((wav->frames + 1) * sizeof(*mono));
	int16_t *out;

	wav_mix_down(wav, mono);
	out = mem_alloc((resample_bound(resample, wav->frames) + resample_bound(resample, 0) + 1) *
			sizeof(*out));
	*ret_count = resample_run(resample, out, mono, wav->frames);
	*ret_count += resample_flush(resample, out + *ret_count);
	*ret_samples = out;
}

int clip_decode(int16_t **ret_samples, size_t *ret_count, const void *data, size_t len)
{
	auto_unref struct resample *resample = NULL;
	struct wav wav;

	if (wav_parse(&wav, data, len, NULL))
		return -EBADMSG;
	if (resample_new(&resample, wav.rate_hz, RATE_HZ)) {
		wav_free(&wav);
		return -EBADMSG;
	}
	if (wav.frames > (size_t)CLIP_MAX_SECONDS * wav.rate_hz)
		wav.frames = (size_t)CLIP_MAX_SECONDS * wav.rate_hz;
	to_telephone(ret_samples, ret_count, resample, &wav);
	wav_free(&wav);
	return 0;
}
