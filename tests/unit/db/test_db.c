/*
 * Protects the contract of db.h, which every driver has to keep (PostgreSQL's part runs when
 * TEST_POSTGRES_URL is set): a batch is all or nothing, an
 * expectation that fails rolls back with -EAGAIN, a taken key is -EEXIST, handlers run once and in
 * order, results outlive their handler when referenced, migrations run forward and once.
 */
#include "core/clock.h"
#include "core/mem.h"
#include "db/db.h"
#include "loop/loop.h"
#include "unit/postgres.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct db_migration migrations[] = {
	{1, "thing",
	 "CREATE TABLE thing (id BIGINT PRIMARY KEY, name TEXT UNIQUE, n BIGINT CHECK (n >= 0), "
	 "weight DOUBLE PRECISION);"},
	{2, "part",
	 "CREATE TABLE part (id BIGINT PRIMARY KEY, thing BIGINT REFERENCES thing (id));"
	 "CREATE TABLE kept (i BIGINT, r DOUBLE PRECISION, t TEXT, b BYTEA, absent TEXT, "
	 "blank TEXT);"},
};

struct fixture {
	struct loop *loop;
	struct db *db;
	char dir[64];
	char url[POSTGRES_URL_SIZE];
};

struct outcome {
	bool done;
	int calls;
	int err;
	size_t failed;
	struct db_result *results[DB_MAX_STATEMENTS];
	size_t count;
};

static int open_fixture(void **state, const char *url, const char *dir)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	char error[256] = "";

	snprintf(f->url, sizeof(f->url), "%s", url);
	snprintf(f->dir, sizeof(f->dir), "%s", dir);
	f->loop = loop_new();
	assert_int_equal(0, db_open(&f->db, f->loop, &(struct db_conf){.url = f->url}));
	if (db_migrate(f->db, migrations, ARRAY_LEN(migrations), error))
		fail_msg("%s", error);
	*state = f;
	return 0;
}

static void close_fixture(struct fixture *f)
{
	mem_unref(f->db);
	mem_unref(f->loop);
	mem_free(f);
}

static int setup_sqlite(void **state)
{
	char dir[] = "/tmp/test_db_XXXXXX", url[64];

	assert_non_null(mkdtemp(dir));
	snprintf(url, sizeof(url), "sqlite:%s/test.db", dir);
	return open_fixture(state, url, dir);
}

static int teardown_sqlite(void **state)
{
	struct fixture *f = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", f->dir);
	close_fixture(f);
	assert_int_equal(0, system(command));
	return 0;
}

static int setup_postgres(void **state)
{
	char url[POSTGRES_URL_SIZE];

	postgres_make(url);
	return open_fixture(state, url, "");
}

static int teardown_postgres(void **state)
{
	struct fixture *f = *state;
	char url[POSTGRES_URL_SIZE];

	snprintf(url, sizeof(url), "%s", f->url);
	close_fixture(f);
	postgres_drop(url);
	return 0;
}

static void on_done(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct outcome *outcome = arg;

	outcome->done = true;
	outcome->calls++;
	outcome->err = err;
	outcome->failed = failed;
	for (size_t i = 0; results && i < outcome->count; i++)
		outcome->results[i] = mem_ref(results[i]);
}

static void wait_for(struct fixture *f, struct outcome *outcome)
{
	int64_t until = clock_mono_us() + 10 * 1000000;

	while (!outcome->done && clock_mono_us() < until)
		loop_run_once(f->loop, 100);
	assert_true(outcome->done);
}

static void outcome_free(struct outcome *outcome)
{
	for (size_t i = 0; i < outcome->count; i++)
		mem_unref(outcome->results[i]);
}
#define auto_outcome __attribute__((cleanup(outcome_free)))

static struct outcome run(struct fixture *f, const struct db_statement *statements, size_t count)
{
	struct outcome outcome = {.count = count};

	db_run(NULL, f->db, statements, count, on_done, &outcome);
	assert_false(outcome.done);
	wait_for(f, &outcome);
	return outcome;
}

