#include "media/jitter.h"

#include "core/mem.h"
#include "media/plc.h"

#include <limits.h>
#include <string.h>

enum {
	RING = 8192, /* samples, a power of two; a good second */
	FRAME = JITTER_FRAME_SAMPLES,
	MAX_DELAY = JITTER_MAX_MS * 8,
	MAX_PACKET = 1600,
	MAX_STEP_BACK = 8000, /* older than that is no late packet but another time line */
	MAX_DRY_FRAMES = 5,   /* then the stream has paused: the next packet starts anew */
	MIN_PATIENCE = JITTER_PATIENCE_MS * 8,
	MAX_LATE_RUN = 25,
	WINDOW_FRAMES = 100, /* over which the least fill is taken */
};

struct jitter {
	int16_t ring[RING];
	uint8_t present[RING];
	uint32_t play_ts; /* next sample to play */
	uint32_t end_ts;  /* after the newest sample */
	bool streaming;
	bool late; /* the latest tick was */
	bool seen_seq;
	bool shrink;
	uint16_t max_seq;
	int owed;          /* ticks less frames given out; -1: given out ahead of its tick */
	uint32_t patience; /* samples */
	uint32_t dry_frames;
	uint32_t late_run;
	uint32_t window_frames;
	uint32_t window_least;
	int window_least_owed;
	struct plc plc;
	struct jitter_stats stats;
};

struct jitter *jitter_new(void)
{
	struct jitter *jitter = mem_new(sizeof(*jitter), NULL);

	jitter->patience = MIN_PATIENCE;
	jitter_reset(jitter);
	return jitter;
}

static void window_restart(struct jitter *jitter)
{
	jitter->window_frames = 0;
	jitter->window_least = UINT32_MAX;
	jitter->window_least_owed = INT_MAX;
	jitter->shrink = false;
}

static void stream_stop(struct jitter *jitter)
{
	memset(jitter->present, 0, sizeof(jitter->present));
	jitter->streaming = false;
	jitter->dry_frames = 0;
	jitter->late_run = 0;
	window_restart(jitter);
}

void jitter_reset(struct jitter *jitter)
{
	stream_stop(jitter);
	jitter->seen_seq = false;
	memset(&jitter->plc, 0, sizeof(jitter->plc));
}

static void stream_start(struct jitter *jitter, uint32_t ts)
{
	stream_stop(jitter);
	jitter->streaming = true;
	jitter->play_ts = ts;
	jitter->end_ts = ts;
}

/* False when the packet is the one that came before. */
static bool note_seq(struct jitter *jitter, uint16_t seq)
{
	int ahead = (int16_t)(seq - jitter->max_seq);

	if (!jitter->seen_seq || ahead > 1000 || ahead < -1000) {
		jitter->seen_seq = true;
		jitter->max_seq = seq;
		return true;
	}
	if (ahead == 0)
		return false;
	if (ahead > 0) {
		jitter->stats.lost += (uint64_t)ahead - 1;
		jitter->max_seq = seq;
	} else if (jitter->stats.lost) {
		jitter->stats.lost--; /* out of order, not lost; a copy is noticed by its samples */
	}
	return true;
}

static void skip_to(struct jitter *jitter, uint32_t ts)
{
	while (jitter->play_ts != ts)
		jitter->present[jitter->play_ts++ % RING] = 0;
}

/* Where a packet lies relative to what is played; false when it is of no use any more. */
static bool place(struct jitter *jitter, uint32_t ts, size_t count)
{
	int32_t offset;

	if (!jitter->streaming)
		stream_start(jitter, ts);
	offset = (int32_t)(ts - jitter->play_ts);
	if (offset < -MAX_STEP_BACK || offset > RING - MAX_PACKET) {
		stream_start(jitter, ts);
		return true;
	}
	if (offset + (int32_t)count <= 0) {
		jitter->stats.late++;
		if (++jitter->late_run < MAX_LATE_RUN)
			return false;
		stream_start(jitter, ts);
		return true;
	}
	jitter->late_run = 0;
	if (offset > 0 && jitter->dry_frames) {
		/* What was made up while nothing came stands for what was lost. */
		uint32_t made_up = jitter->dry_frames * FRAME;

		skip_to(jitter, jitter->play_ts +
					(made_up < (uint32_t)offset ? made_up : (uint32_t)offset));
	}
	return true;
}

void jitter_put(struct jitter *jitter, uint16_t seq, uint32_t ts, const int16_t *samples,
		size_t count)
{
	if (count > MAX_PACKET)
		count = MAX_PACKET;
	jitter->stats.received++;
	if (!note_seq(jitter, seq)) {
		jitter->stats.duplicate++;
		return;
	}
	if (!count || !place(jitter, ts, count))
		return;
	if ((int32_t)(ts - jitter->play_ts) >= 0 && jitter->present[ts % RING])
		jitter->stats.duplicate++;

	for (size_t i = 0; i < count; i++) {
		uint32_t at = ts + (uint32_t)i;

		if ((int32_t)(at - jitter->play_ts) < 0)
			continue;
		jitter->ring[at % RING] = samples[i];
		jitter->present[at % RING] = 1;
	}
	if ((int32_t)(ts + (uint32_t)count - jitter->end_ts) > 0)
		jitter->end_ts = ts + (uint32_t)count;
	if (jitter->end_ts - jitter->play_ts > MAX_DELAY + (uint32_t)count)
		skip_to(jitter, jitter->end_ts - (uint32_t)count);
}

