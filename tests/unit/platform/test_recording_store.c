/*
 * Protects: recordings lie sealed, each bound to its call and tenant, and come out plain and in
 * parts; those of before there was sealing do too; what somebody else has put in the place of one
 * does not.
 */
#include "unit/platform/fixture.h"

#include "core/buf.h"
#include "core/digest.h"
#include "core/seal_file.h"
#include "core/setting.h"
#include "core/str.h"
#include "loop/work.h"
#include "platform/recording_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CALL  "01a3185c-57d0-7001-a974-850a656cb136"
#define OTHER "01a3185c-57d0-7001-a974-850a656cb137"

enum { BIG = 5 * SEAL_FILE_PIECE + 1000 };

struct fixture {
	struct base base;
	struct work_pool *pool;
	struct strand *strand;
	struct recording_store *store;
	char dir[64];
	char recordings[80];
	struct settings settings;
	uint8_t *sound;
};

static void open_store(struct fixture *f)
{
	struct recording_store_conf conf = {
		.loop = f->base.loop,
		.strand = f->strand,
		.vault = f->base.vault,
		.settings = &f->settings,
	};
	char error[RECORDING_STORE_ERROR_SIZE] = "";

	if (recording_store_open(&f->store, &conf, error))
		fail_msg("%s", error);
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/test_recording_XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->recordings, sizeof(f->recordings), "%s/recordings", f->dir);
	f->settings.data_dir = f->dir;
	f->settings.recording_store = "folder";
	f->settings.s3_bucket = "";
	base_open(&f->base, loop_new());
	base_sql(&f->base, "INSERT INTO tenant (id, name, created_at) VALUES ('other', 'o', 0)");
	f->pool = work_pool_new(f->base.loop, 1);
	f->strand = strand_new(f->pool);
	f->sound = mem_alloc(BIG);
	random_bytes(f->sound, BIG);
	open_store(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[96];

	mem_unref(f->store);
	mem_unref(f->strand);
	mem_unref(f->pool);
	base_close(&f->base);
	snprintf(command, sizeof(command), "rm -r %s", f->dir);
	assert_int_equal(0, system(command));
	mem_free(f->sound);
	mem_free(f);
	return 0;
}

static char *write_file(const struct fixture *f, const char *name, size_t len)
{
	char *path = mem_printf("%s/%s", f->recordings, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(len, write(fd, f->sound, len));
	close(fd);
	return path;
}

struct outcome {
	bool done;
	int err;
	char *place;
	struct recording_file *file;
	struct buf data;
};

static void outcome_free(struct outcome *outcome)
{
	mem_free(outcome->place);
	mem_unref(outcome->file);
	buf_free(&outcome->data);
}
#define auto_outcome __attribute__((cleanup(outcome_free)))

static void on_put(int err, const char *reason, const char *place, void *arg)
{
	struct outcome *outcome = arg;

	outcome->done = true;
	outcome->err = err;
	outcome->place = mem_strdup(place);
}

/* Answers the place; the file is gone then, as a fetched one is. */
static char *put(struct fixture *f, const char *tenant_id, const char *call_id, size_t len)
{
	struct outcome outcome = {0};
	auto_free char *path = write_file(f, "x.wav.part", len);
	void *op;

	recording_put(&op, f->store, tenant_id, call_id, path, on_put, &outcome);
	assert_false(outcome.done);
	base_wait(&f->base, &outcome.done);
	mem_unref(op);
	assert_int_equal(0, outcome.err);
	(void)unlink(path);
	return outcome.place;
}

static void on_opened(int err, struct recording_file *file, void *arg)
{
	struct outcome *outcome = arg;

	outcome->done = true;
	outcome->err = err;
	outcome->file = mem_ref(file);
}

static void open_it(struct outcome *outcome, struct fixture *f, const char *tenant_id,
		    const char *call_id, const char *place)
{
	void *op;

	recording_open(&op, f->store, tenant_id, call_id, place, on_opened, outcome);
	assert_false(outcome->done);
	base_wait(&f->base, &outcome->done);
	mem_unref(op);
	outcome->done = false;
}

static int open_error(struct fixture *f, const char *tenant_id, const char *call_id,
		      const char *place)
{
	struct outcome outcome auto_outcome = {0};

	open_it(&outcome, f, tenant_id, call_id, place);
	return outcome.err;
}

static void on_read(int err, const void *data, size_t len, int64_t total, void *arg)
{
	struct outcome *outcome = arg;

	outcome->done = true;
	outcome->err = err;
	if (!err)
		buf_append(&outcome->data, data, len);
}

/* What one read adds to outcome->data. */
static int read_some(struct outcome *outcome, struct fixture *f, int64_t offset, size_t len)
{
	void *op;

	outcome->done = false;
	recording_file_read(&op, outcome->file, offset, len, on_read, outcome);
	base_wait(&f->base, &outcome->done);
	mem_unref(op);
	return outcome->err;
}

static void assert_plays(struct fixture *f, const char *tenant_id, const char *call_id,
			 const char *place, size_t len)
{
	struct outcome outcome auto_outcome = {0};

	open_it(&outcome, f, tenant_id, call_id, place);
	assert_int_equal(0, outcome.err);
	assert_int_equal(len, recording_file_size(outcome.file));
	while (outcome.data.len < len) {
		size_t before = outcome.data.len;

		assert_int_equal(0, read_some(&outcome, f, (int64_t)before, len - before));
		assert_true(outcome.data.len > before);
	}
	assert_int_equal(len, outcome.data.len);
	assert_memory_equal(f->sound, outcome.data.data, len);
}

static char *read_whole(const char *path, size_t *ret_len)
{
	int fd = open(path, O_RDONLY);
	struct stat info;
	char *data;

	assert_true(fd >= 0);
	assert_int_equal(0, fstat(fd, &info));
	assert_int_equal(0600, info.st_mode & 0777);
	data = mem_alloc((size_t)info.st_size);
	assert_int_equal(info.st_size, read(fd, data, (size_t)info.st_size));
	close(fd);
	*ret_len = (size_t)info.st_size;
	return data;
}

static void a_recording_lies_sealed_and_plays(void **state)
{
	static const size_t sizes[] = {44, SEAL_FILE_PIECE, BIG};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		auto_free char *place = put(f, STORE_TENANT, CALL, sizes[i]);
		auto_free char *data = NULL;
		size_t len;

		assert_true(str_has_suffix(place, "/" CALL ".wav.sealed"));
		data = read_whole(place, &len);
		assert_int_equal(0, memcmp(data, "voiceai sealed 1", 16));
		assert_null(memmem(data, len, f->sound, 16));
		assert_plays(f, STORE_TENANT, CALL, place, sizes[i]);
	}
	assert_int_equal(1, base_int(&f->base, "SELECT count(*) FROM data_key WHERE tenant_id = "
					       "'default' AND purpose = 'seal'"));
}