#define PARAMS(...)                                 \
	.params = (struct db_value[]){__VA_ARGS__}, \
	.param_count = sizeof((struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)
#define INSERT(id_, name_, n_)                                                                  \
	{                                                                                       \
		.sql = "INSERT INTO thing (id, name, n) VALUES ($1, $2, $3)", .expect_rows = 1, \
		PARAMS(db_int(id_), db_text(name_), db_int(n_))                                 \
	}
#define COUNT                                                                   \
	{                                                                       \
		.sql = "SELECT count(*) FROM thing", .expect_rows = DB_ANY_ROWS \
	}

static int64_t count_things(struct fixture *f)
{
	struct outcome auto_outcome o = run(f, (struct db_statement[]){COUNT}, 1);

	assert_int_equal(0, o.err);
	return db_get_int(o.results[0], 0, 0);
}

static void values_come_back_as_they_went_in(void **state)
{
	static const char blob[] = {1, 0, 2};
	struct db_statement statements[] = {
		{.sql = "INSERT INTO kept (i, r, t, b, absent, blank) "
			"VALUES ($1, $2, $3, $4, $5, $6)",
		 .expect_rows = 1,
		 PARAMS(db_int(INT64_MIN), db_real(0.1), db_text("a\xc3\xa4"), db_blob(blob, 3),
			db_null(), db_text(""))},
		{.sql = "SELECT i, r, t, b, absent, blank FROM kept", .expect_rows = 1},
	};
	struct outcome auto_outcome o = run(*state, statements, 2);
	struct db_result *r = o.results[1];
	size_t len = 0;

	assert_int_equal(0, o.err);
	assert_int_equal(1, db_rows(r));
	assert_true(db_get_int(r, 0, 0) == INT64_MIN);
	assert_true(db_get_real(r, 0, 1) == 0.1);
	assert_string_equal("a\xc3\xa4", db_get_text(r, 0, 2));
	assert_memory_equal(blob, db_get_blob(r, 0, 3, &len), 3);
	assert_int_equal(3, len);
	assert_true(db_is_null(r, 0, 4));
	assert_string_equal("", db_get_text(r, 0, 5));
}

/* Sums, counts, comparisons and literals have the same types everywhere. */
static void expressions_come_back_as_numbers(void **state)
{
	struct db_statement statements[] = {
		INSERT(1, "one", 40),
		INSERT(2, "two", 2),
		{.sql = "SELECT count(*), sum(n), avg(n), max(n), 7, 0.5, sum(weight), max(name) "
			"FROM thing",
		 .expect_rows = 1},
	};
	struct outcome auto_outcome o = run(*state, statements, 3);
	struct db_result *r = o.results[2];

	assert_int_equal(0, o.err);
	assert_int_equal(2, db_get_int(r, 0, 0));
	assert_int_equal(42, db_get_int(r, 0, 1));
	assert_true(db_get_real(r, 0, 2) == 21);
	assert_int_equal(40, db_get_int(r, 0, 3));
	assert_int_equal(7, db_get_int(r, 0, 4));
	assert_true(db_get_real(r, 0, 5) == 0.5);
	assert_true(db_is_null(r, 0, 6));
	assert_string_equal("two", db_get_text(r, 0, 7));
}

static void wrong_type_or_place_reads_as_nothing(void **state)
{
	struct db_statement statements[] = {
		{.sql = "SELECT CAST($1 AS TEXT)", .expect_rows = 1, PARAMS(db_text("x"))}};
	struct outcome auto_outcome o = run(*state, statements, 1);

	assert_int_equal(0, db_get_int(o.results[0], 0, 0));
	assert_null(db_get_text(o.results[0], 0, 1));
	assert_null(db_get_text(o.results[0], 1, 0));
	assert_true(db_is_null(o.results[0], 7, 7));
}

static void batch_is_all_or_nothing(void **state)
{
	struct db_statement statements[] = {INSERT(1, "one", 1), INSERT(2, "two", 2),
					    INSERT(3, "one", 3)};
	struct outcome auto_outcome o = run(*state, statements, 3);

	assert_int_equal(-EEXIST, o.err);
	assert_int_equal(2, o.failed);
	assert_int_equal(0, count_things(*state));
}

static void unmet_expectation_rolls_back(void **state)
{
	struct db_statement statements[] = {INSERT(1, "one", 1),
					    {.sql = "UPDATE thing SET n = 5 WHERE id = $1",
					     .expect_rows = 1,
					     PARAMS(db_int(9))}};
	struct outcome auto_outcome o = run(*state, statements, 2);

	assert_int_equal(-EAGAIN, o.err);
	assert_int_equal(1, o.failed);
	assert_int_equal(0, count_things(*state));
}

static void expectation_counts_returned_rows(void **state)
{
	struct db_statement statements[] = {
		INSERT(1, "one", 1),
		INSERT(2, "two", 1),
		{.sql = "UPDATE thing SET n = n + 1 WHERE n = $1 RETURNING id, n",
		 .expect_rows = 2,
		 PARAMS(db_int(1))}};
	struct outcome auto_outcome o = run(*state, statements, 3);

	assert_int_equal(0, o.err);
	assert_int_equal(1, db_changes(o.results[0]));
	assert_int_equal(2, db_rows(o.results[2]));
	assert_int_equal(2, db_get_int(o.results[2], 0, 1));
}

/* Every kind of statement, alone and with others, touching none, one and two rows. */
static void expectations_hold_for_every_kind_of_statement(void **state)
{
	static const char *const sqls[] = {
		"UPDATE thing SET n = n + 1 WHERE n = $1",
		"UPDATE thing SET n = n + 1 WHERE n = $1 RETURNING id, name",
		"DELETE FROM thing WHERE n = $1",
		"DELETE FROM thing WHERE n = $1 RETURNING id",
		"INSERT INTO thing (id, n) SELECT id + 100, n FROM thing WHERE n = $1",
		"INSERT INTO thing (id, n) SELECT id + 100, n FROM thing WHERE n = $1 "
		"ON CONFLICT (id) DO NOTHING RETURNING id",
		"SELECT id, name FROM thing WHERE n = $1",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(sqls); i++) {
		for (int rows = 0; rows <= 2; rows++) {
			for (int first = 0; first <= 1; first++) {
				struct db_statement statements[] = {INSERT(50, "with others", 77),
								    {.sql = sqls[i],
								     .expect_rows = 1,
								     PARAMS(db_int(rows * 10))}};
				struct db_statement fresh[] = {
					{.sql = "DELETE FROM thing", .expect_rows = DB_ANY_ROWS},
					INSERT(1, "one", 10),
					INSERT(2, "a", 20),
					INSERT(3, "b", 20)};
				struct outcome auto_outcome made = run(f, fresh, 4);
				struct outcome auto_outcome o =
					run(f, statements + first, 2 - (size_t)first);

				assert_int_equal(0, made.err);
				assert_int_equal(rows == 1 ? 0 : -EAGAIN, o.err);
				if (rows == 1)
					continue;
				assert_int_equal(1 - first, o.failed);
				assert_int_equal(3, count_things(f));
			}
		}
	}
}

/* SQLite sees a comment. */
static void words_for_postgres_alone_are_a_comment_to_others(void **state)
{
	struct fixture *f = *state;
	struct db_statement statements[] = {
		INSERT(1, "one", 1),
		{.sql = "SELECT id /*pg + 1 */ FROM thing LIMIT $1 /*pg FOR UPDATE SKIP LOCKED */",
		 .expect_rows = 1,
		 PARAMS(db_int(5))}};
	struct outcome auto_outcome o = run(f, statements, 2);

	assert_int_equal(0, o.err);
	assert_int_equal(f->dir[0] ? 1 : 2, db_get_int(o.results[1], 0, 0));
}

/* The text is to be static; what was there before is not run when it is not. */
static void a_text_written_over_another_is_run_as_it_reads_now(void **state)
{
	struct fixture *f = *state;
	char sql[] = "SELECT 1 + 1";

	for (char digit = '1'; digit <= '3'; digit++) {
		sql[sizeof(sql) - 2] = digit;
		struct outcome auto_outcome o =
			run(f, &(struct db_statement){.sql = sql, .expect_rows = 1}, 1);

		assert_int_equal(0, o.err);
		assert_int_equal(1 + digit - '0', db_get_int(o.results[0], 0, 0));
	}
}

static void errors_are_told_apart(void **state)
{
	const struct {
		struct db_statement statement;
		int err;
	} cases[] = {
		{INSERT(1, "other", 1), -EEXIST},
		{INSERT(2, "one", 1), -EEXIST},
		{INSERT(2, "two", -1), -EINVAL},
		{{.sql = "INSERT INTO part VALUES (1, 77)", .expect_rows = 1}, -ENOENT},
		{{.sql = "SELECT nonsense FROM nowhere", .expect_rows = DB_ANY_ROWS}, -EINVAL},
		{{.sql = "SELECT $1", .expect_rows = DB_ANY_ROWS}, -EINVAL},
	};
	struct outcome auto_outcome first =
		run(*state, (struct db_statement[]){INSERT(1, "one", 1)}, 1);

	assert_int_equal(0, first.err);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct outcome auto_outcome o = run(*state, &cases[i].statement, 1);

		assert_int_equal(cases[i].err, o.err);
	}
	assert_int_equal(1, count_things(*state));
}

