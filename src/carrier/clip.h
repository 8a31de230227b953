/*
 * Audio files that customers let us play: WAV with 16-bit or 8-bit PCM, mu-law or A-law, one or two
 * channels, 8 to 48 kHz; turned into what a telephone hears.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLIP_MAX_BYTES = 16 * 1024 * 1024, CLIP_MAX_SECONDS = 600 };

/*
 * ret_samples: 8 kHz mono, owned by the caller (mem_free), *ret_count of them; what is longer than
 * CLIP_MAX_SECONDS is cut off. Returns 0 or -EBADMSG. Any thread.
 */
int clip_decode(int16_t **ret_samples, size_t *ret_count, const void *data, size_t len);
