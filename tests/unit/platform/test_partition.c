/*
 * Protects PostgreSQL's partitions: they are there before they are needed, calls that came without
 * one move into theirs, what is older than it is kept goes with everything that belongs to it and
 * out of the figures, nothing that is younger or live does; two calls never have the same id of the
 * carrier; and what is found by an id is looked for in one partition.
 */
#include "unit/platform/fixture.h"

#include "core/str.h"
#include "platform/analytics.h"
#include "platform/partition.h"
#include "platform/store/call.h"
#include "platform/store/call_list.h"
#include "platform/store/partition.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const int64_t day_ms = 86400000;
static const int64_t now_ms = 1781524800000; /* 2026-06-15T12:00:00Z, a Monday */

static char *kept[512];
static size_t kept_count;

/* A driver tells statements by where they are, so they live as long as the database. */
static const char *keep(char *sql)
{
	assert_true(kept_count < ARRAY_LEN(kept));
	return kept[kept_count++] = sql;
}

static void open_base(struct base *base)
{
	clock_fake_wall_us(now_ms * 1000);
	base_open(base, loop_new());
}

static void on_done(int err, struct db_result *const *results, size_t failed, void *arg)
{
	assert_int_equal(0, err);
	*(int64_t *)arg = db_rows(results[0]) ? db_get_int(results[0], 0, 0) : 0;
}

static int64_t try_drop(struct base *base, const char *suffix, int64_t before_ms)
{
	struct batch batch auto_batch = {0};
	int64_t calls = -9;

	store_partition_drop(&batch, suffix, before_ms * 1000);
	batch_run(&batch, NULL, base->db, on_done, &calls);
	while (calls == -9)
		loop_run_once(base->loop, 50);
	return calls;
}

/*
 * As the keeper does, come again when another is at it: a server tells of an error, upon which the
 * driver runs a statement again, before it gives back what the failed one held.
 */
static int64_t drop_partition(struct base *base, const char *suffix, int64_t before_ms)
{
	int64_t until = clock_mono_us() + 10 * 1000000;
	int64_t calls;

	do
		calls = try_drop(base, suffix, before_ms);
	while (calls == -2 && clock_mono_us() < until);
	return calls;
}

/* The schema is that of all tests here: what one made it takes away. */
static void close_base(struct base *base)
{
	while (base_int(base, "SELECT count(*) FROM call_partition")) {
		struct base_result first = base_sql(base, "SELECT suffix FROM call_partition");

		base_sql(base,
			 "UPDATE call SET deadline_at = 0, status = 'FAILED', end_reason = 'x' "
			 "WHERE deadline_at > 0");
		assert_true(drop_partition(base, first.text, INT64_MAX / 1000) >= 0);
	}
	base_close(base);
	clock_fake_wall_us(-1);
	while (kept_count)
		mem_free(kept[--kept_count]);
}

/* ---- calls ---- */

static void id_of(char id[UUID_SIZE], int64_t ms, unsigned n)
{
	snprintf(id, UUID_SIZE, "%08llx-%04llx-7000-8000-%012x", (unsigned long long)ms >> 16,
		 (unsigned long long)ms & 0xffff, n);
}

/* A call that is over with all that belongs to it. */
static void make_call(struct base *base, const char *id, int64_t ms, const char *recording)
{
	base_sql(base, keep(mem_printf(
			       "INSERT INTO call (tenant_id, id, status, direction, phone_number, "
			       "max_duration_s, end_reason, created_at, started_at, ended_at, "
			       "updated_at, deadline_at, deadline_misses, duration_s, version, "
			       "twilio_call_sid) VALUES ('default', '%s', 'COMPLETED', 'INBOUND', "
			       "'+1', 60, 'x', %lld, 1, 2, 0, 0, 0, 10, 1, 'CA%s')",
			       id, (long long)ms * 1000, id)));
	base_sql(base,
		 keep(mem_printf("INSERT INTO call_event (tenant_id, call_id, type, at, data) "
				 "VALUES ('default', '%s', 'x', 0, '{}')",
				 id)));
	base_sql(base, keep(mem_printf(
			       "INSERT INTO transcript_turn (tenant_id, call_id, ordinal, speaker, "
			       "text, confidence, final, at, timing) VALUES ('default', '%s', 0, "
			       "'agent', 'hi', NULL, 1, 0, NULL)",
			       id)));
	base_sql(base,
		 keep(mem_printf("INSERT INTO call_summary (tenant_id, call_id, status, summary, "
				 "key_points, sentiment, action_items, highlights, analyser, "
				 "model, error, created_at) VALUES ('default', '%s', "
				 "'completed', 's', '[]', 'positive', '[]', '[]', NULL, NULL, "
				 "NULL, 0)",
				 id)));
	base_sql(base,
		 keep(mem_printf("INSERT INTO recording (tenant_id, call_id, status, provider_sid, "
				 "url, path, error, duration_s, size_bytes, channels, updated_at) "
				 "VALUES ('default', '%s', 'available', "
				 "NULL, NULL, %s%s%s, NULL, 1, 1, 1, 0)",
				 id, recording ? "'" : "", recording ? recording : "NULL",
				 recording ? "'" : "")));
}

