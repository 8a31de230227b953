/*
 * SQLite: one connection on one thread. Batches that wait together are committed together, each in
 * a savepoint of its own, so that a burst of changes pays for one fsync and not for one each.
 */
#include "core/clock.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "db/db_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CACHE_BUCKETS = 128,
	CACHE_MAX = 256,
	GROUP_MAX = 64,
	BUSY_TIMEOUT_MS = 5000,
	MAX_VALUE_BYTES = 32 * 1024 * 1024,
};

struct cached {
	struct cached *next;
	char *sql;
	sqlite3_stmt *stmt;
};

struct sqlite {
	struct db db;
	sqlite3 *handle; /* the thread's, once it runs */
	struct cached *cache[CACHE_BUCKETS];
	size_t cached;

	pthread_t thread;
	bool threaded;
	pthread_mutex_t lock;
	pthread_cond_t ready;
	struct list queue;
	bool stopping;
};

static const struct log log_sqlite = {.service = "sqlite"};

static int error_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_CONSTRAINT:
		if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
		    rc == SQLITE_CONSTRAINT_ROWID)
			return -EEXIST;
		return rc == SQLITE_CONSTRAINT_FOREIGNKEY ? -ENOENT : -EINVAL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_ERROR:
	case SQLITE_MISMATCH:
	case SQLITE_RANGE:
	case SQLITE_TOOBIG:
		return -EINVAL;
	default:
		return -EIO;
	}
}

/* Only the driver knows SQLite's own words for what went wrong. */
static int failed(struct sqlite *sq, int rc, const char *sql)
{
	int err = error_of(rc);

	if (err && err != -EEXIST && err != -ENOENT)
		LOG_ERROR(&log_sqlite, "statement_failed", LOG_ERR(err),
			  LOG_STR("reason", sqlite3_errmsg(sq->handle)), LOG_STR("sql", sql));
	return err;
}

/* ---- prepared statements ---- */

static uint32_t hash(const char *text)
{
	uint32_t h = 2166136261u;

	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * 16777619u;
	return h;
}

static void cache_clear(struct sqlite *sq)
{
	for (size_t i = 0; i < CACHE_BUCKETS; i++) {
		while (sq->cache[i]) {
			struct cached *entry = sq->cache[i];

			sq->cache[i] = entry->next;
			sqlite3_finalize(entry->stmt);
			mem_free(entry->sql);
			mem_free(entry);
		}
	}
	sq->cached = 0;
}

