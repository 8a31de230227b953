/*
 * The receiving side of a stream: each seven bytes of input are a packet (sequence number, time
 * stamp, length) or, with an odd first byte, ticks, on time or late, and the frames taken at them.
 */
#include "core/mem.h"
#include "media/jitter.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEP = 7, LONGEST = 2000 };

static void put(struct jitter *jitter, const uint8_t *step)
{
	static const uint32_t scales[] = {1, 80, 160, 65536};
	uint16_t seq = (uint16_t)(step[1] << 8 | step[2]);
	uint32_t ts = (uint32_t)(step[3] << 8 | step[4]) * scales[step[0] >> 1 & 3];
	size_t count = (size_t)(step[5] << 8 | step[6]) % LONGEST;
	int16_t *samples = malloc((count ? count : 1) * sizeof(*samples));

	for (size_t i = 0; i < count; i++)
		samples[i] = (int16_t)(i * 257);
	jitter_put(jitter, seq, ts, samples, count);
	free(samples);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct jitter *jitter = jitter_new();
	struct jitter_stats stats;
	int16_t frame[JITTER_FRAME_SAMPLES];
	uint64_t frames = 0;

	for (size_t at = 0; size - at >= STEP; at += STEP) {
		if (!(data[at] & 1))
			put(jitter, data + at);
		for (int i = 0; i < (data[at] & 1 ? data[at + 1] % 16 : 0); i++) {
			jitter_tick(jitter, data[at + 2] & 1);
			while (jitter_get(jitter, frame) != JITTER_NONE)
				frames++;
		}
		if (data[at] == 0xff)
			jitter_reset(jitter);
		if (jitter_delay_ms(jitter) > JITTER_MAX_MS + 200)
			abort();
	}
	jitter_stats(jitter, &stats);
	if (stats.concealed > 2 * frames || stats.duplicate > stats.received ||
	    stats.late > stats.received)
		abort();
	mem_unref(jitter);
	return 0;
}
