/*
 * WAV files (RIFF): reading, from memory and trusting nothing, and the header of those we write.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	WAV_MAX_BYTES = 64 << 20,
	WAV_MAX_RATE_HZ = 192000,
	WAV_MIN_RATE_HZ = 1000,
	WAV_ERROR_SIZE = 96,
	WAV_HEADER_SIZE = 44,
};

struct wav {
	uint32_t rate_hz;
	uint16_t channels; /* 1 or 2 */
	size_t frames;
	int16_t *samples; /* frames * channels, interleaved; wav_free() */
};

/*
 * PCM of 16 or 8 bits, mu-law or A-law. A file cut short gives what there is. ret_error (may be
 * NULL) says what is wrong. Returns 0, -EBADMSG (no such file), -ENOTSUP (another coding), -EFBIG.
 */
int wav_parse(struct wav *ret_wav, const void *data, size_t len, char ret_error[WAV_ERROR_SIZE]);
void wav_free(struct wav *wav);

/* Both channels in one; stereo gives the mean. ret_samples has room for wav->frames. */
void wav_mix_down(const struct wav *wav, int16_t *ret_samples);

/*
 * What stands before data_bytes bytes of 16 bit PCM; more than its fields can hold is left out.
 */
void wav_header(uint8_t ret_header[WAV_HEADER_SIZE], uint32_t rate_hz, uint32_t channels,
		uint64_t data_bytes);
