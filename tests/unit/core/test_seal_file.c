/* Protects: a sealed file reads back whole and in parts, shows nothing, and tells any change. */
#include "unit/check.h"

#include "core/digest.h"
#include "core/mem.h"
#include "core/seal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OF "a call"
enum { BIG = 2 * SEAL_FILE_PIECE + 1000 };

struct fixture {
	char dir[64];
	char plain[96], sealed[96];
	struct seal_key *key;
	uint8_t *content;
	struct seal_file file;
	int fd;
};

static void write_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(len, write(fd, data, len));
	close(fd);
}

/* Seal the first len bytes of the content, and open the result as a reader would. */
static void seal(struct fixture *f, size_t len)
{
	static const uint8_t id[SEAL_FILE_KEY_ID] = {7};
	uint8_t header[SEAL_FILE_HEADER];
	struct seal_file file;

	write_file(f->plain, f->content, len);
	seal_file_new(&file, f->key, id, OF);
	assert_int_equal(0, seal_file_write(&file, f->plain, f->sealed));
	if (f->fd >= 0)
		close(f->fd);
	f->fd = open(f->sealed, O_RDWR);
	assert_int_equal(sizeof(header), pread(f->fd, header, sizeof(header), 0));
	assert_int_equal(0, seal_file_parse(&f->file, header));
	assert_memory_equal(id, f->file.key_id, sizeof(id));
	seal_file_set_key(&f->file, f->key, OF);
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	uint8_t bytes[SEAL_KEY_LEN] = {9};

	snprintf(f->dir, sizeof(f->dir), "/tmp/test_seal_file_XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->plain, sizeof(f->plain), "%s/plain", f->dir);
	snprintf(f->sealed, sizeof(f->sealed), "%s/sealed", f->dir);
	f->key = seal_key_new(bytes);
	f->content = mem_alloc(BIG);
	random_bytes(f->content, BIG);
	f->fd = -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->fd >= 0)
		close(f->fd);
	unlink(f->plain);
	unlink(f->sealed);
	rmdir(f->dir);
	mem_unref(f->key);
	mem_free(f->content);
	mem_free(f);
	return 0;
}

static int64_t size_of(int fd)
{
	struct stat info;

	assert_int_equal(0, fstat(fd, &info));
	return info.st_size;
}

/* Up to len bytes from offset, as a reader has them: how many, or a negative errno. */
static ssize_t read_part(struct fixture *f, int64_t offset, void *out, size_t len)
{
	int64_t plain_size = seal_file_plain_size(size_of(f->fd));
	struct seal_file_range range;
	auto_free uint8_t *sealed = NULL, *opened = NULL;
	int err;

	if (plain_size < 0)
		return (ssize_t)plain_size;
	range = seal_file_range(plain_size, offset, len);
	sealed = mem_alloc(range.len + 1);
	opened = mem_alloc(range.len + 1);
	assert_int_equal(range.len, pread(f->fd, sealed, range.len, range.offset));
	assert_true(range.offset + (int64_t)range.len <= size_of(f->fd));
	err = seal_file_open(&f->file, &range, sealed, opened);
	if (!err)
		memcpy(out, opened + range.skip, range.want);
	return err ? err : (ssize_t)range.want;
}

static void files_of_any_length_come_back(void **state)
{
	static const size_t sizes[] = {0,
				       1,
				       SEAL_FILE_PIECE - 1,
				       SEAL_FILE_PIECE,
				       SEAL_FILE_PIECE + 1,
				       2 * SEAL_FILE_PIECE,
				       BIG};
	struct fixture *f = *state;
	auto_free uint8_t *out = mem_alloc(BIG + 1);

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		seal(f, sizes[i]);
		assert_int_equal(sizes[i], seal_file_plain_size(size_of(f->fd)));
		assert_int_equal(sizes[i], read_part(f, 0, out, BIG + 1));
		assert_memory_equal(f->content, out, sizes[i]);
	}
}

static void any_part_is_read_without_the_rest(void **state)
{
	static const struct {
		int64_t offset;
		size_t len, got;
	} parts[] = {
		{0, 10, 10},
		{SEAL_FILE_PIECE - 5, 10, 10},
		{SEAL_FILE_PIECE, SEAL_FILE_PIECE, SEAL_FILE_PIECE},
		{BIG - 3, 10, 3},
		{BIG, 10, 0},
		{BIG + 5, 10, 0},
	};
	struct fixture *f = *state;
	auto_free uint8_t *out = mem_alloc(BIG);

	seal(f, BIG);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		assert_int_equal(parts[i].got, read_part(f, parts[i].offset, out, parts[i].len));
		if (parts[i].got)
			assert_memory_equal(f->content + parts[i].offset, out, parts[i].got);
	}
}

