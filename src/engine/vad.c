#include "engine/vad.h"

#include <math.h>
#include <string.h>

/* dB below full scale: the quietest floor believed in, and the first guess on a new line. */
static const float QUIETEST_DB = -62.0f;
static const float FIRST_FLOOR_DB = -50.0f;
static const float FLOOR_BIAS_DB = 2.0f;
/* Level over the floor where speech becomes conceivable, and from there to certainty. */
static const float RISE_DB = 7.0f;
static const float SPAN_DB = 20.0f;

void vad_init(struct vad *vad, uint32_t rate_hz)
{
	memset(vad, 0, sizeof(*vad));
	vad->rate_hz = rate_hz;
	vad->smooth_db = FIRST_FLOOR_DB;
	vad->floor_db = FIRST_FLOOR_DB;
	vad->level_db = QUIETEST_DB;
	for (size_t i = 0; i < VAD_FLOOR_SLOTS; i++)
		vad->slot_min_db[i] = FIRST_FLOOR_DB;
}

size_t vad_frame_samples(const struct vad *vad)
{
	return vad->rate_hz * VAD_FRAME_MS / 1000;
}

/* Pre-emphasis takes mains hum and rumble away, which would pass for a loud voice. */
static float high_pass(struct vad *vad, const int16_t *samples, size_t count, float *out)
{
	float energy = 0;

	for (size_t i = 0; i < count; i++) {
		float x = (float)samples[i] / 32768.0f;

		out[i] = x - 0.86f * vad->previous;
		vad->previous = x;
		energy += out[i] * out[i];
	}
	return energy / (float)count;
}

/* Greatest normalised autocorrelation over pitch periods of 70 to 400 Hz, on a signal at 8 kHz. */
static float periodicity(const float *frame, size_t count, size_t step)
{
	size_t n = count / step;
	float best = 0, power = 1e-9f;

	for (size_t i = 0; i < n; i++)
		power += frame[i * step] * frame[i * step];
	for (size_t lag = 20; lag <= 100 && lag < n; lag++) {
		float sum = 0;

		for (size_t i = lag; i < n; i++)
			sum += frame[i * step] * frame[(i - lag) * step];
		sum = sum / power * (float)n / (float)(n - lag);
		if (sum > best)
			best = sum;
	}
	return best > 1 ? 1 : best;
}

/* Minimum statistics over two seconds: pauses inside speech keep the floor down. */
static void follow_floor(struct vad *vad)
{
	float least = 0;

	vad->smooth_db += 0.4f * (vad->level_db - vad->smooth_db);
	if (vad->slot_frames == 0 || vad->smooth_db < vad->slot_min_db[vad->slot])
		vad->slot_min_db[vad->slot] = vad->smooth_db;
	if (++vad->slot_frames >= VAD_SLOT_FRAMES) {
		vad->slot = (vad->slot + 1) % VAD_FLOOR_SLOTS;
		vad->slot_frames = 0;
	}
	for (size_t i = 0; i < VAD_FLOOR_SLOTS; i++) {
		if (vad->slot_min_db[i] < least)
			least = vad->slot_min_db[i];
	}
	vad->floor_db = least + FLOOR_BIAS_DB;
	if (vad->floor_db < QUIETEST_DB)
		vad->floor_db = QUIETEST_DB;
}

float vad_frame(struct vad *vad, const int16_t *samples)
{
	float frame[VAD_MAX_FRAME];
	size_t count = vad_frame_samples(vad);
	float power = high_pass(vad, samples, count, frame);
	float loudness, probability;

	vad->level_db = 10.0f * log10f(power + 1e-10f);
	loudness = (vad->level_db - vad->floor_db - RISE_DB) / SPAN_DB;
	loudness = loudness < 0 ? 0 : loudness > 1 ? 1 : loudness;
	vad->voicing = loudness > 0 ? periodicity(frame, count, vad->rate_hz / 8000) : 0;
	probability = loudness * (0.5f + 0.5f * vad->voicing);
	follow_floor(vad);
	return probability;
}
