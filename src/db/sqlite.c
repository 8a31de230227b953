/*
 * SQLite in three lanes, each a connection: `main` on a thread of its own runs every change,
 * `reader` on another what may take long, `near` on the loop's thread what takes microseconds. WAL
 * lets them work side by side. On the main lane batches that wait together are committed together,
 * each in a savepoint of its own, so that a burst of changes pays for one fsync and not for one
 * each.
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
	READ_LIMIT_US = 5000000,
	LOOKUP_LIMIT_US = 2000,
	PROGRESS_STEPS = 1000,
	MAX_VALUE_BYTES = 32 * 1024 * 1024,
};

struct cached {
	struct cached *next;
	const char
		*sql; /* the caller's: statements are static, so they are told by where they are */
	sqlite3_stmt *stmt;
};

struct lane {
	sqlite3 *handle;  /* the thread's, once it runs */
	bool reads;       /* only */
	bool gives_up;    /* without a word: somebody else will try again */
	int64_t until_us; /* when a read is given up, on the monotonic clock */
	struct cached *cache[CACHE_BUCKETS];
	size_t cached;

	pthread_t thread;
	bool threaded;
	pthread_mutex_t lock;
	pthread_cond_t ready;
	struct list queue;
	bool stopping;
};

struct sqlite {
	struct db db;
	struct lane main;
	struct lane reader; /* these two are not opened for a database in memory */
	struct lane near;
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
	case SQLITE_INTERRUPT:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_ERROR:
	case SQLITE_MISMATCH:
	case SQLITE_RANGE:
	case SQLITE_TOOBIG:
	case SQLITE_READONLY:
		return -EINVAL;
	default:
		return -EIO;
	}
}

/* Only the driver knows SQLite's own words for what went wrong. */
static int failed(struct lane *lane, int rc, const char *sql)
{
	int err = error_of(rc);

	if (lane->gives_up && err == -EBUSY)
		return err;
	if (err && err != -EEXIST && err != -ENOENT)
		LOG_ERROR(&log_sqlite, "statement_failed", LOG_ERR(err),
			  LOG_STR("reason", sqlite3_errmsg(lane->handle)), LOG_STR("sql", sql));
	return err;
}

/* ---- prepared statements ---- */

static struct cached **bucket_of(struct lane *lane, const char *sql)
{
	return &lane->cache[((uintptr_t)sql >> 3) * 2654435761u / 64 % CACHE_BUCKETS];
}

static void cache_clear(struct lane *lane)
{
	for (size_t i = 0; i < CACHE_BUCKETS; i++) {
		while (lane->cache[i]) {
			struct cached *entry = lane->cache[i];

			lane->cache[i] = entry->next;
			sqlite3_finalize(entry->stmt);
			mem_free(entry);
		}
	}
	lane->cached = 0;
}