/* The statement belongs to the cache and is valid until the next call. */
static int prepare(struct sqlite *sq, sqlite3_stmt **ret_stmt, const char *sql)
{
	struct cached **bucket = &sq->cache[hash(sql) % CACHE_BUCKETS], *entry;
	sqlite3_stmt *stmt;
	int rc;

	for (entry = *bucket; entry; entry = entry->next) {
		if (!strcmp(entry->sql, sql)) {
			*ret_stmt = entry->stmt;
			return 0;
		}
	}
	rc = sqlite3_prepare_v3(sq->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
	if (rc != SQLITE_OK || !stmt)
		return failed(sq, rc == SQLITE_OK ? SQLITE_ERROR : rc, sql);
	if (sq->cached >= CACHE_MAX)
		cache_clear(sq);
	entry = mem_alloc(sizeof(*entry));
	entry->sql = mem_strdup(sql);
	entry->stmt = stmt;
	entry->next = *bucket;
	*bucket = entry;
	sq->cached++;
	*ret_stmt = stmt;
	return 0;
}

static int execute(struct sqlite *sq, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	int rc, err = prepare(sq, &stmt, sql);

	if (err)
		return err;
	rc = sqlite3_step(stmt);
	sqlite3_reset(stmt);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : failed(sq, rc, sql);
}

/* ---- one statement ---- */

static int bind_value(sqlite3_stmt *stmt, int index, const struct db_value *value)
{
	switch (value->type) {
	case DB_INT:
		return sqlite3_bind_int64(stmt, index, value->integer);
	case DB_REAL:
		return sqlite3_bind_double(stmt, index, value->real);
	case DB_TEXT:
		return sqlite3_bind_text64(stmt, index, value->data ? value->data : "", value->len,
					   SQLITE_STATIC, SQLITE_UTF8);
	case DB_BLOB:
		return sqlite3_bind_blob64(stmt, index, value->data ? value->data : "", value->len,
					   SQLITE_STATIC);
	case DB_NULL:
		break;
	}
	return sqlite3_bind_null(stmt, index);
}

static int bind_values(sqlite3_stmt *stmt, const struct db_statement *statement)
{
	if ((size_t)sqlite3_bind_parameter_count(stmt) != statement->param_count)
		return SQLITE_RANGE;
	for (size_t i = 0; i < statement->param_count; i++) {
		int rc = bind_value(stmt, (int)i + 1, &statement->params[i]);

		if (rc != SQLITE_OK)
			return rc;
	}
	return SQLITE_OK;
}

static struct db_value column_value(sqlite3_stmt *stmt, int column)
{
	switch (sqlite3_column_type(stmt, column)) {
	case SQLITE_INTEGER:
		return db_int(sqlite3_column_int64(stmt, column));
	case SQLITE_FLOAT:
		return db_real(sqlite3_column_double(stmt, column));
	case SQLITE_TEXT:
		return (struct db_value){.type = DB_TEXT,
					 .data = (const char *)sqlite3_column_text(stmt, column),
					 .len = (size_t)sqlite3_column_bytes(stmt, column)};
	case SQLITE_BLOB:
		return db_blob(sqlite3_column_blob(stmt, column),
			       (size_t)sqlite3_column_bytes(stmt, column));
	default:
		return db_null();
	}
}

static int add_row(struct db_result *result, sqlite3_stmt *stmt)
{
	for (size_t i = 0; i < result->columns; i++) {
		struct db_value value = column_value(stmt, (int)i);
		int err = db_result_add(result, &value);

		if (err)
			return err;
	}
	result->rows++;
	return 0;
}

static int step_all(struct sqlite *sq, sqlite3_stmt *stmt, struct db_result *result,
		    const char *sql)
{
	int rc;

	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		int err = result->columns ? add_row(result, stmt) : 0;

		if (err)
			return err;
	}
	if (rc != SQLITE_DONE)
		return failed(sq, rc, sql);
	if (!sqlite3_stmt_readonly(stmt))
		result->changes = sqlite3_changes64(sq->handle);
	return 0;
}

static int64_t touched(const struct db_result *result)
{
	return result->columns ? (int64_t)result->rows : result->changes;
}

static int run_statement(struct sqlite *sq, const struct db_statement *statement,
			 struct db_result **ret_result)
{
	struct db_result *result;
	sqlite3_stmt *stmt = NULL;
	int err = prepare(sq, &stmt, statement->sql);

	if (err)
		return err;
	err = failed(sq, bind_values(stmt, statement), statement->sql);
	if (err)
		return err;
	result = db_result_new((size_t)sqlite3_column_count(stmt));
	err = step_all(sq, stmt, result, statement->sql);
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	if (!err && statement->expect_rows != DB_ANY_ROWS &&
	    touched(result) != statement->expect_rows)
		err = -EAGAIN;
	if (err)
		mem_unref(result);
	else
		*ret_result = result;
	return err;
}

/* ---- batches, in groups ---- */

static void run_statements(struct sqlite *sq, struct db_job *job)
{
	db_job_forget_results(job);
	job->err = 0;
	for (size_t i = 0; !job->err && i < job->count; i++) {
		job->err = run_statement(sq, &job->statements[i], &job->results[i]);
		job->failed = i;
	}
	if (job->err)
		db_job_forget_results(job);
}

static bool writes(struct sqlite *sq, const struct db_job *job)
{
	for (size_t i = 0; i < job->count; i++) {
		sqlite3_stmt *stmt = NULL;

		if (!prepare(sq, &stmt, job->statements[i].sql) && !sqlite3_stmt_readonly(stmt))
			return true;
	}
	return false;
}

static void fail_job(struct db_job *job, int err)
{
	job->err = err;
	job->failed = 0;
	db_job_forget_results(job);
}