static void only_the_pieces_that_are_needed_are_read(void **state)
{
	enum { SEALED_PIECE = SEAL_FILE_PIECE + SEAL_TAG_LEN };
	struct seal_file_range range = seal_file_range(BIG, SEAL_FILE_PIECE + 5, 10);

	(void)state;
	assert_int_equal(SEAL_FILE_HEADER + SEALED_PIECE, range.offset);
	assert_int_equal(SEALED_PIECE, range.len);
	range = seal_file_range(BIG, SEAL_FILE_PIECE - 1, 2);
	assert_int_equal(SEAL_FILE_HEADER, range.offset);
	assert_int_equal(2 * SEALED_PIECE, range.len);
	range = seal_file_range(BIG, BIG - 1, 100);
	assert_int_equal(1000 + SEAL_TAG_LEN, range.len);
	assert_int_equal(1, range.want);
	assert_int_equal(0, seal_file_range(BIG, BIG, 100).len);
}

static void a_changed_a_cut_and_a_swapped_piece_are_noticed(void **state)
{
	enum { SEALED_PIECE = SEAL_FILE_PIECE + SEAL_TAG_LEN };
	struct fixture *f = *state;
	auto_free uint8_t *a = mem_alloc(SEALED_PIECE), *b = mem_alloc(SEALED_PIECE),
			  *out = mem_alloc(BIG);

	seal(f, BIG);
	assert_int_equal(1, pwrite(f->fd, "x", 1, SEAL_FILE_HEADER + 100));
	assert_int_equal(-EBADMSG, read_part(f, 0, out, 10));
	assert_int_equal(10, read_part(f, SEAL_FILE_PIECE, out, 10));

	seal(f, BIG);
	assert_int_equal(0, ftruncate(f->fd, SEAL_FILE_HEADER + 2 * SEALED_PIECE));
	assert_int_equal(-EBADMSG, read_part(f, SEAL_FILE_PIECE, out, 10));

	seal(f, BIG);
	assert_int_equal(SEALED_PIECE, pread(f->fd, a, SEALED_PIECE, SEAL_FILE_HEADER));
	assert_int_equal(SEALED_PIECE,
			 pread(f->fd, b, SEALED_PIECE, SEAL_FILE_HEADER + SEALED_PIECE));
	assert_int_equal(SEALED_PIECE, pwrite(f->fd, b, SEALED_PIECE, SEAL_FILE_HEADER));
	assert_int_equal(-EBADMSG, read_part(f, 0, out, 10));
}

static void another_key_another_owner_and_another_file_are_refused(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[SEAL_KEY_LEN] = {8}, header[SEAL_FILE_HEADER] = "RIFF....WAVE";
	auto_unref struct seal_key *other = seal_key_new(bytes);
	uint8_t out[10];

	seal(f, 100);
	seal_file_set_key(&f->file, other, OF);
	assert_int_equal(-EBADMSG, read_part(f, 0, out, sizeof(out)));
	seal_file_set_key(&f->file, f->key, "another call");
	assert_int_equal(-EBADMSG, read_part(f, 0, out, sizeof(out)));
	assert_int_equal(-EBADMSG, seal_file_parse(&f->file, header));
	for (int64_t size = 0; size < SEAL_FILE_HEADER + SEAL_TAG_LEN; size++)
		assert_int_equal(-EBADMSG, seal_file_plain_size(size));
}

static void nothing_is_left_of_a_file_that_cannot_be_sealed(void **state)
{
	static const uint8_t id[SEAL_FILE_KEY_ID] = {7};
	struct fixture *f = *state;
	struct seal_file file;

	seal_file_new(&file, f->key, id, OF);
	assert_int_equal(-ENOENT, seal_file_write(&file, f->plain, f->sealed));
	assert_int_not_equal(0, access(f->sealed, F_OK));
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(files_of_any_length_come_back),
		TEST(any_part_is_read_without_the_rest),
		cmocka_unit_test(only_the_pieces_that_are_needed_are_read),
		TEST(a_changed_a_cut_and_a_swapped_piece_are_noticed),
		TEST(another_key_another_owner_and_another_file_are_refused),
		TEST(nothing_is_left_of_a_file_that_cannot_be_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
