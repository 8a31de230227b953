/*
 * Change of sample rate, mono, as a stream (speexdsp, quality 10). The filter's delay is taken out:
 * sample n of the output belongs to the time of sample n * out_hz / in_hz of the input, and
 * resample_flush() gives the tail that the filter still holds.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct resample;

/* Rates 8000..48000; equal ones copy. ret_resample: owned by the caller. Returns 0 or -EINVAL. */
int resample_new(struct resample **ret_resample, uint32_t in_hz, uint32_t out_hz);

/* Most samples that one resample_run() of count samples, or one resample_flush(), can give. */
size_t resample_bound(const struct resample *resample, size_t count);

/*
 * Takes all of count samples; out has room for resample_bound(resample, count).
 * Returns how many samples it wrote.
 */
size_t resample_run(struct resample *resample, int16_t *out, const int16_t *in, size_t count);

/* The end of the stream: out has room for resample_bound(resample, 0). Starts a fresh stream. */
size_t resample_flush(struct resample *resample, int16_t *out);

/* Forget what came before. */
void resample_reset(struct resample *resample);
