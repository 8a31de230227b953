/*
 * A place of a test's own on the server of TEST_POSTGRES_URL: a schema, which is a database to
 * everybody who does not name schemas, and much faster to make.
 */
#pragma once

#include "core/digest.h"

#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { POSTGRES_URL_SIZE = 512 };

static inline const char *postgres_server(void)
{
	const char *url = getenv("TEST_POSTGRES_URL");

	return url && *url ? url : NULL;
}

/* Run a statement; returns the first value of it as a number, 0 if there is none. */
static inline long postgres_do(const char *url, const char *sql)
{
	PGconn *conn = PQconnectdb(url);
	PGresult *result = PQexec(conn, sql);
	ExecStatusType status = PQresultStatus(result);
	long value =
		status == PGRES_TUPLES_OK && PQntuples(result) ? atol(PQgetvalue(result, 0, 0)) : 0;

	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(conn));
	PQclear(result);
	PQfinish(conn);
	return value;
}

static inline void postgres_make(char url[POSTGRES_URL_SIZE])
{
	char name[9], sql[64];

	random_hex(name, 8);
	snprintf(sql, sizeof(sql), "CREATE SCHEMA test_%s", name);
	postgres_do(postgres_server(), sql);
	snprintf(url, POSTGRES_URL_SIZE,
		 "%s?options=-csearch_path%%3Dtest_%s%%20-cclient_min_messages%%3Dwarning",
		 postgres_server(), name);
}

static inline void postgres_drop(const char *url)
{
	postgres_do(url,
		    "DO $$ BEGIN EXECUTE 'DROP SCHEMA ' || current_schema() || ' CASCADE'; END $$");
}

/* Remember what is there, the tables and rows of the migrations, */
static inline void postgres_keep(const char *url)
{
	postgres_do(url, "DO $$ DECLARE t record; filled boolean; BEGIN "
			 "CREATE TABLE kept_tables AS SELECT tablename AS name FROM pg_tables"
			 "	WHERE schemaname = current_schema();"
			 "FOR t IN SELECT name FROM kept_tables LOOP "
			 "EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', t.name) INTO filled;"
			 "IF filled THEN EXECUTE format('CREATE TABLE %I AS SELECT * FROM %I',"
			 "	'kept_' || t.name, t.name); END IF; END LOOP; END $$");
}

/* and go back to it: much faster than making it again. */
static inline void postgres_reset(const char *url)
{
	postgres_do(url,
		    "DO $$ DECLARE t record; BEGIN SET LOCAL session_replication_role = replica;"
		    "FOR t IN SELECT tablename AS name FROM pg_tables"
		    "	WHERE schemaname = current_schema() AND tablename NOT LIKE 'kept_%'"
		    "	AND tablename NOT IN (SELECT name FROM kept_tables) LOOP "
		    "EXECUTE format('DROP TABLE IF EXISTS %I CASCADE', t.name); END LOOP;"
		    "FOR t IN SELECT tablename AS name FROM pg_tables"
		    "	WHERE schemaname = current_schema() AND tablename NOT LIKE 'kept_%' LOOP "
		    "EXECUTE format('DELETE FROM %I', t.name); END LOOP;"
		    "FOR t IN SELECT tablename AS name FROM pg_tables"
		    "	WHERE schemaname = current_schema() AND tablename LIKE 'kept_%'"
		    "	AND tablename <> 'kept_tables' LOOP "
		    "EXECUTE format('INSERT INTO %I SELECT * FROM %I', substr(t.name, 6), t.name);"
		    "END LOOP;"
		    "FOR t IN SELECT sequencename AS name FROM pg_sequences"
		    "	WHERE schemaname = current_schema() LOOP "
		    "EXECUTE format('ALTER SEQUENCE %I RESTART', t.name); END LOOP; END $$");
}
