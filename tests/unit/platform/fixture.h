/*
 * What tests of the platform's tables share: a loop, a migrated database, and waiting. The database
 * is SQLite in memory, or a schema of PostgreSQL when TEST_STORE is "postgresql"; tests that speak
 * SQLite's own language or need two stores define BASE_SQLITE_ONLY first.
 */
#pragma once

#include "core/clock.h"
#include "core/json.h"
#include "core/mem.h"
#include "db/db.h"
#include "loop/loop.h"
#include "platform/store/store.h"
#include "unit/postgres.h"
#include "platform/vault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct base {
	struct loop *loop;
	struct db *db;
	const char *postgres; /* its URL, "": SQLite */
	struct vault *vault;
};

/* Sealed as in life, under a master key that never changes. */
static inline struct vault *base_vault(struct loop *loop, struct db *db)
{
	struct master_keys masters auto_master_keys = {.count = 1};
	struct vault *vault;
	char error[256] = "";

	assert_int_equal(0, master_key_parse(&masters.keys[0], "000102030405060708090a0b0c0d0e0f"
							       "101112131415161718191a1b1c1d1e1f"));
	if (vault_open(&vault, loop, db, &masters, error))
		fail_msg("%s", error);
	return vault;
}

/* One schema serves all tests of a program, one after the other. */
static char base_postgres[POSTGRES_URL_SIZE];

static inline void base_postgres_drop(void)
{
	postgres_drop(base_postgres);
}

static inline void base_open(struct base *base, struct loop *loop)
{
	const char *store = getenv("TEST_STORE");
	struct db_conf conf = {.url = "sqlite::memory:"};
	char error[256] = "";
	bool first = !base_postgres[0];

	base->loop = loop;
	base->postgres = "";
#ifdef BASE_SQLITE_ONLY
	store = NULL;
#endif
	if (store && !strcmp(store, "postgresql")) {
		if (first)
			postgres_make(base_postgres);
		base->postgres = conf.url = base_postgres;
	}
	if (store_open(&base->db, loop, &conf, error))
		fail_msg("%s", error);
	if (base->postgres[0] && first) {
		postgres_keep(base_postgres);
		atexit(base_postgres_drop);
	}
	base->vault = base_vault(loop, base->db);
}

static inline void base_close(struct base *base)
{
	base->vault = mem_unref(base->vault);
	base->db = mem_unref(base->db);
	base->loop = mem_unref(base->loop);
	if (base->postgres && base->postgres[0])
		postgres_reset(base_postgres);
}

/* Until *done; at most ten seconds of real time. */
static inline void base_wait(struct base *base, const bool *done)
{
	int64_t until = clock_mono_us() + 10 * 1000000;

	while (!*done && clock_mono_us() < until)
		loop_run_once(base->loop, 50);
	assert_true(*done);
}

struct base_result {
	bool done;
	int err;
	int64_t integer; /* first column of the first row of the last statement */
	char text[256];
};

static inline void base_on_result(int err, struct db_result *const *results, size_t failed,
				  void *arg)
{
	struct base_result *result = arg;
	const char *text = err ? NULL : db_get_text(results[0], 0, 0);

	result->done = true;
	result->err = err;
	result->integer = err ? 0 : db_get_int(results[0], 0, 0);
	snprintf(result->text, sizeof(result->text), "%s", text ? text : "");
}

/* Until the database has nothing to do for us. */
static inline void base_settle(struct base *base)
{
	int64_t until = clock_mono_us() + 10 * 1000000;

	while (db_pending(base->db) && clock_mono_us() < until)
		loop_run_once(base->loop, 50);
	assert_int_equal(0, db_pending(base->db));
}

/* Run one statement without parameters, behind everything that is under way and what follows it. */
static inline struct base_result base_sql(struct base *base, const char *sql)
{
	struct db_statement statement = {.sql = sql, .expect_rows = DB_ANY_ROWS};
	struct base_result result = {0};

	base_settle(base);
	db_run(NULL, base->db, &statement, 1, base_on_result, &result);
	base_wait(base, &result.done);
	assert_int_equal(0, result.err);
	return result;
}

static inline int64_t base_int(struct base *base, const char *sql)
{
	return base_sql(base, sql).integer;
}
