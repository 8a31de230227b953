/*
 * Protects: what servers keep in files of their own shows nothing, comes back under the master key
 * it was sealed with, and only to the server whose it is; what was plain stays readable.
 */
#include "unit/check.h"

#include "core/buf.h"
#include "core/digest.h"
#include "core/mem.h"
#include "core/safe_file.h"
#include "core/seal_file.h"
#include "core/setting.h"
#include "core/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SECOND "200102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

enum { BIG = SEAL_FILE_PIECE + 1000 };

static struct safe *open_safe(const char *key, const char *also, const char *purpose)
{
	struct settings settings = {.master_key = key,
				    .master_key_file = "",
				    .master_key_command = "",
				    .master_key_also = also};
	struct safe *safe;
	char error[256] = "";

	if (safe_open(&safe, &settings, purpose, error))
		fail_msg("%s", error);
	return safe;
}

/* ---- texts ---- */

static int unseal(struct safe *safe, const struct buf *sealed, struct buf *out)
{
	buf_clear(out);
	return safe_unseal(safe, sealed->data, sealed->len, out);
}

static void a_text_comes_back_and_shows_nothing(void **state)
{
	auto_unref struct safe *safe = open_safe(FIRST, "", "carrier");
	struct buf auto_buf sealed = {0}, plain = {0};

	safe_seal(safe, "tulips\n", 7, &sealed);
	assert_null(strstr(buf_str(&sealed), "tulips"));
	assert_null(strchr(buf_str(&sealed), '\n'));
	assert_true(safe_is_current(safe, sealed.data, sealed.len));
	assert_int_equal(0, unseal(safe, &sealed, &plain));
	assert_string_equal("tulips\n", buf_str(&plain));
	sealed.data[sealed.len - 6] ^= 1;
	assert_int_equal(-EBADMSG, unseal(safe, &sealed, &plain));
}

static void a_plain_text_comes_as_it_is(void **state)
{
	static const char *const texts[] = {"", "{}", "s1.", "s1.0123456789abcdef"};
	auto_unref struct safe *safe = open_safe(FIRST, "", "carrier");

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct buf auto_buf plain = {0};

		assert_false(safe_is_current(safe, texts[i], strlen(texts[i])));
		assert_int_equal(0, safe_unseal(safe, texts[i], strlen(texts[i]), &plain));
		assert_string_equal(texts[i], buf_str(&plain));
	}
}

static void another_servers_text_and_another_keys_are_refused(void **state)
{
	auto_unref struct safe *carrier = open_safe(FIRST, "", "carrier");
	auto_unref struct safe *engine = open_safe(FIRST, "", "engine");
	auto_unref struct safe *other = open_safe(SECOND, "", "carrier");
	auto_unref struct safe *both = open_safe(SECOND, FIRST, "carrier");
	struct buf auto_buf sealed = {0}, plain = {0};

	safe_seal(carrier, "tulips", 6, &sealed);
	assert_int_equal(-EBADMSG, unseal(engine, &sealed, &plain));
	assert_int_equal(-ENOKEY, unseal(other, &sealed, &plain));
	assert_int_equal(0, unseal(both, &sealed, &plain));
	assert_false(safe_is_current(both, sealed.data, sealed.len));
}

/* ---- files ---- */

struct fixture {
	char dir[64], path[96], sealed[112];
	uint8_t *content;
	struct safe *safe;
};

static void write_file(const struct fixture *f, size_t len)
{
	int fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(len, write(fd, f->content, len));
	close(fd);
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/test_safe_XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/x.wav", f->dir);
	snprintf(f->sealed, sizeof(f->sealed), "%s.sealed", f->path);
	f->content = mem_alloc(BIG);
	random_bytes(f->content, BIG);
	f->safe = open_safe(FIRST, "", "carrier");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	safe_file_remove(f->path);
	assert_int_equal(0, rmdir(f->dir));
	mem_unref(f->safe);
	mem_free(f->content);
	mem_free(f);
	return 0;
}