static int64_t partitions(struct base *base)
{
	return base_int(base, "SELECT count(*) FROM call_partition");
}

static bool is_there(struct base *base, const char *suffix)
{
	return base_int(base, keep(mem_printf("SELECT count(*) FROM call_partition WHERE suffix = "
					      "'%s'",
					      suffix))) == 1;
}

/* Run the keeper until there are so many. */
static void keep_until(struct base *base, enum partition_period period, int64_t ahead,
		       int64_t retention_days, int64_t count)
{
	struct partition_conf conf = {
		.loop = base->loop,
		.db = base->db,
		.period = period,
		.ahead = ahead,
		.retention_days = retention_days,
		.interval_ms = 10,
	};
	struct partition *partition = partition_start(&conf);
	int64_t until = clock_mono_us() + 20 * 1000000;

	while (partitions(base) != count && clock_mono_us() < until)
		loop_run_once(base->loop, 20);
	/* Twice around without a change: it has come to rest. */
	for (int64_t rest = clock_mono_us() + 100000; clock_mono_us() < rest;)
		loop_run_once(base->loop, 20);
	assert_int_equal(count, partitions(base));
	mem_unref(partition);
}

/* ---- tests ---- */

static void periods_follow_the_calendar(void **state)
{
	static const struct {
		enum partition_period period;
		int64_t at, start, end;
	} cases[] = {
		{PARTITION_DAY, 1781524800000, 1781481600000, 1781568000000},
		{PARTITION_DAY, 1781481600000, 1781481600000, 1781568000000},
		{PARTITION_WEEK, 1781524800000, 1781481600000, 1782086400000},
		{PARTITION_WEEK, 1782086399999, 1781481600000, 1782086400000},
		{PARTITION_WEEK, 1781481599999, 1780876800000, 1781481600000},
		{PARTITION_MONTH, 1781524800000, 1780272000000, 1782864000000},
		{PARTITION_MONTH, 1798761599999, 1796083200000, 1798761600000}, /* December */
		{PARTITION_MONTH, 1835413200000, 1832976000000, 1835481600000}, /* February, leap */
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_true(cases[i].start == partition_period_start(cases[i].period, cases[i].at));
		assert_true(cases[i].end == partition_period_end(cases[i].period, cases[i].at));
	}
}

static void partitions_are_made_ahead(void **state)
{
	struct base base;

	open_base(&base);
	keep_until(&base, PARTITION_MONTH, 2, 0, 3);
	assert_true(is_there(&base, "20260601") && is_there(&base, "20260701") &&
		    is_there(&base, "20260801"));

	/* Another period from then on: it goes on where the partitions end. */
	clock_fake_wall_us((now_ms + 75 * day_ms) * 1000); /* August 29th */
	keep_until(&base, PARTITION_WEEK, 1, 0, 4);
	assert_true(is_there(&base, "20260901"));
	assert_int_equal(0,
			 base_int(&base, "SELECT count(*) FROM call_partition a, call_partition b "
					 "WHERE a.suffix < b.suffix AND a.high_at > b.low_at"));
	close_base(&base);
}

static void several_keepers_make_each_once(void **state)
{
	struct partition_conf conf = {.period = PARTITION_WEEK, .ahead = 5, .interval_ms = 10};
	struct partition *keepers[3];
	struct db *dbs[ARRAY_LEN(keepers)];
	int64_t until = clock_mono_us() + 60 * 1000000;
	struct base base;

	open_base(&base);
	conf.loop = base.loop;
	for (size_t i = 0; i < ARRAY_LEN(keepers); i++) {
		assert_int_equal(
			0, db_open(&dbs[i], base.loop, &(struct db_conf){.url = base_postgres}));
		conf.db = dbs[i];
		keepers[i] = partition_start(&conf);
	}
	while (partitions(&base) < 6 && clock_mono_us() < until)
		loop_run_once(base.loop, 20);
	for (size_t i = 0; i < ARRAY_LEN(keepers); i++) {
		mem_unref(keepers[i]);
		mem_unref(dbs[i]);
	}
	assert_int_equal(6, partitions(&base));
	close_base(&base);
}

