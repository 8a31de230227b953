/*
 * Protects copies of an embedded database: a backup holds what was committed when it began and
 * tells how far it is; a restore takes what was backed up and nothing that is newer, damaged or
 * something else, is refused while the database is open, also replaces a damaged one, and keeps
 * what was there.
 */
#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"
#include "db/db.h"
#include "loop/loop.h"

#include "unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct db_migration migrations[] = {
	{1, "thing", "CREATE TABLE thing (id BIGINT PRIMARY KEY, text TEXT);"},
	{2, "more", "CREATE INDEX thing_text ON thing (text);"},
};

struct fixture {
	struct loop *loop;
	char dir[64];
	char url[160], path[128], copy[128], keep[128];
};

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/test_backup_XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/live.db", f->dir);
	snprintf(f->url, sizeof(f->url), "sqlite:%s", f->path);
	snprintf(f->copy, sizeof(f->copy), "%s/copy", f->dir);
	snprintf(f->keep, sizeof(f->keep), "%s/kept", f->dir);
	f->loop = loop_new();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char *auto_free command = mem_printf("rm -r %s", f->dir);

	assert_int_equal(0, system(command));
	mem_unref(f->loop);
	mem_free(f);
	return 0;
}

static struct db *open_db(struct fixture *f, const char *path)
{
	char *auto_free url = mem_printf("sqlite:%s", path);
	char error[256] = "";
	struct db *db = NULL;

	assert_int_equal(0, db_open(&db, f->loop, &(struct db_conf){.url = url}));
	if (db_migrate(db, migrations, 2, error))
		fail_msg("%s", error);
	return db;
}

static void on_done(int err, struct db_result *const *results, size_t failed, void *arg)
{
	assert_int_equal(0, err);
	*(int64_t *)arg = db_rows(results[0]) ? db_get_int(results[0], 0, 0) : 0;
}

static int64_t run(struct fixture *f, struct db *db, const char *sql)
{
	struct db_statement statement = {.sql = sql, .expect_rows = DB_ANY_ROWS};
	int64_t value = -1;

	db_run(NULL, db, &statement, 1, on_done, &value);
	while (value == -1)
		loop_run_once(f->loop, 100);
	return value;
}

static const char fill[] = "INSERT INTO thing WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i "
			   "+ 1 FROM n WHERE i < 20000) SELECT i, 'text ' || i FROM n";

static int64_t things_in(struct fixture *f, const char *path)
{
	struct db *db = open_db(f, path);
	int64_t count = run(f, db, "SELECT count(*) FROM thing");

	mem_unref(db);
	return count;
}

struct progress {
	size_t calls, done, total;
};

static void on_progress(size_t done, size_t total, void *arg)
{
	struct progress *progress = arg;

	assert_true(done >= progress->done && done <= total);
	*progress = (struct progress){progress->calls + 1, done, total};
}

static int restore(struct fixture *f, int64_t max_level, char error[256])
{
	struct db_restore_params params = {
		.from = f->copy, .keep = f->keep, .max_level = max_level};
	int64_t level = -1;
	int err;

	*error = '\0';
	err = db_restore(f->url, &params, &level, error);
	if (!err)
		assert_int_equal(2, level);
	return err;
}

/* ---- tests ---- */

static void backup_holds_what_was_committed(void **state)
{
	struct fixture *f = *state;
	struct db *db = open_db(f, f->path);
	struct progress progress = {0};
	struct stat info;
	char error[256];

	run(f, db, fill);
	assert_int_equal(0, db_backup(f->url, f->copy, on_progress, &progress, error));
	run(f, db, "DELETE FROM thing WHERE id > 10");
	assert_true(progress.calls > 0 && progress.done == progress.total);
	assert_int_equal(0, stat(f->copy, &info));
	assert_int_equal(0600, info.st_mode & 0777);
	assert_int_equal(20000, things_in(f, f->copy));
	/* A second one replaces the first. */
	assert_int_equal(0, db_backup(f->url, f->copy, NULL, NULL, error));
	assert_int_equal(10, things_in(f, f->copy));
	mem_unref(db);
}