static void reads_end_with_a_piece(void **state)
{
	struct fixture *f = *state;
	auto_free char *place = put(f, STORE_TENANT, CALL, BIG);
	struct outcome outcome auto_outcome = {0};

	open_it(&outcome, f, STORE_TENANT, CALL, place);
	assert_int_equal(0, read_some(&outcome, f, 44, RECORDING_MAX_READ));
	assert_int_equal(4 * SEAL_FILE_PIECE - 44, outcome.data.len);
	assert_memory_equal(f->sound + 44, outcome.data.data, outcome.data.len);
	buf_clear(&outcome.data);
	assert_int_equal(0, read_some(&outcome, f, SEAL_FILE_PIECE + 7, 100));
	assert_int_equal(100, outcome.data.len);
	assert_memory_equal(f->sound + SEAL_FILE_PIECE + 7, outcome.data.data, 100);
	buf_clear(&outcome.data);
	assert_int_equal(0, read_some(&outcome, f, BIG - 5, 5));
	assert_memory_equal(f->sound + BIG - 5, outcome.data.data, 5);
}

static void one_of_before_sealing_plays(void **state)
{
	struct fixture *f = *state;
	auto_free char *place = write_file(f, CALL ".wav", BIG);

	assert_plays(f, STORE_TENANT, CALL, place, BIG);
}

static void what_was_not_put_there_is_refused(void **state)
{
	struct fixture *f = *state;
	auto_free char *place = put(f, STORE_TENANT, CALL, 1000);
	auto_free char *missing = mem_printf("%s/" OTHER ".wav.sealed", f->recordings);
	auto_free char *plain = NULL;

	assert_int_equal(-ENOENT, open_error(f, STORE_TENANT, OTHER, missing));
	plain = write_file(f, CALL ".wav.sealed", 1000);
	assert_int_equal(-EBADMSG, open_error(f, STORE_TENANT, CALL, plain));
	mem_free(write_file(f, CALL ".wav.sealed", 3));
	assert_int_equal(-EBADMSG, open_error(f, STORE_TENANT, CALL, plain));
}

