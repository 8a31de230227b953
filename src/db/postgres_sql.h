/*
 * Statements in the words of PostgreSQL.
 *
 * A statement that may touch another number of rows than its caller expects is wrapped in one that
 * counts them on the server and fails when the count is wrong. So a batch is sent with its commit
 * behind it, and still comes to nothing when an expectation is not met: no round trip between.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Part of the server's message when a count is wrong. */
#define PG_SQL_UNMET "expect_rows"

struct pg_sql {
	char *text;   /* owned, mem_free() */
	bool counted; /* a column more than the caller's, the last: the rows touched */
	bool returns; /* counted: whether there are columns of the caller's */
};

/*
 * alone: the statement is the whole transaction, so that none touched means that nothing was
 * changed; it is no error on the server then.
 */
void pg_sql_make(struct pg_sql *ret_sql, const char *sql, int64_t expect_rows, bool alone);

/* The statement takes no lock and changes nothing. */
bool pg_sql_reads(const char *sql);
