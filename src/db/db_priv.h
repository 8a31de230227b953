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
	/* Fill in struct db's ops; made with mem_new(size, db_destroy). */
	int (*open)(struct db **ret_db, const char *path);
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
	/* Run what is queued, stop, release everything. No db_job_complete() afterwards. */
	void (*close)(struct db *db);
};

/* First member of every driver's own struct. */
struct db {
	const struct db_ops *ops;
	struct loop *loop;
	struct db_outbox *outbox;
	size_t pending;
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
	int err;
	size_t failed;
	struct db_result **results; /* count entries; NULL until run */
};

void db_destroy(void *data);
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
/* Returns 0 or -E2BIG. */
int db_result_add(struct db_result *result, const struct db_value *value);

extern const struct db_ops db_sqlite;
