/* Between the front (db.c) and the drivers. */
#pragma once

#include "core/buf.h"
#include "core/list.h"
#include "db/db.h"

#include <pthread.h>

enum { DB_MAX_RESULT_BYTES = 64 * 1024 * 1024 };

struct db_job;
struct db_outbox;

struct db_ops {
	const char *scheme; /* of the url, without ':' */
	const char *alias;  /* another one, or NULL */
	/* Fill in struct db's ops; made with mem_new(size, db_destroy). conf->url has the scheme.
	 */
	int (*open)(struct db **ret_db, struct loop *loop, const struct db_conf *conf);
	/* See db_probe(); NULL: nothing to wait for. */
	int (*probe)(const char *url, char error[256]);
	/* Both block, and are called while no batch is under way. */
	int (*migration_level)(struct db *db, int64_t *ret_number, char error[256]);
	/* One transaction; leaves alone what another process has applied meanwhile. */
	int (*migrate)(struct db *db, const struct db_migration *migration, char error[256]);
	/* Run job and hand it to db_job_complete(); any thread. The driver owns the reference. */
	void (*run)(struct db *db, struct db_job *job);
	/* The same for one that only reads, see db_read(). */
	void (*read)(struct db *db, struct db_job *job);
	/* The same, at once and on the loop's thread if that is quick, see db_lookup(). */
	void (*lookup)(struct db *db, struct db_job *job);
	/* See db_backup() and db_restore(); NULL where there are no such things. */
	int (*backup)(const char *path, const char *to, db_progress_h *progressh, void *arg,
		      char error[256]);
	int (*restore)(const char *path, const struct db_restore_params *params, int64_t *ret_level,
		       char error[256]);
	/* Run what is queued, stop, release everything. No db_job_complete() afterwards. */
	void (*close)(struct db *db);
};

/* First member of every driver's own struct. */
struct db {
	const struct db_ops *ops;
	struct loop *loop;
	struct db_outbox *outbox;
	size_t pending;
	bool has_replica;
	const struct db_vault *vault; /* may be NULL */
	void *vault_arg;
	struct list unsealed; /* batches that wait for a key before they are run */
	struct list held;     /* finished ones, in order; the first waits for a key */
};

/* A batch under way. What the caller gave is copied; the driver fills err, failed and results. */
struct db_job {
	struct list_node node;
	struct db_outbox *outbox;
	struct db_request *request; /* the caller's handle; NULL when it has none */
	db_done_h *doneh;
	void *arg;
	struct db_statement *statements;
	size_t count;
	const char *kind;   /* label of the metrics */
	int64_t queued_us;  /* on the monotonic clock */
	int64_t started_us; /* see db_job_start(); 0: it never was */
	void (*runh)(struct db *db, struct db_job *job);
	struct buf sealed;    /* what values with a secrecy became */
	bool fetched;         /* the vault was asked for a key already */
	struct span *span;    /* NULL when it is not traced */
	struct span *context; /* what was current when it was started */
	int err;
	size_t failed;
	struct db_result **results; /* count entries; NULL until run */

	/* The driver's own. */
	int64_t due_us; /* on the monotonic clock: no longer waited for */
	uint8_t tries;
	bool alone; /* shares its transaction with no other batch */
};

void db_destroy(void *data);
/* A connection takes the job: what it waited for is over. Any thread. */
void db_job_start(struct db_job *job);
void db_job_complete(struct db_job *job);
void db_job_forget_results(struct db_job *job);

/* Rows are added value by value, row after row. */
struct db_cell {
	enum db_type type;
	uint32_t len; /* of text and blob */
	union {
		int64_t integer;
		double real;
		size_t offset; /* of text and blob in data */
	};
};

struct db_result {
	size_t columns;
	size_t rows;
	int64_t changes;
	struct db_cell *cells;
	size_t cell_count;
	size_t cell_cap;
	struct buf data;
};

struct db_result *db_result_new(size_t columns);
/* Room for so many rows. */
void db_result_reserve(struct db_result *result, size_t rows);
/* Returns 0 or -E2BIG. */
int db_result_add(struct db_result *result, const struct db_value *value);

extern const struct db_ops db_sqlite;
extern const struct db_ops db_postgres;
int sqlite_backup(const char *path, const char *to, db_progress_h *progressh, void *arg,
		  char error[256]);
int sqlite_restore(const char *path, const struct db_restore_params *params, int64_t *ret_level,
		   char error[256]);