static void another_calls_and_another_tenants_recording_is_refused(void **state)
{
	struct fixture *f = *state;
	auto_free char *place = put(f, STORE_TENANT, CALL, 1000);
	auto_free char *theirs = put(f, "other", OTHER, 1000);
	struct outcome outcome auto_outcome = {0};

	assert_plays(f, "other", OTHER, theirs, 1000);
	open_it(&outcome, f, STORE_TENANT, OTHER, place);
	assert_int_equal(0, outcome.err);
	assert_int_equal(-EBADMSG, read_some(&outcome, f, 0, 100));
	assert_int_equal(-ENOKEY, open_error(f, "other", CALL, place));
	assert_int_equal(-ENOKEY, open_error(f, STORE_TENANT, OTHER, theirs));
}

static void one_that_changes_while_it_is_read_is_noticed(void **state)
{
	struct fixture *f = *state;
	auto_free char *place = put(f, STORE_TENANT, CALL, 1000);
	struct outcome outcome auto_outcome = {0};

	open_it(&outcome, f, STORE_TENANT, CALL, place);
	mem_free(put(f, STORE_TENANT, CALL, 2000));
	assert_int_equal(-EBADMSG, read_some(&outcome, f, 0, 100));
}

static void on_rotated(int err, int64_t count, void *arg)
{
	struct outcome *outcome = arg;

	outcome->done = true;
	outcome->err = err;
}

static void one_under_an_older_key_plays_after_a_new_one_was_made(void **state)
{
	struct fixture *f = *state;
	auto_free char *old = put(f, STORE_TENANT, CALL, 1000), *young = NULL;
	struct outcome outcome = {0};
	auto_free char *a = NULL, *b = NULL;
	size_t len;

	vault_rotate(f->base.vault, STORE_TENANT, on_rotated, &outcome);
	base_wait(&f->base, &outcome.done);
	assert_int_equal(0, outcome.err);
	young = put(f, STORE_TENANT, OTHER, 1000);
	assert_plays(f, STORE_TENANT, CALL, old, 1000);
	assert_plays(f, STORE_TENANT, OTHER, young, 1000);
	a = read_whole(old, &len);
	b = read_whole(young, &len);
	assert_memory_not_equal(a + 16, b + 16, SEAL_FILE_KEY_ID);
}

static void a_process_that_has_not_met_the_tenant_yet_reads_it(void **state)
{
	struct fixture *f = *state;
	auto_free char *place = put(f, "other", CALL, 1000);

	f->store = mem_unref(f->store);
	mem_unref(f->base.vault);
	f->base.vault = base_vault(f->base.loop, f->base.db);
	open_store(f);
	assert_plays(f, "other", CALL, place, 1000);
}

static void nothing(void *arg)
{
}

static void on_turn(void *arg)
{
	((struct outcome *)arg)->done = true;
}

/* Until the keys that were asked for are there and the strand has done, and told, all it had. */
static void settle(struct fixture *f)
{
	struct outcome keys = {0}, turn = {0};

	vault_refresh(f->base.vault, STORE_TENANT, on_rotated, &keys);
	base_wait(&f->base, &keys.done);
	strand_post(f->strand, nothing, on_turn, &turn);
	base_wait(&f->base, &turn.done);
}

static void a_put_that_is_given_up_leaves_nothing(void **state)
{
	static const char *const tenants[] = {STORE_TENANT, "other"};
	struct fixture *f = *state;

	/* The first has its keys in memory and seals at once, the second asks for them. */
	for (size_t i = 0; i < ARRAY_LEN(tenants); i++) {
		auto_free char *path = write_file(f, "x.wav.part", 1000);
		struct outcome outcome = {0};
		void *op;

		recording_put(&op, f->store, tenants[i], CALL, path, on_put, &outcome);
		mem_unref(op);
		settle(f);
		assert_false(outcome.done);
		assert_int_equal(0, unlink(path));
		assert_int_equal(0, rmdir(f->recordings));
		assert_int_equal(0, mkdir(f->recordings, 0700));
	}
}

static void a_file_that_is_not_there_is_not_put(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};
	void *op;

	recording_put(&op, f->store, STORE_TENANT, CALL, "/nonexistent/x.wav.part", on_put,
		      &outcome);
	base_wait(&f->base, &outcome.done);
	mem_unref(op);
	assert_int_equal(-ENOENT, outcome.err);
	assert_null(outcome.place);
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_recording_lies_sealed_and_plays),
		TEST(reads_end_with_a_piece),
		TEST(one_of_before_sealing_plays),
		TEST(what_was_not_put_there_is_refused),
		TEST(another_calls_and_another_tenants_recording_is_refused),
		TEST(one_that_changes_while_it_is_read_is_noticed),
		TEST(one_under_an_older_key_plays_after_a_new_one_was_made),
		TEST(a_process_that_has_not_met_the_tenant_yet_reads_it),
		TEST(a_put_that_is_given_up_leaves_nothing),
		TEST(a_file_that_is_not_there_is_not_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
