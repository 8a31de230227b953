/*
 * Migrations, on a connection of their own that blocks. A lock that belongs to no table makes
 * processes that start at once take turns; the second finds the work done.
 */
#include "core/clock.h"
#include "core/log.h"
#include "core/mem.h"
#include "db/postgres_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STARTING_LIMIT_US = 15000000, STARTING_PAUSE_US = 250000 };

/* The key has no meaning but to be ours. */
#define LOCK "SELECT pg_advisory_xact_lock(7310036842219461)"

/* What may pass by itself; a wrong password or certificate does not. libpq tells it in words only.
 */
static bool is_starting(const char *error)
{
	static const char *const signs[] = {
		"Connection refused", "Connection reset", "Connection timed out",
		"No route to host",   "No such file",     "is unreachable",
		"recovery",           "shutting down",    "starting up",
		"timeout expired",    "too many clients", "translate host name",
		"unexpectedly",
	};

	for (size_t i = 0; i < ARRAY_LEN(signs); i++)
		if (strstr(error, signs[i]))
			return true;
	return false;
}

int pg_probe(const char *url, char error[256])
{
	struct pg_target target = {0};
	PGconn *handle;
	int err = 0;

	if (pg_target_open(&target, url))
		return 0;
	handle = pg_connect_blocking(&target, error);
	if (handle)
		PQfinish(handle);
	else
		err = is_starting(error) ? -EAGAIN : -ECONNREFUSED;
	pg_target_close(&target);
	return err;
}

/* The database may be starting, too: wait for it a while. */
static int admin_open(struct pg *pg, char error[256])
{
	int64_t until = clock_mono_us() + STARTING_LIMIT_US;

	while (!pg->admin) {
		pg->admin = pg_connect_blocking(&pg->primary, error);
		if (pg->admin)
			break;
		if (clock_mono_us() >= until || !is_starting(error))
			return -ECONNREFUSED;
		LOG_WARN(&pg_log, "database_unreachable", LOG_STR("reason", error));
		usleep(STARTING_PAUSE_US);
	}
	return 0;
}

static int script(struct pg *pg, const char *sql, char error[256])
{
	PGresult *result = PQexec(pg->admin, sql);
	ExecStatusType status = PQresultStatus(result);
	int err = 0;

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK &&
	    status != PGRES_EMPTY_QUERY) {
		snprintf(error, 256, "%s", PQerrorMessage(pg->admin));
		error[strcspn(error, "\n")] = '\0';
		err = pg_error_of(result);
	}
	PQclear(result);
	return err;
}

static int admin_ready(struct pg *pg, char error[256])
{
	int err = admin_open(pg, error);

	if (err || !pg->prelude)
		return err;
	return script(pg, pg->prelude, error);
}

void pg_migrate_end(struct pg *pg)
{
	if (pg->admin)
		PQfinish(pg->admin);
	pg->admin = NULL;
}

static int read_level(struct pg *pg, int64_t *ret_number, char error[256])
{
	PGresult *result =
		PQexec(pg->admin, "SELECT coalesce(max(number), 0) FROM schema_migration");
	int err = PQresultStatus(result) == PGRES_TUPLES_OK ? 0 : pg_error_of(result);

	if (err)
		snprintf(error, 256, "%s", PQerrorMessage(pg->admin));
	else
		*ret_number = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
	PQclear(result);
	return err;
}

/* In a transaction with the lock; fn's error undoes it. */
static int locked(struct pg *pg, int (*fn)(struct pg *pg, const void *arg, char error[256]),
		  const void *arg, char error[256])
{
	int err = admin_ready(pg, error);

	if (!err)
		err = script(pg, "BEGIN", error);
	if (err)
		return err;
	err = script(pg, LOCK, error);
	if (!err)
		err = fn(pg, arg, error);
	if (!err)
		err = script(pg, "COMMIT", error);
	if (err)
		PQclear(PQexec(pg->admin, "ROLLBACK"));
	return err;
}

static int make_table(struct pg *pg, const void *arg, char error[256])
{
	return script(pg,
		      "CREATE TABLE IF NOT EXISTS schema_migration (number BIGINT PRIMARY KEY, "
		      "name TEXT NOT NULL, applied_at BIGINT NOT NULL)",
		      error);
}

int pg_migration_level(struct db *db, int64_t *ret_number, char error[256])
{
	struct pg *pg = (struct pg *)db;
	int err = locked(pg, make_table, NULL, error);

	return err ? err : read_level(pg, ret_number, error);
}

static int apply(struct pg *pg, const void *arg, char error[256])
{
	const struct db_migration *migration = arg;
	char number[16], at[32];
	const char *const values[] = {number, migration->name, at};
	int64_t level = 0;
	PGresult *result;
	int err = read_level(pg, &level, error);

	if (err || level >= (int64_t)migration->number)
		return err;
	err = script(pg, migration->postgres_sql ? migration->postgres_sql : migration->sql, error);
	if (err)
		return err;
	snprintf(number, sizeof(number), "%u", migration->number);
	snprintf(at, sizeof(at), "%lld", (long long)clock_wall_us());
	result = PQexecParams(pg->admin, "INSERT INTO schema_migration VALUES ($1, $2, $3)", 3,
			      NULL, values, NULL, NULL, 0);
	if (PQresultStatus(result) != PGRES_COMMAND_OK) {
		err = pg_error_of(result);
		snprintf(error, 256, "%s", PQerrorMessage(pg->admin));
	}
	PQclear(result);
	return err;
}

int pg_migrate(struct db *db, const struct db_migration *migration, char error[256])
{
	return locked((struct pg *)db, apply, migration, error);
}