static void strays_move_into_their_partition(void **state)
{
	char old[UUID_SIZE], new[UUID_SIZE];
	struct base base;

	open_base(&base);
	id_of(old, now_ms - 400 * day_ms, 1);
	id_of(new, now_ms, 2);
	make_call(&base, old, now_ms - 400 * day_ms, NULL);
	make_call(&base, new, now_ms, NULL);
	make_call(&base, "an-imported-call", now_ms, NULL);
	base_sql(&base, "INSERT INTO call_event (tenant_id, call_id, type, at, data) VALUES "
			"('default', NULL, 'x', 0, '{}')");
	assert_int_equal(3, base_int(&base, "SELECT count(*) FROM call_default"));

	keep_until(&base, PARTITION_MONTH, 0, 0, 2);
	assert_int_equal(1, base_int(&base, "SELECT count(*) FROM call_default"));
	assert_int_equal(2, base_int(&base, "SELECT count(*) FROM call_event_default"));
	assert_int_equal(1, base_int(&base, "SELECT count(*) FROM call_20260601"));
	assert_int_equal(1, base_int(&base, "SELECT count(*) FROM call_summary_20250501"));
	assert_int_equal(3, base_int(&base, "SELECT count(*) FROM call"));
	assert_int_equal(4, base_int(&base, "SELECT count(*) FROM call_event"));
	assert_int_equal(3, base_int(&base, "SELECT count(*) FROM call_ref"));
	/* Moving is no change: nothing was counted once more. */
	assert_int_equal(3, base_int(&base, "SELECT CAST(sum(calls) AS BIGINT) FROM "
					    "call_rollup_delta WHERE status = 'COMPLETED'"));
	/* And new ones land in it at once. */
	id_of(new, now_ms + 5, 3);
	make_call(&base, new, now_ms + 5, NULL);
	assert_int_equal(2, base_int(&base, "SELECT count(*) FROM transcript_turn_20260601"));
	close_base(&base);
}

static json_t *figures(struct base *base);

static void what_is_too_old_is_dropped_with_everything(void **state)
{
	char path[] = "/tmp/test_partition_XXXXXX";
	char old[UUID_SIZE], new[UUID_SIZE];
	struct base base;

	open_base(&base);
	close(mkstemp(path));
	id_of(old, now_ms - 100 * day_ms, 1);
	id_of(new, now_ms, 2);
	make_call(&base, old, now_ms - 100 * day_ms, path);
	make_call(&base, new, now_ms, "/nowhere/at/all");
	keep_until(&base, PARTITION_MONTH, 0, 0, 2);
	assert_int_equal(0, access(path, F_OK));

	keep_until(&base, PARTITION_MONTH, 0, 60, 1);
	assert_int_equal(-1, access(path, F_OK));
	assert_int_equal(1, base_int(&base, "SELECT count(*) FROM call"));
	assert_int_equal(1, base_int(&base, "SELECT count(*) FROM call_event"));
	assert_int_equal(1, base_int(&base, "SELECT count(*) FROM transcript_turn"));
	assert_int_equal(1, base_int(&base, "SELECT count(*) FROM call_summary"));
	assert_int_equal(1, base_int(&base, "SELECT count(*) FROM recording"));
	assert_int_equal(1, base_int(&base, "SELECT count(*) FROM call_ref"));
	assert_int_equal(1, base_int(&base, "SELECT CAST(sum(calls) AS BIGINT) FROM "
					    "call_rollup_delta WHERE at > 0 AND status <> ''"));
	{
		json_t *auto_json view = figures(&base);

		assert_int_equal(1, json_get_int(view, "total_calls", -1));
		assert_true(json_get_number(view, "average_duration_seconds", 0) == 10.0);
		assert_int_equal(1, json_get_int(json_object_get(view, "sentiment_distribution"),
						 "positive", -1));
	}
	close_base(&base);
}