static void too_much_is_refused(void **state)
{
	static struct db_value params[DB_MAX_PARAMS + 1];
	struct db_statement many[DB_MAX_STATEMENTS + 1];
	struct db_statement wide = {
		.sql = "SELECT 1", .params = params, .param_count = DB_MAX_PARAMS + 1};

	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = (struct db_statement)COUNT;
	struct outcome auto_outcome a = run(*state, many, ARRAY_LEN(many));
	struct outcome auto_outcome b = run(*state, &wide, 1);
	struct outcome auto_outcome c = run(*state, many, 0);

	a.count = 0;
	assert_int_equal(-EINVAL, a.err);
	assert_int_equal(-EINVAL, b.err);
	assert_int_equal(-EINVAL, c.err);
}

static void a_bad_batch_among_many_harms_no_other(void **state)
{
	enum { N = 200 };
	static struct outcome outcomes[N];
	struct fixture *f = *state;

	for (int i = 0; i < N; i++) {
		struct db_statement statements[] = {INSERT(i + 2000, NULL, i),
						    INSERT(i % 10 ? i : 1000, NULL, i)};

		outcomes[i] = (struct outcome){0};
		db_run(NULL, f->db, statements, 2, on_done, &outcomes[i]);
	}
	assert_int_equal(N, db_pending(f->db));
	for (int i = 0; i < N; i++) {
		wait_for(f, &outcomes[i]);
		assert_int_equal(i % 10 || i == 0 ? 0 : -EEXIST, outcomes[i].err);
		assert_int_equal(1, outcomes[i].calls);
	}
	assert_int_equal(0, db_pending(f->db));
	assert_int_equal(2 * (N - N / 10 + 1), count_things(f));
}