static bool in_transaction(struct sqlite *sq)
{
	return !sqlite3_get_autocommit(sq->handle);
}

static void run_alone(struct sqlite *sq, struct db_job *job, bool write)
{
	int err = execute(sq, write ? "BEGIN IMMEDIATE" : "BEGIN");

	if (err) {
		fail_job(job, err);
		return;
	}
	run_statements(sq, job);
	if (!job->err) {
		err = execute(sq, "COMMIT");
		if (err)
			fail_job(job, err);
	}
	if (in_transaction(sq))
		execute(sq, "ROLLBACK");
}

/*
 * Returns false when the group as a whole came to nothing (the disk was full, say, and SQLite
 * rolled everything back): then each batch has to be tried alone.
 */
static bool run_together(struct sqlite *sq, struct db_job **jobs, size_t count)
{
	if (execute(sq, "BEGIN IMMEDIATE"))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (execute(sq, "SAVEPOINT batch"))
			break;
		run_statements(sq, jobs[i]);
		if (!in_transaction(sq))
			return false;
		if (jobs[i]->err && execute(sq, "ROLLBACK TO batch"))
			break;
		if (execute(sq, "RELEASE batch"))
			break;
		if (i + 1 == count && !execute(sq, "COMMIT"))
			return true;
	}
	if (in_transaction(sq))
		execute(sq, "ROLLBACK");
	return false;
}

static void run_group(struct sqlite *sq, struct db_job **jobs, size_t count)
{
	bool write = false;

	if (count == 1 && jobs[0]->count == 1 && !writes(sq, jobs[0])) {
		run_statements(sq, jobs[0]);
		return;
	}
	for (size_t i = 0; i < count; i++)
		write |= writes(sq, jobs[i]);
	if (count > 1 && write && run_together(sq, jobs, count))
		return;
	for (size_t i = 0; i < count; i++)
		run_alone(sq, jobs[i], write && writes(sq, jobs[i]));
}

/* ---- the thread ---- */

static size_t take_group(struct sqlite *sq, struct db_job **jobs)
{
	size_t count = 0;

	pthread_mutex_lock(&sq->lock);
	while (!sq->queue.head && !sq->stopping)
		pthread_cond_wait(&sq->ready, &sq->lock);
	while (count < GROUP_MAX && sq->queue.head)
		jobs[count++] = list_pop(&sq->queue);
	pthread_mutex_unlock(&sq->lock);
	return count;
}

static void *thread_main(void *arg)
{
	struct sqlite *sq = arg;
	struct db_job *jobs[GROUP_MAX];
	size_t count;

	while ((count = take_group(sq, jobs))) {
		run_group(sq, jobs, count);
		for (size_t i = 0; i < count; i++)
			db_job_complete(jobs[i]);
	}
	return NULL;
}

static void sqlite_run(struct db *db, struct db_job *job)
{
	struct sqlite *sq = (struct sqlite *)db;

	pthread_mutex_lock(&sq->lock);
	list_append(&sq->queue, &job->node, job);
	pthread_cond_signal(&sq->ready);
	pthread_mutex_unlock(&sq->lock);
}

static void sqlite_close(struct db *db)
{
	struct sqlite *sq = (struct sqlite *)db;

	pthread_mutex_lock(&sq->lock);
	sq->stopping = true;
	pthread_cond_signal(&sq->ready);
	pthread_mutex_unlock(&sq->lock);
	if (sq->threaded)
		pthread_join(sq->thread, NULL);
	cache_clear(sq);
	sqlite3_close(sq->handle);
	pthread_cond_destroy(&sq->ready);
	pthread_mutex_destroy(&sq->lock);
}

/* ---- opening ---- */