static void restore_brings_it_back_and_keeps_what_was_there(void **state)
{
	struct fixture *f = *state;
	struct db *db = open_db(f, f->path);
	char error[256];

	run(f, db, fill);
	assert_int_equal(0, db_backup(f->url, f->copy, NULL, NULL, error));
	run(f, db, "DELETE FROM thing");
	assert_int_equal(-EBUSY, restore(f, 2, error));
	assert_non_null(strstr(error, "in use"));
	assert_int_equal(0, run(f, db, "SELECT count(*) FROM thing"));
	mem_unref(db);

	if (restore(f, 2, error))
		fail_msg("%s", error);
	assert_int_equal(20000, things_in(f, f->path));
	assert_int_equal(0, things_in(f, f->keep));
	/* What is kept is never written over. */
	assert_int_equal(-EEXIST, restore(f, 2, error));
	assert_int_equal(20000, things_in(f, f->path));
}

static void newer_or_foreign_files_are_refused(void **state)
{
	struct fixture *f = *state;
	struct db *db = open_db(f, f->path), *foreign;
	char *auto_free foreign_url = mem_printf("sqlite:%s/foreign", f->dir);
	char error[256];

	run(f, db, "INSERT INTO thing VALUES (1, 'x')");
	assert_int_equal(0, db_backup(f->url, f->copy, NULL, NULL, error));
	mem_unref(db);
	assert_int_equal(-EPERM, restore(f, 1, error));
	assert_non_null(strstr(error, "version 2, this program knows 1"));

	assert_int_equal(0, db_open(&foreign, f->loop, &(struct db_conf){.url = foreign_url}));
	run(f, foreign, "CREATE TABLE x (y BIGINT)");
	mem_unref(foreign);
	assert_int_equal(0, db_backup(foreign_url, f->copy, NULL, NULL, error));
	assert_int_equal(-EBADMSG, restore(f, 2, error));
	assert_int_equal(-1, access(f->keep, F_OK));
	assert_int_equal(1, things_in(f, f->path));
}

static void write_over(const char *path, off_t from, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	char *auto_free junk = mem_alloc(len);

	memset(junk, 0x5a, len);
	assert_int_equal(len, pwrite(fd, junk, len, from));
	close(fd);
}

static void damage_is_found(void **state)
{
	struct fixture *f = *state;
	struct db *db = open_db(f, f->path);
	char error[256];

	run(f, db, fill);
	assert_int_equal(0, db_backup(f->url, f->copy, NULL, NULL, error));
	mem_unref(db);
	write_over(f->copy, 40960, 20480);
	assert_int_equal(-EBADMSG, restore(f, 2, error));
	assert_int_equal(20000, things_in(f, f->path));
}

static void damaged_database_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct db *db = open_db(f, f->path);
	char *auto_free wal = mem_printf("%s-wal", f->path);
	char error[256];

	run(f, db, fill);
	assert_int_equal(0, db_backup(f->url, f->copy, NULL, NULL, error));
	mem_unref(db);
	write_over(f->path, 0, 4096);
	close(open(wal, O_CREAT | O_WRONLY, 0600)); /* what a crash left */
	if (restore(f, 2, error))
		fail_msg("%s", error);
	assert_int_equal(0, access(f->keep, F_OK));
	assert_int_equal(20000, things_in(f, f->path));
}

static void servers_are_not_for_these(void **state)
{
	struct fixture *f = *state;
	char error[256] = "";
	int64_t level;

	assert_int_equal(-ENOTSUP,
			 db_backup("postgresql://127.0.0.1:1/x", f->copy, NULL, NULL, error));
	assert_int_equal(-ENOTSUP,
			 db_restore("postgresql://127.0.0.1:1/x",
				    &(struct db_restore_params){.from = f->copy}, &level, error));
	assert_int_equal(-ENOENT, db_backup(f->url, f->copy, NULL, NULL, error));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define BACKUP_TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
		BACKUP_TEST(backup_holds_what_was_committed),
		BACKUP_TEST(restore_brings_it_back_and_keeps_what_was_there),
		BACKUP_TEST(newer_or_foreign_files_are_refused),
		BACKUP_TEST(damage_is_found),
		BACKUP_TEST(damaged_database_is_replaced),
		BACKUP_TEST(servers_are_not_for_these),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