static void on_order(int err, struct db_result *const *results, size_t failed, void *arg)
{
	int *next = arg;

	assert_int_equal(*next, db_get_int(results[0], 0, 0));
	(*next)++;
}

static void batches_finish_in_the_order_they_were_started(void **state)
{
	struct fixture *f = *state;
	struct outcome last = {0};
	int next = 0;

	for (int i = 0; i < 100; i++) {
		struct db_statement statement = {
			.sql = "SELECT CAST($1 AS BIGINT)", .expect_rows = 1, PARAMS(db_int(i))};

		db_run(NULL, f->db, &statement, 1, on_order, &next);
	}
	db_run(NULL, f->db, (struct db_statement[]){COUNT}, 1, on_done, &last);
	wait_for(f, &last);
	assert_int_equal(100, next);
}

static void releasing_the_request_silences_but_does_not_stop(void **state)
{
	struct fixture *f = *state;
	struct db_statement statement = INSERT(1, "one", 1);
	struct outcome outcome = {0};
	struct db_request *request;

	db_run(&request, f->db, &statement, 1, on_done, &outcome);
	mem_unref(request);
	assert_int_equal(1, count_things(f));
	assert_int_equal(0, outcome.calls);
}

static void request_may_be_released_after_its_handler(void **state)
{
	struct fixture *f = *state;
	struct db_statement statement = COUNT;
	struct outcome outcome = {0};
	struct db_request *request;

	db_run(&request, f->db, &statement, 1, on_done, &outcome);
	wait_for(f, &outcome);
	mem_unref(request);
	assert_int_equal(1, outcome.calls);
}

