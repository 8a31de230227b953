#include "media/resample.h"

#include "core/mem.h"

#include <errno.h>
#include <speex/speex_resampler.h>
#include <string.h>

enum { QUALITY = 10, RATE_MIN = 8000, RATE_MAX = 48000 };

struct resample {
	SpeexResamplerState *state; /* NULL: the rates are equal */
	uint32_t in_hz, out_hz;
	size_t delay; /* of the filter, in input samples */
};

static void resample_destroy(void *data)
{
	struct resample *resample = data;

	if (resample->state)
		speex_resampler_destroy(resample->state);
}

int resample_new(struct resample **ret_resample, uint32_t in_hz, uint32_t out_hz)
{
	struct resample *resample;
	int err = RESAMPLER_ERR_SUCCESS;

	if (in_hz < RATE_MIN || in_hz > RATE_MAX || out_hz < RATE_MIN || out_hz > RATE_MAX)
		return -EINVAL;
	resample = mem_new(sizeof(*resample), resample_destroy);
	resample->in_hz = in_hz;
	resample->out_hz = out_hz;
	if (in_hz != out_hz) {
		resample->state = speex_resampler_init(1, in_hz, out_hz, QUALITY, &err);
		if (!resample->state) {
			mem_unref(resample);
			return -EINVAL;
		}
		resample->delay = (size_t)speex_resampler_get_input_latency(resample->state);
	}
	resample_reset(resample);
	*ret_resample = resample;
	return 0;
}

size_t resample_bound(const struct resample *resample, size_t count)
{
	if (!resample->state)
		return count;
	return (count + resample->delay + 1) * resample->out_hz / resample->in_hz + 2;
}

size_t resample_run(struct resample *resample, int16_t *out, const int16_t *in, size_t count)
{
	const size_t room = resample_bound(resample, count);
	size_t made = 0;

	if (!resample->state) {
		memcpy(out, in, count * sizeof(*out));
		return count;
	}
	while (count > 0 && made < room) {
		spx_uint32_t taken = (spx_uint32_t)count;
		spx_uint32_t given = (spx_uint32_t)(room - made);

		speex_resampler_process_int(resample->state, 0, in, &taken, out + made, &given);
		if (taken == 0 && given == 0)
			break;
		in += taken;
		count -= taken;
		made += given;
	}
	return made;
}

size_t resample_flush(struct resample *resample, int16_t *out)
{
	int16_t silence[256] = {0};
	size_t made = 0;
	size_t left = resample->delay;

	while (resample->state && left > 0) {
		const size_t part = left < 256 ? left : 256;

		made += resample_run(resample, out + made, silence, part);
		left -= part;
	}
	resample_reset(resample);
	return made;
}

void resample_reset(struct resample *resample)
{
	if (!resample->state)
		return;
	speex_resampler_reset_mem(resample->state);
	speex_resampler_skip_zeros(resample->state);
}