static int make_file(const char *path)
{
	int fd;

	if (!strcmp(path, ":memory:"))
		return 0;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int configure(struct sqlite *sq)
{
	static const char *const pragmas[] = {
		"PRAGMA journal_mode = WAL",   "PRAGMA synchronous = FULL",
		"PRAGMA foreign_keys = ON",    "PRAGMA temp_store = MEMORY",
		"PRAGMA trusted_schema = OFF", "PRAGMA journal_size_limit = 67108864",
	};

	sqlite3_busy_timeout(sq->handle, BUSY_TIMEOUT_MS);
	sqlite3_extended_result_codes(sq->handle, 1);
	sqlite3_limit(sq->handle, SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES);
	sqlite3_db_config(sq->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	for (size_t i = 0; i < ARRAY_LEN(pragmas); i++) {
		int rc = sqlite3_exec(sq->handle, pragmas[i], NULL, NULL, NULL);

		if (rc != SQLITE_OK)
			return failed(sq, rc, pragmas[i]);
	}
	return 0;
}

static int sqlite_open(struct db **ret_db, const char *path)
{
	struct sqlite *sq;
	int err = make_file(path);

	if (err)
		return err;
	sq = mem_new(sizeof(*sq), db_destroy);
	sq->db.ops = &db_sqlite;
	pthread_mutex_init(&sq->lock, NULL);
	pthread_cond_init(&sq->ready, NULL);
	err = error_of(sqlite3_open_v2(
		path, &sq->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
		NULL));
	if (!err)
		err = configure(sq);
	if (!err)
		err = -pthread_create(&sq->thread, NULL, thread_main, sq);
	if (err) {
		mem_unref(sq);
		return err;
	}
	sq->threaded = true;
	*ret_db = &sq->db;
	return 0;
}

/* ---- migrations: on the caller's thread, while the other one sleeps ---- */

static int script(struct sqlite *sq, const char *sql, char error[256])
{
	int rc = sqlite3_exec(sq->handle, sql, NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		return 0;
	snprintf(error, 256, "%s", sqlite3_errmsg(sq->handle));
	return error_of(rc);
}

static int read_level(struct sqlite *sq, int64_t *ret_number, char error[256])
{
	sqlite3_stmt *stmt;
	int rc = sqlite3_prepare_v2(sq->handle,
				    "SELECT coalesce(max(number), 0) FROM schema_migration", -1,
				    &stmt, NULL);

	if (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
		*ret_number = sqlite3_column_int64(stmt, 0);
	else
		snprintf(error, 256, "%s", sqlite3_errmsg(sq->handle));
	sqlite3_finalize(stmt);
	return error_of(rc);
}

static int sqlite_migration_level(struct db *db, int64_t *ret_number, char error[256])
{
	struct sqlite *sq = (struct sqlite *)db;
	int err = script(sq,
			 "CREATE TABLE IF NOT EXISTS schema_migration ("
			 "number INTEGER PRIMARY KEY, name TEXT NOT NULL, "
			 "applied_at INTEGER NOT NULL)",
			 error);

	return err ? err : read_level(sq, ret_number, error);
}

static int apply(struct sqlite *sq, const struct db_migration *migration, char error[256])
{
	char *record;
	int64_t level = 0;
	int err = read_level(sq, &level, error);

	if (err || level >= (int64_t)migration->number)
		return err;
	err = script(sq, migration->sql, error);
	if (err)
		return err;
	record = sqlite3_mprintf("INSERT INTO schema_migration VALUES (%u, %Q, %lld)",
				 migration->number, migration->name, (long long)clock_wall_us());
	err = script(sq, record, error);
	sqlite3_free(record);
	return err;
}

static int sqlite_migrate(struct db *db, const struct db_migration *migration, char error[256])
{
	struct sqlite *sq = (struct sqlite *)db;
	int err = script(sq, "BEGIN IMMEDIATE", error);

	if (err)
		return err;
	err = apply(sq, migration, error);
	if (!err)
		err = script(sq, "COMMIT", error);
	if (in_transaction(sq))
		sqlite3_exec(sq->handle, "ROLLBACK", NULL, NULL, NULL);
	return err;
}

const struct db_ops db_sqlite = {
	.scheme = "sqlite",
	.open = sqlite_open,
	.migration_level = sqlite_migration_level,
	.migrate = sqlite_migrate,
	.run = sqlite_run,
	.close = sqlite_close,
};