static void dropping_the_database_finishes_what_was_started(void **state)
{
	struct fixture *f = *state;
	struct outcome outcome = {0};

	for (int i = 0; i < 50; i++) {
		struct db_statement statement = INSERT(i, NULL, i);

		db_run(NULL, f->db, &statement, 1, on_done, &outcome);
	}
	f->db = mem_unref(f->db);
	assert_int_equal(0, outcome.calls);
	assert_int_equal(0, db_open(&f->db, f->loop, &(struct db_conf){.url = f->url}));
	assert_int_equal(50, count_things(f));
}

static void overload_is_answered_busy(void **state)
{
	enum { N = 4200 };
	struct fixture *f = *state;
	struct outcome *outcomes = mem_alloc(N * sizeof(*outcomes));
	int busy = 0;

	for (int i = 0; i < N; i++)
		db_run(NULL, f->db, (struct db_statement[]){COUNT}, 1, on_done, &outcomes[i]);
	for (int i = 0; i < N; i++) {
		wait_for(f, &outcomes[i]);
		busy += outcomes[i].err == -EBUSY;
	}
	assert_int_equal(N - 4096, busy);
	mem_free(outcomes);
}

static struct outcome run_read(struct fixture *f, const struct db_statement *statement)
{
	struct outcome outcome = {.count = 1};

	db_read(NULL, f->db, statement, 1, on_done, &outcome);
	wait_for(f, &outcome);
	return outcome;
}

static void reading_sees_what_was_committed(void **state)
{
	for (int i = 0; i < 50; i++) {
		struct db_statement insert = INSERT(i, NULL, i), count = COUNT;
		struct outcome auto_outcome written = run(*state, &insert, 1);
		struct outcome auto_outcome read = run_read(*state, &count);

		assert_int_equal(0, read.err);
		assert_int_equal(i + 1, db_get_int(read.results[0], 0, 0));
	}
}

static void reading_cannot_write(void **state)
{
	struct db_statement insert = INSERT(1, "one", 1);
	struct outcome auto_outcome o = run_read(*state, &insert);

	assert_int_equal(-EINVAL, o.err);
	assert_int_equal(0, count_things(*state));
}

/* Counts to a number that takes seconds to reach. */
#define SLOW                                                                               \
	{                                                                                  \
		.sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) " \
		       "SELECT max(i) FROM n",                                             \
		.expect_rows = DB_ANY_ROWS                                                 \
	}

static void slow_reading_delays_no_writing_and_is_given_up(void **state)
{
	struct fixture *f = *state;
	struct db_statement slow = SLOW, insert = INSERT(1, "one", 1);
	struct outcome outcome = {0};

	db_read(NULL, f->db, &slow, 1, on_done, &outcome);
	struct outcome auto_outcome written = run(f, &insert, 1);

	assert_int_equal(0, written.err);
	assert_false(outcome.done);
	wait_for(f, &outcome);
	assert_int_equal(-EBUSY, outcome.err);
}

static struct outcome run_lookup(struct fixture *f, const struct db_statement *statements,
				 size_t count)
{
	struct outcome outcome = {.count = count};

	db_lookup(NULL, f->db, statements, count, on_done, &outcome);
	assert_false(outcome.done);
	wait_for(f, &outcome);
	return outcome;
}

