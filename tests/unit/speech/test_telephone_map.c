/*
 * Protects the weights file's loader (whatever the file holds, it is loaded whole or refused) and
 * the stream of frames through the map: as many out as in, whatever their number.
 */
#include "core/digest.h"
#include "core/mem.h"
#include "speech/telephone_map.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MAP_PATH SOURCE_DIR "/config/speech/telephone_map.bin"

struct file {
	uint8_t data[1 << 20];
	size_t len;
};

static struct file *read_weights(void)
{
	struct file *file = mem_new(sizeof(*file), NULL);
	FILE *in = fopen(MAP_PATH, "rbe");

	assert_non_null(in);
	file->len = fread(file->data, 1, sizeof(file->data), in);
	fclose(in);
	return file;
}

/* Make the checksum right again, so that what it would hide is looked at. */
static void sign(struct file *file)
{
	digest_sha256(file->data + 32, file->data + 64, file->len - 64);
}

static void expect_refusal(const struct file *file)
{
	struct telephone_map *map = NULL;

	assert_int_equal(-EBADMSG, telephone_map_parse(&map, file->data, file->len));
	assert_null(map);
}

static void test_the_file_in_the_tree_loads(void **state)
{
	struct telephone_map *map;

	assert_int_equal(0, telephone_map_load(&map, MAP_PATH));
	mem_unref(map);
	assert_int_equal(-ENOENT, telephone_map_load(&map, MAP_PATH ".missing"));
	assert_int_equal(-EBADMSG, telephone_map_load(&map, SOURCE_DIR "/CMakeLists.txt"));
}

static void test_any_changed_byte_is_noticed(void **state)
{
	auto_unref struct file *file = read_weights();

	for (size_t at = 0; at < file->len; at += at < 64 ? 1 : 9973) {
		file->data[at] ^= 0x10;
		expect_refusal(file);
		file->data[at] ^= 0x10;
	}
}

static void test_any_other_length_is_noticed(void **state)
{
	static const size_t lengths[] = {0, 1, 8, 63, 64, 65, 1000};
	auto_unref struct file *file = read_weights();
	const size_t whole = file->len;

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		file->len = lengths[i];
		expect_refusal(file);
	}
	file->len = whole - 4;
	expect_refusal(file);
	file->len = whole + 4;
	expect_refusal(file);
}

static void test_values_that_would_poison_the_features_are_refused(void **state)
{
	static const float bad[] = {NAN, INFINITY, -INFINITY, 1e7f};
	const float zero = 0.0f;
	auto_unref struct file *file = read_weights();
	uint8_t kept[4];

	memcpy(kept, file->data + 1064, 4);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		memcpy(file->data + 1064, &bad[i], 4);
		sign(file);
		expect_refusal(file);
	}
	memcpy(file->data + 1064, kept, 4);
	memcpy(file->data + 64 + 4 * 117, &zero, 4); /* a deviation, which is divided by */
	sign(file);
	expect_refusal(file);
}

static void test_as_many_frames_come_out_as_went_in(void **state)
{
	struct telephone_map *map;

	assert_int_equal(0, telephone_map_load(&map, MAP_PATH));
	for (size_t count = 0; count < 12; count++) {
		struct map_stream stream = {.seen = 0};
		float out[MAP_CEPSTRA];
		size_t given = 0;

		for (size_t i = 0; i < count; i++) {
			const float in[MAP_CEPSTRA] = {40.0f + (float)i, -5.0f};

			given += telephone_map_push(map, &stream, in, out);
			assert_int_equal(i < 4 ? 0 : i - 3, given);
		}
		while (telephone_map_pull(map, &stream, out)) {
			given++;
			for (size_t i = 0; i < MAP_CEPSTRA; i++)
				assert_true(isfinite(out[i]) && fabsf(out[i]) < 200.0f);
		}
		assert_int_equal(count, given);
	}
	mem_unref(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_file_in_the_tree_loads),
		cmocka_unit_test(test_any_changed_byte_is_noticed),
		cmocka_unit_test(test_any_other_length_is_noticed),
		cmocka_unit_test(test_values_that_would_poison_the_features_are_refused),
		cmocka_unit_test(test_as_many_frames_come_out_as_went_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