static void assert_reads(const struct fixture *f, const struct safe *safe)
{
	auto_free uint8_t *out = mem_alloc(BIG + 1);
	auto_unref struct safe_file *file = NULL;

	assert_int_equal(0, safe_file_open(&file, safe, f->path));
	assert_int_equal(BIG, safe_file_size(file));
	assert_int_equal(BIG, safe_file_read(file, 0, out, BIG + 1));
	assert_memory_equal(f->content, out, BIG);
	assert_int_equal(10, safe_file_read(file, SEAL_FILE_PIECE - 5, out, 10));
	assert_memory_equal(f->content + SEAL_FILE_PIECE - 5, out, 10);
	assert_int_equal(0, safe_file_read(file, BIG, out, 10));
}

static void a_file_reads_the_same_before_and_after_it_was_sealed(void **state)
{
	struct fixture *f = *state;

	write_file(f, BIG);
	assert_reads(f, f->safe);
	assert_int_equal(0, safe_file_seal(f->safe, f->path));
	assert_int_not_equal(0, access(f->path, F_OK));
	assert_reads(f, f->safe);
}

static void without_a_safe_a_file_stays_plain(void **state)
{
	struct fixture *f = *state;

	write_file(f, BIG);
	assert_int_equal(0, safe_file_seal(NULL, f->path));
	assert_int_equal(0, access(f->path, F_OK));
	assert_reads(f, NULL);
}

static void a_sealed_file_keeps_its_time(void **state)
{
	struct fixture *f = *state;
	struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	struct stat info;

	write_file(f, BIG);
	assert_int_equal(0, utimensat(AT_FDCWD, f->path, times, 0));
	assert_int_equal(0, safe_file_seal(f->safe, f->path));
	assert_int_equal(0, stat(f->sealed, &info));
	assert_int_equal(1000, info.st_mtim.tv_sec);
	assert_int_equal(0600, info.st_mode & 0777);
}

static void a_renamed_file_and_another_keys_are_refused(void **state)
{
	struct fixture *f = *state;
	auto_unref struct safe *other = open_safe(SECOND, "", "carrier");
	auto_unref struct safe_file *file = NULL;
	char name[96], sealed[112];
	uint8_t out[10];

	write_file(f, BIG);
	assert_int_equal(0, safe_file_seal(f->safe, f->path));
	assert_int_equal(-ENOKEY, safe_file_open(&file, other, f->path));
	assert_int_equal(-ENOKEY, safe_file_open(&file, NULL, f->path));
	snprintf(name, sizeof(name), "%s/y.wav", f->dir);
	snprintf(sealed, sizeof(sealed), "%s.sealed", name);
	assert_int_equal(0, rename(f->sealed, sealed));
	assert_int_equal(0, safe_file_open(&file, f->safe, name));
	assert_int_equal(-EBADMSG, safe_file_read(file, 0, out, sizeof(out)));
	safe_file_remove(name);
}

static void what_is_not_there_is_neither_sealed_nor_read(void **state)
{
	struct fixture *f = *state;
	auto_unref struct safe_file *file = NULL;

	assert_int_equal(-ENOENT, safe_file_seal(f->safe, f->path));
	assert_int_equal(-ENOENT, safe_file_open(&file, f->safe, f->path));
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_comes_back_and_shows_nothing),
		cmocka_unit_test(a_plain_text_comes_as_it_is),
		cmocka_unit_test(another_servers_text_and_another_keys_are_refused),
		TEST(a_file_reads_the_same_before_and_after_it_was_sealed),
		TEST(without_a_safe_a_file_stays_plain),
		TEST(a_sealed_file_keeps_its_time),
		TEST(a_renamed_file_and_another_keys_are_refused),
		TEST(what_is_not_there_is_neither_sealed_nor_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