static void looking_up_sees_what_was_committed(void **state)
{
	for (int i = 0; i < 50; i++) {
		struct db_statement insert = INSERT(i, NULL, i), counts[] = {COUNT, COUNT};
		struct outcome auto_outcome written = run(*state, &insert, 1);
		struct outcome auto_outcome found = run_lookup(*state, counts, 2);

		assert_int_equal(0, found.err);
		assert_int_equal(i + 1, db_get_int(found.results[0], 0, 0));
		assert_int_equal(i + 1, db_get_int(found.results[1], 0, 0));
	}
}

static void looking_up_cannot_write(void **state)
{
	struct db_statement insert = INSERT(1, "one", 1);
	struct outcome auto_outcome o = run_lookup(*state, &insert, 1);

	assert_int_equal(-EINVAL, o.err);
	assert_int_equal(0, count_things(*state));
}

/* Longer than the loop may be kept, shorter than reading may take: another thread finishes it. */
static void a_long_look_up_keeps_the_loop_for_milliseconds_only(void **state)
{
	static const char sql[] = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
				  "WHERE i < 2000000) "
				  "SELECT max(i) FROM n";
	struct fixture *f = *state;
	struct db_statement slow = {.sql = sql, .expect_rows = DB_ANY_ROWS}, counts[] = {COUNT};
	struct outcome outcome = {.count = 1}, auto_outcome again = {0};

	db_lookup(NULL, f->db, &slow, 1, on_done, &outcome);
	/* The lane is free for others while that goes on. */
	again = run_lookup(f, counts, 1);
	assert_int_equal(0, again.err);
	assert_false(outcome.done);
	wait_for(f, &outcome);
	assert_int_equal(0, outcome.err);
	assert_int_equal(2000000, db_get_int(outcome.results[0], 0, 0));
	mem_unref(outcome.results[0]);
}

/*
 * Ending a transaction has no time limit: SQLite asks about it every so many steps, in a ROLLBACK,
 * too, and one that is interrupted leaves a transaction in which no further one can begin.
 */
static void look_ups_given_up_leave_no_transaction_behind(void **state)
{
	static const char sql[] = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
				  "WHERE i < 20000) "
				  "SELECT max(i) FROM n";
	struct db_statement slow[] = {{.sql = sql, .expect_rows = DB_ANY_ROWS}, COUNT};

	for (int i = 0; i < 400; i++) {
		struct outcome auto_outcome o = run_lookup(*state, slow, 2);

		assert_int_equal(0, o.err);
		assert_int_equal(20000, db_get_int(o.results[0], 0, 0));
	}
}

static void migrations_run_once_and_forward(void **state)
{
	static const struct db_migration more[] = {
		{1, "thing", "never run again"},
		{2, "part", "never run again"},
		{3, "colour",
		 "ALTER TABLE thing ADD COLUMN colour TEXT; CREATE INDEX c ON thing (colour)"},
	};
	struct fixture *f = *state;
	char error[256];

	assert_int_equal(0, db_migrate(f->db, more, 3, error));
	assert_int_equal(0, db_migrate(f->db, more, 3, error));
	assert_int_equal(-EPERM, db_migrate(f->db, migrations, 2, error));
	assert_non_null(strstr(error, "3"));
}

static void failed_migration_leaves_nothing_behind(void **state)
{
	static const struct db_migration bad[] = {{1, "thing", ""},
						  {2, "part", ""},
						  {3, "bad", "CREATE TABLE half (a INT); garbage"}};
	static const struct db_migration good[] = {
		{1, "thing", ""}, {2, "part", ""}, {3, "good", "CREATE TABLE half (a INT)"}};
	static const struct db_migration gap[] = {{2, "two", ""}};
	struct fixture *f = *state;
	char error[256] = "";

	assert_int_not_equal(0, db_migrate(f->db, bad, 3, error));
	assert_non_null(strstr(error, "garbage"));
	assert_int_equal(0, db_migrate(f->db, good, 3, error));
	assert_int_equal(-EINVAL, db_migrate(f->db, gap, 1, error));
}

