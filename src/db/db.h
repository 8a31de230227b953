/*
 * Asynchronous SQL. One set of statements runs on every driver: parameters are $1..$n, each used in
 * order of first appearance; times are integers (UTC microseconds), ids and JSON are text.
 *
 * There are no open transactions to hold: a batch of statements is one transaction. A statement may
 * say how many rows it must touch; if it does not, the whole batch is rolled back with -EAGAIN.
 * That, with a version column, is how a row is changed that somebody else may change too.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct db_result;
struct db_request;
struct loop;

enum db_type { DB_NULL, DB_INT, DB_REAL, DB_TEXT, DB_BLOB };

struct db_value {
	enum db_type type;
	int64_t integer;
	double real;
	const char *data; /* text or blob; copied when the batch is started */
	size_t len;
};

struct db_value db_int(int64_t value);
struct db_value db_real(double value);
struct db_value db_text(const char *value); /* NULL gives SQL NULL */
struct db_value db_blob(const void *data, size_t len);
struct db_value db_null(void);

enum { DB_MAX_PARAMS = 48, DB_MAX_STATEMENTS = 16, DB_ANY_ROWS = -1 };

struct db_statement {
	const char *sql; /* one statement; static */
	const struct db_value *params;
	size_t param_count;
	int64_t expect_rows; /* rows changed or returned; DB_ANY_ROWS for no expectation */
};

/*
 * Once, on the loop. err: 0; -EAGAIN (an expectation was not met: nothing was changed); -EEXIST (a
 * unique key is taken); -ENOENT (a foreign key points nowhere); -EINVAL (a check failed, or the
 * statement is wrong); -E2BIG (more than 64 MiB of rows); -EBUSY, -ENOSPC, -EIO; after all of these
 * nothing was changed; -EINPROGRESS (the connection was
 * lost and the outcome is unknown). results has one entry a statement, each valid during the
 * handler, or longer with mem_ref(). On error results is NULL, and failed is the index of the
 * statement that failed.
 */
typedef void db_done_h(int err, struct db_result *const *results, size_t failed, void *arg);

/*
 * url: "sqlite:PATH" or "sqlite::memory:". Opened, not yet migrated; a missing file is made,
 * readable by its owner only. ret_db: owned by the caller; mem_unref() blocks until every batch has
 * been run, and drops the handlers that are still due. Returns 0, -EINVAL (unknown kind of url) or
 * a negative errno.
 */
int db_open(struct db **ret_db, struct loop *loop, const char *url);

struct db_migration {
	uint32_t number; /* 1, 2, 3... */
	const char *name;
	const char *sql; /* any number of statements */
};

/*
 * Bring the schema up to date; each migration is one transaction and is recorded in
 * schema_migration. Blocks; before the loop runs. ret_error (room for 256) says what went wrong.
 * Returns 0, -EINVAL (numbers are not 1, 2, 3...), -EPERM (the database is newer than this program)
 * or a negative errno; migrations before the one that failed stay.
 */
int db_migrate(struct db *db, const struct db_migration *migrations, size_t count,
	       char ret_error[256]);

/*
 * Run statements as one transaction, in order. ret_request (may be NULL) is owned by the caller;
 * releasing it silences doneh but does not stop the batch. doneh may be NULL. At most 4,096 batches
 * wait; more are answered -EBUSY through doneh.
 */
void db_run(struct db_request **ret_request, struct db *db, const struct db_statement *statements,
	    size_t count, db_done_h *doneh, void *arg);

/*
 * The same for statements that only read (others are -EINVAL): they run beside other batches, delay
 * none of them, and finish in no particular order with them. They see at least what was committed
 * when they were started. Given up with -EBUSY after 5 s of work.
 */
void db_read(struct db_request **ret_request, struct db *db, const struct db_statement *statements,
	     size_t count, db_done_h *doneh, void *arg);

/*
 * The same for a few rows found by a key or at the start of an index: where the driver can, they
 * are read at once on the loop's own thread, which saves the way to another one and back. What
 * takes longer than 2 ms is begun again as db_read() would, so that a wrong guess costs the loop no
 * more than that.
 */
void db_lookup(struct db_request **ret_request, struct db *db,
	       const struct db_statement *statements, size_t count, db_done_h *doneh, void *arg);

size_t db_rows(const struct db_result *result);     /* rows returned */
int64_t db_changes(const struct db_result *result); /* rows inserted, updated or deleted */
/* A value of row and column, both from 0. Wrong type or out of range: 0, 0.0, NULL. */
bool db_is_null(const struct db_result *result, size_t row, size_t column);
int64_t db_get_int(const struct db_result *result, size_t row, size_t column);
double db_get_real(const struct db_result *result, size_t row, size_t column);
const char *db_get_text(const struct db_result *result, size_t row, size_t column);
const void *db_get_blob(const struct db_result *result, size_t row, size_t column, size_t *ret_len);

/* Batches started and not finished. */
size_t db_pending(const struct db *db);
