/* Values and results on their way to and from libpq, and what its errors mean. */
#pragma once

#include "db/db_priv.h"

#include <libpq-fe.h>

/* Arguments of PQsendQueryPrepared(). */
struct pg_params {
	const char *values[DB_MAX_PARAMS];
	int lengths[DB_MAX_PARAMS];
	int formats[DB_MAX_PARAMS];
	char numbers[DB_MAX_PARAMS][32];
};

/* Points into the statement's values, which live as long as its job. */
void pg_params_set(struct pg_params *params, const struct db_statement *statement);

/* PostgreSQL has no text with a NUL in it. */
bool pg_params_are_possible(const struct db_statement *statement);

/*
 * counted: the last column is the number of rows touched, see postgres_sql.h; returns: others are
 * the caller's. Returns 0 or -E2BIG.
 */
int pg_result_read(struct db_result **ret_result, const PGresult *from, bool counted, bool returns);

/* The errno of a failed statement, as in db.h. */
int pg_error_of(const PGresult *result);

/* Two transactions could not both go on, and this one was given up. */
bool pg_error_is_collision(const PGresult *result);

/* The server has forgotten the prepared statement, or cannot run it any more as it is. */
bool pg_error_is_stale(const PGresult *result);

/* The server ends the connection with this message. */
bool pg_error_is_fatal(const PGresult *result);
