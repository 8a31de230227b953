#include "speech/cepstra.h"

#include "core/mem.h"
#include "media/resample.h"

#include <errno.h>
#include <string.h>

#include <pocketsphinx.h>
#include <sphinxbase/cmd_ln.h>
#include <sphinxbase/fe.h>

enum { MODEL_HZ = 16000, FEED_SAMPLES = 1600, FRAMES_MAX = 64 };

struct cepstra {
	fe_t *front_end;
	const struct telephone_map *map; /* NULL: wide band */
	struct map_stream stream;
	struct resample *resample;
	int16_t *wide; /* room for what FEED_SAMPLES become */
	float frames[FRAMES_MAX][MAP_CEPSTRA];
	float *rows[FRAMES_MAX]; /* frames, as sphinxbase wants to see them */
};

static void cepstra_destroy(void *data)
{
	struct cepstra *cepstra = data;

	if (cepstra->front_end)
		fe_free(cepstra->front_end);
	mem_unref(cepstra->resample);
	mem_free(cepstra->wide);
	mem_unref((void *)cepstra->map);
}

/* Noise and silence removal change what the map learnt to read, so they are off. */
static fe_t *open_front_end(const char *acoustic_dir)
{
	auto_free char *path = mem_printf("%s/feat.params", acoustic_dir);
	cmd_ln_t *config = cmd_ln_init(NULL, ps_args(), FALSE, "-remove_noise", "no",
				       "-remove_silence", "no", NULL);
	fe_t *front_end = NULL;

	if (!config)
		return NULL;
	if (cmd_ln_parse_file_r(config, ps_args(), path, FALSE))
		front_end = fe_init_auto_r(config);
	cmd_ln_free_r(config);
	return front_end;
}

int cepstra_new(struct cepstra **ret_cepstra, const char *acoustic_dir,
		const struct telephone_map *map, uint32_t rate_hz)
{
	auto_unref struct cepstra *cepstra = NULL;

	if ((rate_hz != 8000 && rate_hz != MODEL_HZ) || (rate_hz == 8000 && !map))
		return -EINVAL;
	cepstra = mem_new(sizeof(*cepstra), cepstra_destroy);
	cepstra->front_end = open_front_end(acoustic_dir);
	if (!cepstra->front_end)
		return -ENOENT;
	if (fe_get_output_size(cepstra->front_end) != MAP_CEPSTRA)
		return -EINVAL;
	if (rate_hz == 8000)
		cepstra->map = mem_ref((void *)map);
	if (resample_new(&cepstra->resample, rate_hz, MODEL_HZ))
		return -EINVAL;
	cepstra->wide =
		mem_alloc(resample_bound(cepstra->resample, FEED_SAMPLES) * sizeof(int16_t));
	for (size_t i = 0; i < FRAMES_MAX; i++)
		cepstra->rows[i] = cepstra->frames[i];
	cepstra_start(cepstra);
	*ret_cepstra = cepstra;
	cepstra = NULL;
	return 0;
}

void cepstra_start(struct cepstra *cepstra)
{
	memset(&cepstra->stream, 0, sizeof(cepstra->stream));
	resample_reset(cepstra->resample);
	fe_start_stream(cepstra->front_end);
	fe_start_utt(cepstra->front_end);
}

/* The first count of frames[]. Mapping in place is safe: what goes out went in earlier. */
static void pass_on(struct cepstra *cepstra, size_t count, cepstra_h *frameh, void *arg)
{
	size_t given = 0;

	if (!cepstra->map) {
		given = count;
	} else {
		for (size_t i = 0; i < count; i++)
			if (telephone_map_push(cepstra->map, &cepstra->stream, cepstra->frames[i],
					       cepstra->frames[given]))
				given++;
	}
	if (given > 0)
		frameh(cepstra->frames, given, arg);
}

static void take_wide(struct cepstra *cepstra, size_t count, cepstra_h *frameh, void *arg)
{
	const int16_t *at = cepstra->wide;

	while (count > 0) {
		int32 frames = FRAMES_MAX;
		size_t left = count;

		if (fe_process_frames(cepstra->front_end, &at, &left, cepstra->rows, &frames,
				      NULL) < 0)
			return;
		pass_on(cepstra, (size_t)frames, frameh, arg);
		if (left == count && frames == 0)
			return;
		count = left;
	}
}

void cepstra_feed(struct cepstra *cepstra, const int16_t *samples, size_t count, cepstra_h *frameh,
		  void *arg)
{
	while (count > 0) {
		const size_t part = count < FEED_SAMPLES ? count : FEED_SAMPLES;
		const size_t wide = resample_run(cepstra->resample, cepstra->wide, samples, part);

		take_wide(cepstra, wide, frameh, arg);
		samples += part;
		count -= part;
	}
}

void cepstra_finish(struct cepstra *cepstra, cepstra_h *frameh, void *arg)
{
	int32 frames = 0;
	size_t left = 0;

	take_wide(cepstra, resample_flush(cepstra->resample, cepstra->wide), frameh, arg);
	if (fe_end_utt(cepstra->front_end, cepstra->frames[0], &frames) >= 0 && frames > 0)
		pass_on(cepstra, 1, frameh, arg);
	while (cepstra->map && left < FRAMES_MAX &&
	       telephone_map_pull(cepstra->map, &cepstra->stream, cepstra->frames[left]))
		left++;
	if (left > 0)
		frameh(cepstra->frames, left, arg);
}
