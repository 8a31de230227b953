/* Protects: audio files become what a telephone hears, whatever their coding; garbage is refused.
 */
#include "unit/check.h"

#include "carrier/clip.h"
#include "core/buf.h"
#include "core/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void put(struct buf *buf, uint32_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_append_char(buf, (char)(value >> 8 * i));
}

/* A file of `frames` frames of one value. */
static void make(struct buf *out, unsigned format, unsigned channels, unsigned rate, unsigned bits,
		 uint32_t value, unsigned frames)
{
	unsigned size = channels * bits / 8;

	buf_clear(out);
	buf_append_str(out, "RIFF");
	put(out, 36 + frames * size, 4);
	buf_append_str(out, "WAVEfmt ");
	put(out, 16, 4);
	put(out, format, 2);
	put(out, channels, 2);
	put(out, rate, 4);
	put(out, rate * size, 4);
	put(out, size, 2);
	put(out, bits, 2);
	buf_append_str(out, "data");
	put(out, frames * size, 4);
	for (unsigned i = 0; i < frames * channels; i++)
		put(out, value, bits / 8);
}

static void every_coding_is_heard(void **state)
{
	static const struct {
		unsigned format, channels, rate, bits;
		uint32_t value;
		int level; /* in the middle of the result */
	} cases[] = {
		{1, 1, 8000, 16, 5000, 5000},  {1, 2, 8000, 16, 5000, 5000},
		{1, 1, 44100, 16, 5000, 5000}, {1, 2, 48000, 16, (uint32_t)-5000, -5000},
		{1, 1, 11025, 16, 5000, 5000}, {1, 1, 8000, 8, 128 + 40, 40 * 256},
		{7, 1, 8000, 8, 0x90, 15996},  {6, 1, 8000, 8, 0xd5, 8},
		{7, 2, 16000, 8, 0xff, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_buf struct buf file = {0};
		auto_free int16_t *samples = NULL;
		size_t count = 0;

		make(&file, cases[i].format, cases[i].channels, cases[i].rate, cases[i].bits,
		     cases[i].value, cases[i].rate);
		assert_int_equal(clip_decode(&samples, &count, file.data, file.len), 0);
		/* A second, give or take what the filter keeps. */
		assert_in_range(count, 7900, 8100);
		assert_in_range(abs(samples[4000] - cases[i].level), 0,
				abs(cases[i].level) / 10 + 10);
	}
}

static void a_file_cut_short_gives_what_there_is(void **state)
{
	auto_buf struct buf file = {0};
	auto_free int16_t *samples = NULL;
	size_t count = 0;

	make(&file, 1, 1, 8000, 16, 1000, 8000);
	assert_int_equal(clip_decode(&samples, &count, file.data, 44 + 8000), 0);
	assert_int_equal(count, 4000);
}

static void what_is_no_telephone_audio_is_refused(void **state)
{
	static const struct {
		unsigned format, channels, rate, bits;
	} cases[] = {
		{3, 1, 8000, 32}, {1, 0, 8000, 16}, {1, 3, 8000, 16},   {1, 1, 8000, 24},
		{7, 1, 8000, 16}, {1, 1, 0, 16},    {1, 1, 999999, 16},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_buf struct buf file = {0};
		int16_t *samples = NULL;
		size_t count = 0;

		make(&file, cases[i].format, cases[i].channels, cases[i].rate, cases[i].bits, 0,
		     100);
		assert_int_equal(clip_decode(&samples, &count, file.data, file.len), -EBADMSG);
		assert_null(samples);
	}
}

static void every_beginning_of_a_file_is_survived(void **state)
{
	auto_buf struct buf file = {0};

	make(&file, 1, 2, 44100, 16, 1000, 50);
	for (size_t len = 0; len <= file.len; len++) {
		/* Of its own size, so that a sanitizer sees who reads past the end. */
		auto_free void *copy = mem_memdup(file.data, len);
		int16_t *samples = NULL;
		size_t count = 0;

		if (!clip_decode(&samples, &count, copy, len))
			mem_free(samples);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_coding_is_heard),
		cmocka_unit_test(a_file_cut_short_gives_what_there_is),
		cmocka_unit_test(what_is_no_telephone_audio_is_refused),
		cmocka_unit_test(every_beginning_of_a_file_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
