/*
 * From audio to the features the acoustic model reads: 100 frames of 13 cepstra a second.
 * Narrow-band audio is up-sampled and its cepstra go through the telephone map; wide-band audio
 * only has its cepstra computed. Any thread, one at a time.
 */
#pragma once

#include "speech/telephone_map.h"

#include <stddef.h>
#include <stdint.h>

struct cepstra;

/* Frames in order. They may be changed by the handler; valid until it returns. */
typedef void cepstra_h(float (*frames)[MAP_CEPSTRA], size_t count, void *arg);

/*
 * acoustic_dir: folder of the acoustic model, with its feat.params. rate_hz: 8000 or 16000.
 * map: referenced; needed at 8000. Returns 0, -EINVAL, or -ENOENT without feat.params.
 */
int cepstra_new(struct cepstra **ret_cepstra, const char *acoustic_dir,
		const struct telephone_map *map, uint32_t rate_hz);

void cepstra_start(struct cepstra *cepstra); /* drops what was left of the last utterance */
void cepstra_feed(struct cepstra *cepstra, const int16_t *samples, size_t count, cepstra_h *frameh,
		  void *arg);
void cepstra_finish(struct cepstra *cepstra, cepstra_h *frameh, void *arg); /* the last frames */
