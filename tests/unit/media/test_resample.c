/*
 * Protects the change of sample rate: the right number of samples in whatever pieces they come, a
 * tone keeps its level and its place in time, and what the lower rate cannot carry is gone.
 */
#include "core/mem.h"
#include "media/resample.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct sound {
	int16_t samples[100000];
	size_t count;
};

/* A second of tone, converted in pieces of the given size. */
static struct sound *convert(uint32_t in_hz, uint32_t out_hz, double tone_hz, size_t piece)
{
	struct sound *out = mem_new(sizeof(*out), NULL);
	auto_unref struct resample *resample = NULL;
	int16_t in[48000];

	assert_int_equal(0, resample_new(&resample, in_hz, out_hz));
	for (size_t i = 0; i < in_hz; i++)
		in[i] = (int16_t)lrint(10000.0 * sin(2.0 * M_PI * tone_hz * (double)i / in_hz));
	for (size_t at = 0; at < in_hz; at += piece) {
		const size_t part = in_hz - at < piece ? in_hz - at : piece;
		const size_t bound = resample_bound(resample, part);
		const size_t made =
			resample_run(resample, out->samples + out->count, in + at, part);

		assert_true(made <= bound);
		out->count += made;
	}
	out->count += resample_flush(resample, out->samples + out->count);
	return out;
}

static void test_length_level_and_place_are_kept(void **state)
{
	static const struct {
		uint32_t in_hz, out_hz;
		size_t piece;
	} cases[] = {
		{8000, 16000, 160}, {16000, 8000, 320},  {16000, 8000, 1},    {8000, 48000, 7},
		{48000, 8000, 960}, {22050, 8000, 4096}, {16000, 16000, 320}, {44100, 16000, 999},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_unref struct sound *out =
			convert(cases[i].in_hz, cases[i].out_hz, 440.0, cases[i].piece);
		double worst = 0.0;

		assert_in_range(out->count, cases[i].out_hz - 2, cases[i].out_hz + 2);
		/* away from the edges, where the filter sees silence */
		for (size_t k = out->count / 10; k < out->count * 9 / 10; k++) {
			const double wanted =
				10000.0 * sin(2.0 * M_PI * 440.0 * (double)k / cases[i].out_hz);

			worst = fmax(worst, fabs(wanted - out->samples[k]));
		}
		assert_true(worst < 250.0);
	}
}

static void test_what_does_not_fit_the_lower_rate_is_removed(void **state)
{
	auto_unref struct sound *out = convert(16000, 8000, 5000.0, 320);

	for (size_t k = out->count / 10; k < out->count * 9 / 10; k++)
		assert_true(out->samples[k] > -60 && out->samples[k] < 60);
}

static void test_odd_rates_are_refused(void **state)
{
	struct resample *resample = NULL;

	assert_int_equal(-EINVAL, resample_new(&resample, 7999, 16000));
	assert_int_equal(-EINVAL, resample_new(&resample, 8000, 48001));
	assert_int_equal(-EINVAL, resample_new(&resample, 0, 0));
	assert_null(resample);
}

static void test_a_reset_stream_remembers_nothing(void **state)
{
	auto_unref struct resample *resample = NULL;
	int16_t loud[1600], quiet[1600] = {0}, out[8000];
	size_t made;

	assert_int_equal(0, resample_new(&resample, 8000, 16000));
	memset(loud, 0x40, sizeof(loud));
	resample_run(resample, out, loud, ARRAY_LEN(loud));
	resample_reset(resample);
	made = resample_run(resample, out, quiet, ARRAY_LEN(quiet));
	for (size_t i = 0; i < made; i++)
		assert_int_equal(0, out[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_length_level_and_place_are_kept),
		cmocka_unit_test(test_what_does_not_fit_the_lower_rate_is_removed),
		cmocka_unit_test(test_odd_rates_are_refused),
		cmocka_unit_test(test_a_reset_stream_remembers_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