/* Take a frame out of the ring, making up what is missing. True when some of it was there. */
static bool take(struct jitter *jitter, int16_t *out)
{
	bool heard = false, made_up = false;

	for (int from = 0, to; from < FRAME; from = to) {
		bool present = jitter->present[(jitter->play_ts + (uint32_t)from) % RING];

		for (to = from; to < FRAME; to++) {
			uint32_t at = (jitter->play_ts + (uint32_t)to) % RING;

			if ((bool)jitter->present[at] != present)
				break;
			out[to] = jitter->ring[at];
		}
		if (present)
			plc_hear(&jitter->plc, out + from, (size_t)(to - from));
		else
			plc_fill(&jitter->plc, out + from, (size_t)(to - from));
		heard |= present;
		made_up |= !present;
	}
	skip_to(jitter, jitter->play_ts + FRAME);
	jitter->stats.concealed += made_up;
	return heard;
}

static bool is_whole(const struct jitter *jitter, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!jitter->present[(jitter->play_ts + i) % RING])
			return false;
	return true;
}

/* Two frames become one, the first fading into the second. */
static bool take_shrunk(struct jitter *jitter, int16_t *out)
{
	int16_t next[FRAME];

	take(jitter, out);
	take(jitter, next);
	for (int i = 0; i < FRAME; i++)
		out[i] = (int16_t)((out[i] * (FRAME - i) + next[i] * i) / FRAME);
	jitter->shrink = false;
	return true;
}

/*
 * What lay there at every tick has been too much. Two frames: one is got rid of. One: packets come
 * before our ticks and not behind them, as they do when their clock is the faster one; where it is
 * slower, even the earliest is behind. Then we count from where they come.
 */
static void window_end(struct jitter *jitter)
{
	uint32_t least = jitter->window_least;
	int least_owed = jitter->window_least_owed;

	window_restart(jitter);
	if (least >= 2 * FRAME)
		jitter->shrink = true;
	else if (least >= FRAME)
		jitter->owed++;
	else if (least_owed >= 0 && jitter->owed > 0)
		jitter->owed--;
	if (jitter->patience > MIN_PATIENCE)
		jitter->patience -= FRAME;
}

void jitter_tick(struct jitter *jitter, bool late)
{
	uint32_t level = jitter->end_ts - jitter->play_ts;

	jitter->late = late;
	jitter->owed++;
	if (!jitter->streaming)
		return;
	if (level < jitter->window_least)
		jitter->window_least = level;
	if (++jitter->window_frames >= WINDOW_FRAMES)
		window_end(jitter);
}

static enum jitter_frame run_dry(struct jitter *jitter, int16_t *out)
{
	if (!jitter->dry_frames++) {
		jitter->patience += jitter->patience < MAX_DELAY ? FRAME : 0;
		window_restart(jitter);
	}
	plc_fill(&jitter->plc, out, FRAME);
	jitter->stats.concealed++;
	if (jitter->dry_frames >= MAX_DRY_FRAMES)
		stream_stop(jitter);
	return JITTER_MADE_UP;
}

/* Whether there is a frame, or it is time for one that is not whole. */
static bool is_due(const struct jitter *jitter)
{
	if (!jitter->streaming)
		return jitter->owed > 0 && !jitter->late;
	if (jitter->owed < 0)
		return false;
	if (is_whole(jitter, FRAME))
		return true;
	return jitter->owed > (int)(jitter->patience / FRAME) && !jitter->late;
}

enum jitter_frame jitter_get(struct jitter *jitter, int16_t ret_samples[JITTER_FRAME_SAMPLES])
{
	uint32_t level = jitter->end_ts - jitter->play_ts;
	bool heard;

	if (!is_due(jitter))
		return JITTER_NONE;
	jitter->owed--;
	if (!jitter->streaming) {
		memset(ret_samples, 0, FRAME * sizeof(*ret_samples));
		return JITTER_SILENCE;
	}
	if (level < FRAME)
		return run_dry(jitter, ret_samples);
	if (jitter->owed < jitter->window_least_owed)
		jitter->window_least_owed = jitter->owed;
	jitter->dry_frames = 0;
	if (jitter->shrink && level >= 2 * FRAME && is_whole(jitter, 2 * FRAME))
		heard = take_shrunk(jitter, ret_samples);
	else
		heard = take(jitter, ret_samples);
	return heard ? JITTER_HEARD : JITTER_MADE_UP;
}

uint32_t jitter_delay_ms(const struct jitter *jitter)
{
	return jitter->streaming ? (jitter->end_ts - jitter->play_ts) / 8 : 0;
}

void jitter_stats(const struct jitter *jitter, struct jitter_stats *ret_stats)
{
	*ret_stats = jitter->stats;
}
