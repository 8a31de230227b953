/*
 * Asynchronous SQL. One set of statements runs on every driver: parameters are $1..$n, each used in
 * order of first appearance; times are integers (UTC microseconds), ids and JSON are text. Columns
 * are BIGINT, DOUBLE PRECISION, TEXT or BYTEA. What is in a comment that begins with "pg" and a
 * space is for PostgreSQL alone, which reads it as if it were no comment. A parameter whose type
 * PostgreSQL cannot tell from where it stands (SELECT $1) is written CAST($1 AS BIGINT).
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

/* What becomes of a text before it reaches the database; see struct db_vault. */
enum db_secrecy { DB_PLAIN, DB_SEALED, DB_HASHED };

struct db_value {
	enum db_type type;
	int64_t integer;
	double real;
	const char *data; /* text or blob; copied when the batch is started */
	size_t len;
	enum db_secrecy secrecy;
	const char *tenant_id; /* whose key; copied */
	const char *context;   /* copied */
};

struct db_value db_int(int64_t value);
struct db_value db_real(double value);
struct db_value db_text(const char *value); /* NULL gives SQL NULL */
struct db_value db_blob(const void *data, size_t len);
struct db_value db_null(void);
/*
 * Text that is stored sealed with the tenant's key; NULL gives SQL NULL. context names its place,
 * such as the id of its row: equal texts of equal context are stored as equal texts. It comes back
 * from a query as it was.
 */
struct db_value db_sealed(const char *tenant_id, const char *context, const char *value);
/* The keyed hash of text: what a sealed value is looked up by. */
struct db_value db_hashed(const char *tenant_id, const char *value);

enum { DB_MAX_PARAMS = 64, DB_MAX_STATEMENTS = 24, DB_ANY_ROWS = -1 };

