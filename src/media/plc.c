#include "media/plc.h"

#include <math.h>
#include <string.h>

enum {
	MIN_PITCH = 40, /* 200 Hz; the longest, 120, is 67 Hz */
	SPAN = 160,     /* compared to find the pitch */
	HOLD = 80,      /* made up at full strength */
	FADE = 480,     /* silent from here on */
	BLEND = 40,     /* back into real sound */
};

static void remember(struct plc *plc, const int16_t *samples, size_t count)
{
	if (count >= PLC_HISTORY) {
		memcpy(plc->history, samples + count - PLC_HISTORY, sizeof(plc->history));
		return;
	}
	memmove(plc->history, plc->history + count,
		(PLC_HISTORY - count) * sizeof(plc->history[0]));
	memcpy(plc->history + PLC_HISTORY - count, samples, count * sizeof(*samples));
}

/* The lag at which the latest sound is most like what was before it. */
static size_t find_pitch(const struct plc *plc)
{
	const int16_t *latest = plc->history + PLC_HISTORY - SPAN;
	float best = -1;
	size_t pitch = PLC_MAX_PITCH;

	for (size_t lag = MIN_PITCH; lag <= PLC_MAX_PITCH; lag++) {
		float product = 0, energy = 1, likeness;

		for (size_t i = 0; i < SPAN; i += 2) {
			float then = *(latest + i - lag);

			product += (float)latest[i] * then;
			energy += then * then;
		}
		likeness = product / sqrtf(energy);
		if (likeness > best) {
			best = likeness;
			pitch = lag;
		}
	}
	return pitch;
}

/* The last period, its end bent so that it can follow itself. */
static void cut_period(struct plc *plc)
{
	const int16_t *end = plc->history + PLC_HISTORY;
	size_t pitch = plc->pitch = find_pitch(plc);
	size_t bend = pitch / 4;

	for (size_t i = 0; i < pitch; i++) {
		int now = *(end - pitch + i), before = *(end - 2 * pitch + i);
		int weight = i < pitch - bend ? 0 : (int)(i - (pitch - bend) + 1);

		plc->period[i] =
			(int16_t)((now * ((int)bend - weight) + before * weight) / (int)bend);
	}
}

static int16_t made_up(const struct plc *plc, size_t at)
{
	int sample = plc->period[at % plc->pitch];

	if (at >= FADE)
		return 0;
	return (int16_t)(at < HOLD ? sample : sample * (int)(FADE - at) / (FADE - HOLD));
}

void plc_fill(struct plc *plc, int16_t *ret_samples, size_t count)
{
	if (!plc->missing)
		cut_period(plc);
	for (size_t i = 0; i < count; i++)
		ret_samples[i] = made_up(plc, plc->missing + i);
	plc->missing += count;
	remember(plc, ret_samples, count);
}

void plc_hear(struct plc *plc, int16_t *samples, size_t count)
{
	if (plc->missing) {
		for (size_t i = 0; i < count && i < BLEND; i++) {
			int old = made_up(plc, plc->missing + i);

			samples[i] =
				(int16_t)((old * (int)(BLEND - i) + samples[i] * (int)i) / BLEND);
		}
		plc->missing = 0;
	}
	remember(plc, samples, count);
}
