/*
 * Rows of call_event in the order of their numbers, none left out, none twice, whoever wrote them.
 *
 * PostgreSQL gives a number out before the transaction commits, so rows of several pods appear out
 * of order, and a number whose transaction was rolled back never appears. A row is therefore held
 * back while a lower number is missing. What is missing is looked for in the database; it counts as
 * void once every transaction that had begun when it was missed is over (the horizon of a
 * snapshot), or after 30 s. In SQLite numbers appear in order: what is not there is void.
 */
#pragma once

#include "core/uuid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct live_order;
struct loop;

struct live_row {
	int64_t seq;
	int64_t at;
	char tenant_id[UUID_SIZE];
	char call_id[UUID_SIZE]; /* "" when about no call */
	const char *type;
	const char *data; /* the text of a JSON value */
};

struct live_order_handlers {
	/* The next row; it is valid during the handler. */
	void (*rowh)(const struct live_row *row, void *arg);
	/* Every row up to seq is in the database or void; rows that follow come through rowh. */
	void (*startedh)(int64_t seq, void *arg);
};

/* handlers is static; db outlives it. Owned by the caller; handlers must not release it. */
struct live_order *live_order_new(struct loop *loop, struct db *db,
				  const struct live_order_handlers *handlers, void *arg);

/* Rows up to seq, which was just committed, are history. */
void live_order_start(struct live_order *order, int64_t seq);

/* A row was committed, here or elsewhere; copied if need be. One that came before is ignored. */
void live_order_add(struct live_order *order, const struct live_row *row);
/* There is a row of that number: look for it. */
void live_order_note(struct live_order *order, int64_t seq);

/* Look for rows nobody has told of. */
void live_order_look(struct live_order *order);

/* The database is one that other processes may share. Known once it was asked. */
bool live_order_is_shared(const struct live_order *order);