/* The statement belongs to the cache and is valid until the next call. */
static int prepare(struct lane *lane, sqlite3_stmt **ret_stmt, const char *sql)
{
	struct cached **bucket = bucket_of(lane, sql), *entry;
	sqlite3_stmt *stmt;
	int rc;

	for (entry = *bucket; entry; entry = entry->next) {
		/* A caller's mistake must not run another statement. */
		if (entry->sql == sql && !strcmp(sqlite3_sql(entry->stmt), sql)) {
			*ret_stmt = entry->stmt;
			return 0;
		}
	}
	rc = sqlite3_prepare_v3(lane->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
	if (rc != SQLITE_OK || !stmt)
		return failed(lane, rc == SQLITE_OK ? SQLITE_ERROR : rc, sql);
	if (lane->cached >= CACHE_MAX)
		cache_clear(lane);
	entry = mem_alloc(sizeof(*entry));
	entry->sql = sql;
	entry->stmt = stmt;
	entry->next = *bucket;
	*bucket = entry;
	lane->cached++;
	*ret_stmt = stmt;
	return 0;
}

/*
 * What begins and ends transactions. It has no time limit: a ROLLBACK that is interrupted leaves
 * the lane in its transaction.
 */
static int execute(struct lane *lane, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	int64_t until_us = lane->until_us;
	int rc, err = prepare(lane, &stmt, sql);

	if (err)
		return err;
	lane->until_us = INT64_MAX;
	rc = sqlite3_step(stmt);
	sqlite3_reset(stmt);
	lane->until_us = until_us;
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : failed(lane, rc, sql);
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

static int step_all(struct lane *lane, sqlite3_stmt *stmt, struct db_result *result,
		    const char *sql)
{
	int rc;

	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		int err = result->columns ? add_row(result, stmt) : 0;

		if (err)
			return err;
	}
	if (rc != SQLITE_DONE)
		return failed(lane, rc, sql);
	if (!sqlite3_stmt_readonly(stmt))
		result->changes = sqlite3_changes64(lane->handle);
	return 0;
}

static int64_t touched(const struct db_result *result)
{
	return result->columns ? (int64_t)result->rows : result->changes;
}

static int run_statement(struct lane *lane, const struct db_statement *statement,
			 struct db_result **ret_result)
{
	struct db_result *result;
	sqlite3_stmt *stmt = NULL;
	int err = prepare(lane, &stmt, statement->sql);

	if (err)
		return err;
	err = failed(lane, bind_values(stmt, statement), statement->sql);
	if (err)
		return err;
	result = db_result_new((size_t)sqlite3_column_count(stmt));
	err = step_all(lane, stmt, result, statement->sql);
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

static void run_statements(struct lane *lane, struct db_job *job)
{
	db_job_forget_results(job);
	job->err = 0;
	for (size_t i = 0; !job->err && i < job->count; i++) {
		job->err = run_statement(lane, &job->statements[i], &job->results[i]);
		job->failed = i;
	}
	if (job->err)
		db_job_forget_results(job);
}

static bool writes(struct lane *lane, const struct db_job *job)
{
	for (size_t i = 0; i < job->count; i++) {
		sqlite3_stmt *stmt = NULL;

		if (!prepare(lane, &stmt, job->statements[i].sql) && !sqlite3_stmt_readonly(stmt))
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

static bool in_transaction(struct lane *lane)
{
	return !sqlite3_get_autocommit(lane->handle);
}

static void run_alone(struct lane *lane, struct db_job *job, bool write)
{
	int err = execute(lane, write ? "BEGIN IMMEDIATE" : "BEGIN");

	if (err) {
		fail_job(job, err);
		return;
	}
	run_statements(lane, job);
	if (!job->err) {
		err = execute(lane, "COMMIT");
		if (err)
			fail_job(job, err);
	}
	if (in_transaction(lane))
		execute(lane, "ROLLBACK");
}

/*
 * Returns false when the group as a whole came to nothing (the disk was full, say, and SQLite
 * rolled everything back): then each batch has to be tried alone.
 */
static bool run_together(struct lane *lane, struct db_job **jobs, size_t count)
{
	if (execute(lane, "BEGIN IMMEDIATE"))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (execute(lane, "SAVEPOINT batch"))
			break;
		run_statements(lane, jobs[i]);
		if (!in_transaction(lane))
			return false;
		if (jobs[i]->err && execute(lane, "ROLLBACK TO batch"))
			break;
		if (execute(lane, "RELEASE batch"))
			break;
		if (i + 1 == count && !execute(lane, "COMMIT"))
			return true;
	}
	if (in_transaction(lane))
		execute(lane, "ROLLBACK");
	return false;
}

static void run_group(struct lane *lane, struct db_job **jobs, size_t count)
{
	bool write = false;

	if (count == 1 && jobs[0]->count == 1 && !writes(lane, jobs[0])) {
		run_statements(lane, jobs[0]);
		return;
	}
	for (size_t i = 0; i < count; i++)
		write |= writes(lane, jobs[i]);
	if (count > 1 && write && run_together(lane, jobs, count))
		return;
	for (size_t i = 0; i < count; i++)
		run_alone(lane, jobs[i], write && writes(lane, jobs[i]));
}

/* ---- the thread ---- */

static size_t take_group(struct lane *lane, struct db_job **jobs)
{
	size_t count = 0;

	pthread_mutex_lock(&lane->lock);
	while (!lane->queue.head && !lane->stopping)
		pthread_cond_wait(&lane->ready, &lane->lock);
	while (count < (lane->reads ? 1 : GROUP_MAX) && lane->queue.head)
		jobs[count++] = list_pop(&lane->queue);
	pthread_mutex_unlock(&lane->lock);
	return count;
}

static void *thread_main(void *arg)
{
	struct lane *lane = arg;
	struct db_job *jobs[GROUP_MAX];
	size_t count;

	pthread_setname_np(pthread_self(), lane->reads ? "sqlite-read" : "sqlite");
	while ((count = take_group(lane, jobs))) {
		for (size_t i = 0; i < count; i++)
			db_job_start(jobs[i]);
		lane->until_us = clock_mono_us() + READ_LIMIT_US;
		run_group(lane, jobs, count);
		for (size_t i = 0; i < count; i++)
			db_job_complete(jobs[i]);
	}
	return NULL;
}

static void lane_run(struct lane *lane, struct db_job *job)
{
	pthread_mutex_lock(&lane->lock);
	list_append(&lane->queue, &job->node, job);
	pthread_cond_signal(&lane->ready);
	pthread_mutex_unlock(&lane->lock);
}

static void sqlite_run(struct db *db, struct db_job *job)
{
	struct sqlite *sq = (struct sqlite *)db;

	lane_run(&sq->main, job);
}

static void sqlite_read(struct db *db, struct db_job *job)
{
	struct sqlite *sq = (struct sqlite *)db;

	lane_run(sq->reader.threaded ? &sq->reader : &sq->main, job);
}

static void sqlite_lookup(struct db *db, struct db_job *job)
{
	struct sqlite *sq = (struct sqlite *)db;

	if (!sq->near.handle) {
		sqlite_read(db, job);
		return;
	}
	db_job_start(job);
	sq->near.until_us = clock_mono_us() + LOOKUP_LIMIT_US;
	run_group(&sq->near, &job, 1);
	if (job->err == -EBUSY)
		sqlite_read(db, job);
	else
		db_job_complete(job);
}

static void lane_close(struct lane *lane)
{
	pthread_mutex_lock(&lane->lock);
	lane->stopping = true;
	pthread_cond_signal(&lane->ready);
	pthread_mutex_unlock(&lane->lock);
	if (lane->threaded && lane->reads)
		sqlite3_interrupt(lane->handle);
	if (lane->threaded)
		pthread_join(lane->thread, NULL);
	cache_clear(lane);
	sqlite3_close(lane->handle);
	pthread_cond_destroy(&lane->ready);
	pthread_mutex_destroy(&lane->lock);
}

static void sqlite_close(struct db *db)
{
	struct sqlite *sq = (struct sqlite *)db;

	lane_close(&sq->near);
	lane_close(&sq->reader);
	lane_close(&sq->main);
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

/* Called by SQLite every so many steps of a statement; not 0 interrupts it. */
static int on_progress(void *arg)
{
	struct lane *lane = arg;

	return clock_mono_us() > lane->until_us;
}

static int configure(struct lane *lane)
{
	const char *const pragmas[] = {
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = FULL",
		"PRAGMA foreign_keys = ON",
		"PRAGMA temp_store = MEMORY",
		"PRAGMA trusted_schema = OFF",
		"PRAGMA journal_size_limit = 67108864",
		lane->reads ? "PRAGMA query_only = ON" : "PRAGMA query_only = OFF",
	};

	sqlite3_busy_timeout(lane->handle, lane->gives_up ? 0 : BUSY_TIMEOUT_MS);
	sqlite3_extended_result_codes(lane->handle, 1);
	sqlite3_limit(lane->handle, SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES);
	sqlite3_db_config(lane->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* Otherwise plans look at values, and statements are prepared anew for other ones. */
	sqlite3_db_config(lane->handle, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
	for (size_t i = 0; i < ARRAY_LEN(pragmas); i++) {
		int rc = sqlite3_exec(lane->handle, pragmas[i], NULL, NULL, NULL);

		if (rc != SQLITE_OK)
			return failed(lane, rc, pragmas[i]);
	}
	/* From here on: reading the schema, which the first of these does, has no limit yet. */
	if (lane->reads)
		sqlite3_progress_handler(lane->handle, PROGRESS_STEPS, on_progress, lane);
	return 0;
}

static int lane_open(struct lane *lane, const char *path)
{
	int err = error_of(sqlite3_open_v2(
		path, &lane->handle,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL));

	if (!err)
		err = configure(lane);
	if (!err && !lane->gives_up)
		err = -pthread_create(&lane->thread, NULL, thread_main, lane);
	lane->threaded = !err && !lane->gives_up;
	return err;
}

static void lane_init(struct lane *lane)
{
	pthread_mutex_init(&lane->lock, NULL);
	pthread_cond_init(&lane->ready, NULL);
}

/* Without its statistics of memory SQLite takes no lock for every allocation. */
static void configure_library(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int sqlite_open(struct db **ret_db, struct loop *loop, const struct db_conf *conf)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const char *path = strchr(conf->url, ':') + 1;
	struct sqlite *sq;
	int err = str_is_empty(conf->read_url) ? make_file(path) : -EINVAL;

	pthread_once(&once, configure_library);
	if (err)
		return err;
	sq = mem_new(sizeof(*sq), db_destroy);
	sq->db.ops = &db_sqlite;
	lane_init(&sq->main);
	lane_init(&sq->reader);
	lane_init(&sq->near);
	sq->reader.reads = sq->near.reads = true;
	sq->near.gives_up = true;
	err = lane_open(&sq->main, path);
	if (!err && strcmp(path, ":memory:") != 0)
		err = lane_open(&sq->reader, path);
	if (!err && sq->reader.threaded)
		err = lane_open(&sq->near, path);
	if (err)
		mem_unref(sq);
	else
		*ret_db = &sq->db;
	return err;
}

/* ---- migrations: on the caller's thread, while the other one sleeps ---- */

static int script(struct lane *lane, const char *sql, char error[256])
{
	int rc = sqlite3_exec(lane->handle, sql, NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		return 0;
	snprintf(error, 256, "%s", sqlite3_errmsg(lane->handle));
	return error_of(rc);
}

static int read_level(struct lane *lane, int64_t *ret_number, char error[256])
{
	sqlite3_stmt *stmt;
	int rc = sqlite3_prepare_v2(lane->handle,
				    "SELECT coalesce(max(number), 0) FROM schema_migration", -1,
				    &stmt, NULL);

	if (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
		*ret_number = sqlite3_column_int64(stmt, 0);
	else
		snprintf(error, 256, "%s", sqlite3_errmsg(lane->handle));
	sqlite3_finalize(stmt);
	return error_of(rc);
}

static int sqlite_migration_level(struct db *db, int64_t *ret_number, char error[256])
{
	struct lane *lane = &((struct sqlite *)db)->main;
	int err = script(lane,
			 "CREATE TABLE IF NOT EXISTS schema_migration ("
			 "number INTEGER PRIMARY KEY, name TEXT NOT NULL, "
			 "applied_at INTEGER NOT NULL)",
			 error);

	return err ? err : read_level(lane, ret_number, error);
}

static int apply(struct lane *lane, const struct db_migration *migration, char error[256])
{
	char *record;
	int64_t level = 0;
	int err = read_level(lane, &level, error);

	if (err || level >= (int64_t)migration->number)
		return err;
	err = script(lane, migration->sql, error);
	if (err)
		return err;
	record = sqlite3_mprintf("INSERT INTO schema_migration VALUES (%u, %Q, %lld)",
				 migration->number, migration->name, (long long)clock_wall_us());
	err = script(lane, record, error);
	sqlite3_free(record);
	return err;
}

static int sqlite_migrate(struct db *db, const struct db_migration *migration, char error[256])
{
	struct lane *lane = &((struct sqlite *)db)->main;
	int err = script(lane, "BEGIN IMMEDIATE", error);

	if (err)
		return err;
	err = apply(lane, migration, error);
	if (!err)
		err = script(lane, "COMMIT", error);
	if (in_transaction(lane))
		sqlite3_exec(lane->handle, "ROLLBACK", NULL, NULL, NULL);
	return err;
}

const struct db_ops db_sqlite = {
	.scheme = "sqlite",
	.open = sqlite_open,
	.migration_level = sqlite_migration_level,
	.migrate = sqlite_migrate,
	.run = sqlite_run,
	.read = sqlite_read,
	.lookup = sqlite_lookup,
	.backup = sqlite_backup,
	.restore = sqlite_restore,
	.close = sqlite_close,
};
