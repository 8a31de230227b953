/* Protects recordings and prompts: files written can be read, files from outside can only be
 * refused. */
#include "core/mem.h"
#include "media/wav.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static size_t slurp(const char *path, uint8_t *data, size_t size)
{
	FILE *file = fopen(path, "rb");
	size_t len;

	assert_non_null(file);
	len = fread(data, 1, size, file);
	fclose(file);
	return len;
}

static void what_is_written_can_be_read(void **state)
{
	static uint8_t data[1 << 20];
	char path[] = "/tmp/test_wav_XXXXXX";
	struct wav_writer *writer;
	struct wav wav;
	int16_t frame[2];
	size_t len;

	close(mkstemp(path));
	assert_int_equal(wav_writer_open(&writer, path, 8000, 2), 0);
	for (int i = 0; i < 20000; i++) {
		frame[0] = (int16_t)i;
		frame[1] = (int16_t)-i;
		assert_int_equal(wav_writer_put(writer, frame, 1), 0);
	}
	/* Before it is closed, as after a crash, all but the last second is there. */
	len = slurp(path, data, sizeof(data));
	assert_int_equal(wav_parse(&wav, data, len, NULL), 0);
	assert_in_range(wav.frames, 12000, 20000);
	assert_int_equal(data[40] | data[41] << 8 | data[42] << 16, wav.frames * 4);
	wav_free(&wav);

	mem_unref(writer);
	len = slurp(path, data, sizeof(data));
	unlink(path);
	assert_int_equal(wav_parse(&wav, data, len, NULL), 0);
	assert_int_equal(wav.frames, 20000);
	assert_int_equal(wav.channels, 2);
	assert_int_equal(wav.rate_hz, 8000);
	assert_int_equal(wav.samples[2 * 12345], 12345);
	assert_int_equal(wav.samples[2 * 12345 + 1], -12345);
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
		cmocka_unit_test(bad_files_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