static void urls_are_checked(void **state)
{
	static const struct {
		const char *url;
		int err;
	} cases[] = {
		{"mysql:x", -EINVAL},
		{"sqlite", -EINVAL},
		{"sqlite:", -EINVAL},
		{"", -EINVAL},
		{"sqlite:/nowhere/at/all.db", -ENOENT},
		{"postgresql:nonsense", -EINVAL},
		{"postgresql://host/db?no_such_option=1", -EINVAL},
	};
	struct fixture *f = *state;
	struct db *db = NULL;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(cases[i].err,
				 db_open(&db, f->loop, &(struct db_conf){.url = cases[i].url}));
	assert_null(db);
	assert_int_equal(0, db_open(&db, f->loop, &(struct db_conf){.url = "sqlite::memory:"}));
	mem_unref(db);
}

static void file_is_private(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(0, stat(strchr(f->url, ':') + 1, &st));
	assert_int_equal(0600, st.st_mode & 0777);
}

/* Its schema takes a while to read, and nothing has begun yet that could take too long. */
static void a_database_of_many_tables_is_opened_again(void **state)
{
	struct fixture *f = *state, other = {.loop = f->loop};
	struct db_statement count = COUNT;
	char sql[64];

	for (int i = 0; i < 300; i++) {
		snprintf(sql, sizeof(sql), "CREATE TABLE many_%03d (id TEXT PRIMARY KEY)", i);
		struct outcome auto_outcome o =
			run(f, &(struct db_statement){.sql = sql, .expect_rows = DB_ANY_ROWS}, 1);

		assert_int_equal(0, o.err);
	}
	assert_int_equal(0, db_open(&other.db, f->loop, &(struct db_conf){.url = f->url}));
	struct outcome auto_outcome read = run_read(&other, &count);

	mem_unref(other.db);
	assert_int_equal(0, read.err);
}

/* What every driver has to keep. */
#define CONTRACT(TEST)                                            \
	TEST(values_come_back_as_they_went_in)                    \
	TEST(expressions_come_back_as_numbers)                    \
	TEST(wrong_type_or_place_reads_as_nothing)                \
	TEST(batch_is_all_or_nothing)                             \
	TEST(unmet_expectation_rolls_back)                        \
	TEST(expectation_counts_returned_rows)                    \
	TEST(expectations_hold_for_every_kind_of_statement)       \
	TEST(words_for_postgres_alone_are_a_comment_to_others)    \
	TEST(a_text_written_over_another_is_run_as_it_reads_now)  \
	TEST(errors_are_told_apart)                               \
	TEST(too_much_is_refused)                                 \
	TEST(a_bad_batch_among_many_harms_no_other)               \
	TEST(batches_finish_in_the_order_they_were_started)       \
	TEST(releasing_the_request_silences_but_does_not_stop)    \
	TEST(request_may_be_released_after_its_handler)           \
	TEST(dropping_the_database_finishes_what_was_started)     \
	TEST(overload_is_answered_busy)                           \
	TEST(reading_sees_what_was_committed)                     \
	TEST(reading_cannot_write)                                \
	TEST(slow_reading_delays_no_writing_and_is_given_up)      \
	TEST(looking_up_sees_what_was_committed)                  \
	TEST(looking_up_cannot_write)                             \
	TEST(a_long_look_up_keeps_the_loop_for_milliseconds_only) \
	TEST(look_ups_given_up_leave_no_transaction_behind)       \
	TEST(migrations_run_once_and_forward)                     \
	TEST(failed_migration_leaves_nothing_behind)

#define SQLITE(name_)   {"sqlite: " #name_, name_, setup_sqlite, teardown_sqlite, NULL},
#define POSTGRES(name_) {"postgresql: " #name_, name_, setup_postgres, teardown_postgres, NULL},

int main(void)
{
	const struct CMUnitTest sqlite[] = {CONTRACT(SQLITE) SQLITE(urls_are_checked) SQLITE(
		file_is_private) SQLITE(a_database_of_many_tables_is_opened_again)};
	const struct CMUnitTest postgres[] = {CONTRACT(POSTGRES)};
	int failed = cmocka_run_group_tests(sqlite, NULL, NULL);

	if (postgres_server())
		failed += cmocka_run_group_tests(postgres, NULL, NULL);
	return failed;
}
