/*
 * Statements of one transaction, collected from several places, with the values they need kept
 * alive until the batch is started. On the stack: `struct batch batch auto_batch = {0};`
 */
#pragma once

#include "db/db.h"

enum { BATCH_MAX_PARAMS = 256, BATCH_MAX_OWNED = 64 };

struct batch {
	struct db_statement statements[DB_MAX_STATEMENTS]; /* each owns its params */
	char *owned[BATCH_MAX_OWNED];
	size_t count;
	size_t param_count;
	size_t owned_count;
};

/*
 * Add a statement; returns its index. params are copied, what they point at is not: it must live
 * until batch_run(), see batch_own(). Too many statements or parameters stop the process: it is a
 * bug.
 */
size_t batch_add(struct batch *batch, const char *sql, int64_t expect_rows,
		 const struct db_value *params, size_t param_count);
#define BATCH_ADD(batch_, sql_, expect_, ...)                                    \
	batch_add((batch_), (sql_), (expect_), (struct db_value[]){__VA_ARGS__}, \
		  sizeof((struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value))

/* Keep text (from mem_alloc and the like) until the batch is released; returns it. */
const char *batch_own(struct batch *batch, char *text);

void batch_run(struct batch *batch, struct db_request **ret_request, struct db *db,
	       db_done_h *doneh, void *arg);
/* For a batch that only reads, see db_read(). */
void batch_read(struct batch *batch, struct db_request **ret_request, struct db *db,
		db_done_h *doneh, void *arg);
/* For one that reads a few rows by their keys, see db_lookup(). */
void batch_lookup(struct batch *batch, struct db_request **ret_request, struct db *db,
		  db_done_h *doneh, void *arg);
void batch_free(struct batch *batch); /* empty; may be used again */
#define auto_batch __attribute__((cleanup(batch_free)))
