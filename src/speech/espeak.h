/*
 * espeak-ng, run as a program (it is GPL): the languages flite does not speak. The text goes in
 * through its standard input, nothing of it through a shell or an argument.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct espeak_request {
	const char *language; /* BCP 47: letters, digits and '-', at most 16 */
	const char *variant;  /* one of espeak's, "f2"; NULL: the language's own voice */
	const char *text;
	unsigned words_per_minute; /* 80..450 */
};

/* A piece of audio at rate_hz, on the thread that called espeak_speak(). Returns 0 to go on. */
typedef int espeak_piece_h(const int16_t *samples, size_t count, uint32_t rate_hz, void *arg);

/*
 * Blocks, at most ESPEAK_MAX_MS. Returns 0, -ECANCELED when pieceh stopped it, -EINVAL (language),
 * -ENOENT when the program or the language is not there, -ETIMEDOUT, -EFBIG or -EIO.
 */
enum { ESPEAK_MAX_MS = 15000, ESPEAK_MAX_BYTES = 32 << 20 };
int espeak_speak(const struct espeak_request *request, espeak_piece_h *pieceh, void *arg);
