/*
 * WAV files (RIFF). Reading is from memory and trusts nothing; writing is a stream whose header is
 * right up to the last second even when the process dies.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	WAV_MAX_BYTES = 64 << 20,
	WAV_MAX_RATE_HZ = 192000,
	WAV_MIN_RATE_HZ = 1000,
	WAV_ERROR_SIZE = 96,
};

struct wav {
	uint32_t rate_hz;
	uint16_t channels; /* 1 or 2 */
	size_t frames;
	int16_t *samples; /* frames * channels, interleaved; wav_free() */
};

/*
 * PCM of 16 bits, mu-law or A-law. A file cut short gives what there is. ret_error (may be NULL)
 * says what is wrong. Returns 0, -EBADMSG (no such file), -ENOTSUP (another coding), -EFBIG.
 */
int wav_parse(struct wav *ret_wav, const void *data, size_t len, char ret_error[WAV_ERROR_SIZE]);
void wav_free(struct wav *wav);

/* Both channels in one; stereo gives the mean. ret_samples has room for wav->frames. */
void wav_mix_down(const struct wav *wav, int16_t *ret_samples);

/* A file of 16 bit PCM being written; the directory exists. Dropping it (mem_unref) closes it. */
struct wav_writer;
int wav_writer_open(struct wav_writer **ret_writer, const char *path, uint32_t rate_hz,
		    uint16_t channels);
/* frames of interleaved samples. Returns 0 or a negative errno (once one is returned, always). */
int wav_writer_put(struct wav_writer *writer, const int16_t *samples, size_t frames);
uint64_t wav_writer_frames(const struct wav_writer *writer);
/* Everything is on its way to the file and the header says so. */
int wav_writer_flush(struct wav_writer *writer);