static void what_is_live_or_young_stays(void **state)
{
	char live[UUID_SIZE], young[UUID_SIZE];
	struct base base;

	open_base(&base);
	id_of(live, now_ms - 100 * day_ms, 1);
	id_of(young, now_ms - 200 * day_ms, 2); /* an id that says more than the call does */
	make_call(&base, live, now_ms - 100 * day_ms, NULL);
	make_call(&base, young, now_ms - day_ms, NULL);
	base_sql(&base, keep(mem_printf("UPDATE call SET deadline_at = 5, status = 'RINGING', "
					"end_reason = NULL WHERE id = '%s'",
					live)));
	keep_until(&base, PARTITION_MONTH, 0, 60, 3);
	assert_int_equal(2, base_int(&base, "SELECT count(*) FROM call"));
	assert_int_equal(-1, drop_partition(&base, "20260301", now_ms));
	close_base(&base);
}

/* ---- unique across partitions ---- */

static void on_error(int err, struct db_result *const *results, size_t failed, void *arg)
{
	*(int *)arg = err;
}

static int try_sql(struct base *base, const char *sql)
{
	struct db_statement statement = {.sql = sql, .expect_rows = DB_ANY_ROWS};
	int err = 1;

	db_run(NULL, base->db, &statement, 1, on_error, &err);
	while (err == 1)
		loop_run_once(base->loop, 50);
	return err;
}

static void ids_of_the_carrier_are_unique_everywhere(void **state)
{
	char first[UUID_SIZE], second[UUID_SIZE];
	struct base base;

	open_base(&base);
	id_of(first, now_ms, 1);
	id_of(second, now_ms + 40 * day_ms, 2);
	make_call(&base, first, now_ms, NULL);
	make_call(&base, second, now_ms, NULL);
	keep_until(&base, PARTITION_MONTH, 1, 0, 2);
	assert_int_equal(-EEXIST,
			 try_sql(&base, keep(mem_printf("UPDATE call SET twilio_call_sid = "
							"'CA%s' WHERE id = '%s'",
							first, second))));
	assert_int_equal(0,
			 try_sql(&base, keep(mem_printf("UPDATE call SET ultravox_call_id = 'u1' "
							"WHERE id = '%s'",
							first))));
	assert_int_equal(-EEXIST,
			 try_sql(&base, keep(mem_printf("UPDATE call SET ultravox_call_id = "
							"'u1' WHERE id = '%s'",
							second))));
	/* One that was given up may be taken. */
	assert_int_equal(0,
			 try_sql(&base, keep(mem_printf("UPDATE call SET ultravox_call_id = 'u2' "
							"WHERE id = '%s'",
							first))));
	assert_int_equal(0,
			 try_sql(&base, keep(mem_printf("UPDATE call SET ultravox_call_id = 'u1' "
							"WHERE id = '%s'",
							second))));
	/* What belongs to a call needs the call. */
	assert_int_equal(-ENOENT,
			 try_sql(&base, "INSERT INTO call_event (tenant_id, call_id, type, "
					"at, data) VALUES ('default', "
					"'019ecb00-0000-7000-8000-000000000009', 'x', 0, "
					"'{}')"));
	assert_int_equal(-ENOENT, try_sql(&base, keep(mem_printf("DELETE FROM call WHERE id = '%s'",
								 first))));
	close_base(&base);
}

/* ---- plans ---- */

struct plan {
	bool done;
	char text[16384];
};

static void on_plan(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct plan *plan = arg;

	assert_int_equal(0, err);
	for (size_t row = 0; row < db_rows(results[0]); row++) {
		size_t len = strlen(plan->text);

		snprintf(plan->text + len, sizeof(plan->text) - len, "%s\n",
			 db_get_text(results[0], row, 0));
	}
	plan->done = true;
}

/* As it is run, so that partitions found to be superfluous only then are seen. */
static const char *explain(struct base *base, const struct db_statement *statement)
{
	static struct plan plan;
	struct db_statement explained = *statement;

	plan = (struct plan){0};
	explained.sql = keep(mem_printf("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) %s",
					statement->sql));
	explained.expect_rows = DB_ANY_ROWS;
	db_run(NULL, base->db, &explained, 1, on_plan, &plan);
	base_wait(base, &plan.done);
	return plan.text;
}

/* Of how many partitions of call something was read. */
static int read_from(const char *plan)
{
	char *auto_free copy = mem_strdup(plan);
	char *rest = copy, *line;
	int count = 0;

	while ((line = strsep(&rest, "\n")))
		count += (strstr(line, " on call_2") || strstr(line, " on call_default")) &&
			 !strstr(line, "never executed");
	return count;
}

