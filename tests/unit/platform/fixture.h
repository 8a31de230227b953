/* What tests of the platform's tables share: a loop, a migrated database in memory, and waiting. */
#pragma once

#include "core/clock.h"
#include "core/json.h"
#include "core/mem.h"
#include "db/db.h"
#include "loop/loop.h"
#include "platform/store/store.h"

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
};

static inline void base_open(struct base *base, struct loop *loop)
{
	char error[256] = "";

	base->loop = loop;
	if (store_open(&base->db, loop, "sqlite::memory:", error))
		fail_msg("%s", error);
}

static inline void base_close(struct base *base)
{
	base->db = mem_unref(base->db);
	base->loop = mem_unref(base->loop);
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

/* Run one statement without parameters, and everything that was under way before it. */
static inline struct base_result base_sql(struct base *base, const char *sql)
{
	struct db_statement statement = {.sql = sql, .expect_rows = DB_ANY_ROWS};
	struct base_result result = {0};

	db_run(NULL, base->db, &statement, 1, base_on_result, &result);
	base_wait(base, &result.done);
	assert_int_equal(0, result.err);
	return result;
}

static inline int64_t base_int(struct base *base, const char *sql)
{
	return base_sql(base, sql).integer;
}
