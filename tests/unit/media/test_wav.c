/* Protects recordings and prompts: what we write can be read, files from outside can only be
 * refused. */
#include "core/mem.h"
#include "media/wav.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void what_is_written_can_be_read(void **state)
{
	uint8_t file[WAV_HEADER_SIZE + 8];
	const int16_t samples[] = {12345, -12345, 1, -1};
	struct wav wav;

	wav_header(file, 8000, 2, sizeof(samples));
	memcpy(file + WAV_HEADER_SIZE, samples, sizeof(samples));
	assert_int_equal(wav_parse(&wav, file, sizeof(file), NULL), 0);
	assert_int_equal(wav.frames, 2);
	assert_int_equal(wav.channels, 2);
	assert_int_equal(wav.rate_hz, 8000);
	assert_memory_equal(wav.samples, samples, sizeof(samples));
	wav_free(&wav);
}

static void header_of_too_much_does_not_wrap(void **state)
{
	uint8_t header[WAV_HEADER_SIZE];
	uint32_t riff, data;

	wav_header(header, 8000, 2, 1ull << 40);
	memcpy(&riff, header + 4, 4);
	memcpy(&data, header + 40, 4);
	assert_true(riff > data && data > 4000000000u);
}

static void eight_bit_samples_are_unsigned(void **state)
{
	uint8_t file[] = "RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0"
			 "\x01\0\x08\0data\x03\0\0\0\0\x80\xff";
	struct wav wav;

	assert_int_equal(wav_parse(&wav, file, sizeof(file) - 1, NULL), 0);
	assert_int_equal(wav.frames, 3);
	assert_int_equal(wav.samples[0], -32768);
	assert_int_equal(wav.samples[1], 0);
	assert_int_equal(wav.samples[2], 32512);
	wav_free(&wav);
}

static void bad_files_are_refused(void **state)
{
	uint8_t file[48] = "RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\x07\0\x01\0\x40\x1f\0\0\x40\x1f\0\0"
			   "\x01\0\x08\0data\xff\xff\xff\xff\xff\x00";
	static const struct {
		size_t at;
		uint8_t value;
		int err;
	} cases[] = {
		{0, 'X', -EBADMSG}, {8, 'X', -EBADMSG},  {12, 'X', -EBADMSG},  {16, 8, -EBADMSG},
		{20, 3, -ENOTSUP},  {22, 0, -ENOTSUP},   {22, 9, -ENOTSUP},    {27, 0xff, -ENOTSUP},
		{34, 16, -ENOTSUP}, {36, 'X', -EBADMSG}, {19, 0xff, -EBADMSG},
	};
	char error[WAV_ERROR_SIZE];
	struct wav wav;

	assert_int_equal(wav_parse(&wav, file, 46, error), 0);
	assert_int_equal(wav.frames, 2); /* its size was a lie */
	wav_free(&wav);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t bad[48];

		memcpy(bad, file, sizeof(bad));
		bad[cases[i].at] = cases[i].value;
		error[0] = '\0';
		assert_int_equal(wav_parse(&wav, bad, 46, error), cases[i].err);
		assert_true(error[0]);
	}
	for (size_t len = 0; len < 44; len++)
		assert_true(wav_parse(&wav, file, len, error) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_can_be_read),
		cmocka_unit_test(header_of_too_much_does_not_wrap),
		cmocka_unit_test(eight_bit_samples_are_unsigned),
		cmocka_unit_test(bad_files_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