struct db_statement {
	const char *sql; /* one statement; static */
	const struct db_value *params;
	size_t param_count;
	int64_t expect_rows; /* rows changed or returned; DB_ANY_ROWS for no expectation */
	bool raw;            /* sealed values are returned as they are stored */
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

struct db_conf {
	/*
	 * "sqlite:PATH", "sqlite::memory:", or "postgresql://user:password@host:port/database" with
	 * the options of libpq (sslmode=verify-full ...) behind a '?'; "postgres:" is the same.
	 */
	const char *url;
	size_t pool_size; /* connections, PostgreSQL only; 3..100, 0 means 6 */
	/*
	 * A replica of it, for db_read(), while it is there and lags no more than that; NULL or "":
	 * there is none. It has half as many connections of its own. PostgreSQL only.
	 */
	const char *read_url;
	int64_t max_lag_s; /* 0 means 10 */
	/*
	 * Statements that the connection of the migrations begins with, such as a SET that they
	 * look at; PostgreSQL only. NULL: none.
	 */
	const char *prelude;
};

/*
 * Opened, not yet migrated. SQLite: a missing file is made, readable by its owner only. PostgreSQL:
 * nothing is connected yet; connections are made when they are needed, and made again when they
 * were lost. ret_db: owned by the caller; mem_unref() blocks until every batch has been run (or
 * could not be for 5 s), and drops the handlers that are still due. conf is copied. Returns 0,
 * -EINVAL (unknown kind of url, or one that makes no sense) or a negative errno.
 */
int db_open(struct db **ret_db, struct loop *loop, const struct db_conf *conf);

/*
 * Whether there is a database at url. Blocks, some seconds at most; any thread, and no loop needed.
 * Returns 0 (also for an url that makes no sense, which db_open() says), -EAGAIN (it cannot be
 * reached, or is starting: that may pass by itself) or -ECONNREFUSED (it is there and does not want
 * us), with ret_error (room for 256).
 */
int db_probe(const char *url, char ret_error[256]);

struct db_migration {
	uint32_t number; /* 1, 2, 3... */
	const char *name;
	const char *sql; /* any number of statements */
	/* What PostgreSQL gets instead; NULL: the same. */
	const char *postgres_sql;
};

/*
 * Bring the schema up to date; each migration is one transaction and is recorded in
 * schema_migration. Blocks; before the loop runs. ret_error (room for 256) says what went wrong.
 * Returns 0, -EINVAL (numbers are not 1, 2, 3...), -EPERM (the database is newer than this program)
 * or a negative errno; migrations before the one that failed stay.
 */
int db_migrate(struct db *db, const struct db_migration *migrations, size_t count,
	       char ret_error[256]);

/* The number of the last migration applied, 0 for none. Blocks; before the loop runs. */
int db_level(struct db *db, int64_t *ret_number, char ret_error[256]);

/* The statements of migration that this database gets. */
const char *db_migration_sql(const struct db *db, const struct db_migration *migration);

/*
 * Run statements as one transaction, in order. Batches are committed and their handlers called in
 * the order in which they were started (except those that PostgreSQL had to try again). ret_request
 * (may be NULL) is owned by the caller; releasing it silences doneh but does not stop the batch.
 * doneh may be NULL. At most 4,096 batches wait; more are answered -EBUSY through doneh.
 */
void db_run(struct db_request **ret_request, struct db *db, const struct db_statement *statements,
	    size_t count, db_done_h *doneh, void *arg);

/*
 * The same for statements that only read (others are -EINVAL): they run beside other batches, delay
 * none of them, and finish in no particular order with them. They see at least what was committed
 * when they were started; or, from a replica, what was a moment before (db_conf.max_lag_s). Given
 * up with -EBUSY after 5 s of work.
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

/*
 * Who seals and opens (platform/vault.h). All functions are called on the loop's thread. Without a
 * vault sealed values are stored as they are, and hashed ones are.
 */
struct buf;
struct db_vault {
	/* Append what is stored. Returns 0, or -ENOKEY: fetchh is asked for the tenant's key. */
	int (*sealh)(void *arg, const struct db_value *value, struct buf *out);
	/* Append the plaintext; -ENOKEY as above; -EBADMSG: not a sealed text, left as it is. */
	int (*openh)(void *arg, const char *text, size_t len, struct buf *out);
	/*
	 * Get the key that was missed (of tenant_id, or, when NULL, whichever there are now) and
	 * call db_vault_fetched(), later. A key still missing then counts as -EBADMSG, or fails the
	 * batch with -EACCES when it was for sealing. Its own batches must be raw.
	 */
	void (*fetchh)(void *arg, const char *tenant_id);
};
#define DB_SEALED_PREFIX "s1." /* sealed texts begin so */
void db_set_vault(struct db *db, const struct db_vault *vault, void *arg); /* static */
void db_vault_fetched(struct db *db, int err); /* err: why it could not be asked for */
enum db_type db_type_of(const struct db_result *result, size_t row, size_t column);

/* Whether the database is a file of ours, and not a server. */
bool db_is_embedded(const struct db *db);

/* Batches started and not finished. */
size_t db_pending(const struct db *db);

/* Whether db_read() may be answered by a replica. */
bool db_has_replica(const struct db *db);

/* ---- copies of an embedded database; these block and need no loop ---- */

/* Pages done so far, of how many. */
typedef void db_progress_h(size_t done, size_t total, void *arg);

/*
 * Copy the database at url to a file, while others read and write it; the copy is checked and then
 * replaces path as a whole. progressh may be NULL. Returns 0, -ENOTSUP (url is of a server, which
 * has tools of its own), or a negative errno with error saying why; path is unchanged then.
 */
int db_backup(const char *url, const char *path, db_progress_h *progressh, void *arg,
	      char error[256]);

struct db_restore_params {
	const char *from;  /* a file made by db_backup() */
	const char *keep;  /* where the database that is replaced is kept; must not exist */
	int64_t max_level; /* the newest schema that is taken */
	db_progress_h *progressh;
	void *arg;
};

/*
 * The other way. The file is copied and checked before the database is touched. ret_level: the
 * number of its last migration. Returns 0, -EBUSY (somebody has the database open), -EBADMSG (the
 * file is damaged, or is something else), -EPERM (it is newer than max_level), -ENOTSUP, or a
 * negative errno, with error saying why; nothing is changed then.
 */
int db_restore(const char *url, const struct db_restore_params *params, int64_t *ret_level,
	       char error[256]);