static void fill(struct base *base)
{
	base_sql(base,
		 "INSERT INTO call (tenant_id, id, status, direction, phone_number, "
		 "max_duration_s, end_reason, created_at, started_at, ended_at, updated_at, "
		 "deadline_at, deadline_misses, duration_s, version, twilio_call_sid, agent) "
		 "SELECT 'default', substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-7000-8000-' "
		 "|| lpad(to_hex(i), 12, '0'), 'COMPLETED', 'INBOUND', '+1', 60, 'x', ms * "
		 "1000, 1, 2, 0, 0, 0, 10, 1, 'CA' || i, 'desk' FROM (SELECT i, ms, "
		 "lpad(to_hex(ms), 12, '0') AS h FROM (SELECT i, 1781524800000 + i * "
		 "CAST(4320000 AS BIGINT) AS ms FROM generate_series(1, 2000) i) a) b");
	base_sql(base, "ANALYZE call");
}

static void what_has_an_id_is_in_one_partition(void **state)
{
	struct batch batch auto_batch = {0};
	char id[UUID_SIZE];
	struct base base;
	const char *plan;

	open_base(&base);
	keep_until(&base, PARTITION_MONTH, 3, 0, 4);
	fill(&base);
	id_of(id, now_ms + 700 * 4320000ll, 700);
	store_call_select(&batch, "default", STORE_CALL_BY_ID, id);
	store_call_select(&batch, "default", STORE_CALL_BY_SID, "CA700");
	store_call_select(&batch, "default", STORE_CALL_BY_SESSION, "none");
	for (size_t i = 0; i < 2; i++) {
		plan = explain(&base, &batch.statements[i]);
		if (read_from(plan) != 1 || strstr(plan, "Seq Scan on call_2"))
			fail_msg("%s", plan);
	}
	plan = explain(&base, &batch.statements[2]);
	if (read_from(plan) != 0 || strstr(plan, "Seq Scan on call_2"))
		fail_msg("%s", plan);
	close_base(&base);
}

/* Each partition's index is walked from its end, and no more of it read than a page has. */
static void pages_walk_the_indexes(void **state)
{
	static const struct store_call_filter filters[] = {
		{0},
		{.after_at = 1785000000000000, .after_id = "x"},
		{.status = "COMPLETED"},
		{.agent = "desk"},
	};
	struct base base;

	open_base(&base);
	keep_until(&base, PARTITION_MONTH, 3, 0, 4);
	fill(&base);
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		struct batch batch auto_batch = {0};
		struct store_call_filter filter = filters[i];
		const char *plan;

		filter.tenant_id = "default";
		filter.limit = 50;
		store_call_list(&batch, &filter);
		plan = explain(&base, &batch.statements[0]);
		if (strstr(plan, "Seq Scan on call_2") ||
		    strstr(plan, "Sort Key: call.created_at, "
				 "call.id") ||
		    !strstr(plan, "Index Scan Backward using call_2026"))
			fail_msg("%s", plan);
	}
	close_base(&base);
}

static void on_figures(int err, struct db_result *const *results, size_t failed, void *arg)
{
	assert_int_equal(0, err);
	*(json_t **)arg = analytics_view(results, now_ms * 1000);
}

static json_t *figures(struct base *base)
{
	struct batch batch auto_batch = {0};
	json_t *view = NULL;

	analytics_select(&batch, "default", now_ms * 1000);
	batch_run(&batch, NULL, base->db, on_figures, &view);
	while (!view)
		loop_run_once(base->loop, 50);
	return view;
}

int main(void)
{
	const struct CMUnitTest calendar[] = {cmocka_unit_test(periods_follow_the_calendar)};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(partitions_are_made_ahead),
		cmocka_unit_test(several_keepers_make_each_once),
		cmocka_unit_test(strays_move_into_their_partition),
		cmocka_unit_test(what_is_too_old_is_dropped_with_everything),
		cmocka_unit_test(what_is_live_or_young_stays),
		cmocka_unit_test(ids_of_the_carrier_are_unique_everywhere),
		cmocka_unit_test(what_has_an_id_is_in_one_partition),
		cmocka_unit_test(pages_walk_the_indexes),
	};
	const char *store = getenv("TEST_STORE");

	if (store && !strcmp(store, "postgresql"))
		return cmocka_run_group_tests(tests, NULL, NULL);
	return cmocka_run_group_tests(calendar, NULL, NULL);
}
