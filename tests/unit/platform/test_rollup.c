/*
 * Protects the figures of the dashboard: what is read from the rollups is what a scan of all calls
 * gives, after any history of calls and summaries made, ended, corrected and deleted, folded or
 * not, and for calls that were there before the rollups; and one tenant's calls are not another's.
 */
#include "unit/platform/fixture.h"

#include "core/str.h"
#include "platform/analytics.h"
#include "platform/call.h"
#include "platform/rollup.h"
#include "platform/store/figure.h"
#include "platform/store/rollup.h"
#include "platform/store/schema.h"

enum { CALLS = 24, STEPS = 400 };

static const char *const tenants[] = {"default", "other"};
static const char *const statuses[] = {"COMPLETED", "FAILED", "NO_ANSWER", "BUSY"};
static const char *const sentiments[] = {"positive", "neutral", "negative"};
static const int64_t hour_us = 3600ll * 1000000;
static const int64_t now_us = 1800000000ll * 1000000;

/* A generator of our own: a failing history can be run again. */
static uint32_t seed;

static unsigned pick(unsigned below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

/* A driver tells statements by where they are, so they live as long as the database. */
static char *kept[8192];
static size_t kept_count;

static void run(struct base *base, char *sql)
{
	assert_true(kept_count < ARRAY_LEN(kept));
	kept[kept_count++] = sql;
	base_sql(base, sql);
}

static void close_base(struct base *base)
{
	base_close(base);
	while (kept_count)
		mem_free(kept[--kept_count]);
}

/* ---- one step of a history ---- */

static void insert_call(struct base *base, unsigned id, const char *tenant)
{
	int64_t at = now_us - (int64_t)pick(40) * hour_us + (int64_t)pick(3600) * 1000000;
	bool over = pick(3) == 0, answered = pick(2) == 0;
	static const char *const agents[] = {"NULL", "'desk'", "'survey'"};

	run(base,
	    mem_printf("INSERT INTO call (tenant_id, id, status, direction, phone_number, agent, "
		       "max_duration_s, end_reason, created_at, started_at, ended_at, updated_at, "
		       "deadline_at, deadline_misses, duration_s, version) VALUES ('%s', 'c%u', "
		       "'%s', '%s', '+1555', %s, 60, %s, %lld, %lld, %lld, 0, %d, 0, %u, 1) "
		       "ON CONFLICT (tenant_id, id) DO NOTHING",
		       tenant, id, over ? statuses[pick(4)] : "RINGING",
		       pick(2) ? "INBOUND" : "OUTBOUND", agents[pick(3)], over ? "'busy'" : "NULL",
		       (long long)at, answered ? (long long)at + 5 : 0LL,
		       over ? (long long)at + 9 : 0LL, over ? 0 : 1, over ? pick(90) : 0));
}

static void end_call(struct base *base, unsigned id, const char *tenant)
{
	run(base, mem_printf("UPDATE call SET status = '%s', end_reason = 'x', deadline_at = 0, "
			     "ended_at = created_at + 9, duration_s = %u WHERE tenant_id = '%s' "
			     "AND id = 'c%u' AND deadline_at > 0",
			     statuses[pick(4)], pick(90), tenant, id));
}

static void touch_call(struct base *base, unsigned id, const char *tenant)
{
	static const char *const changes[] = {
		"version = version + 1",
		"started_at = created_at + 1, duration_s = duration_s + 7",
		"status = CASE WHEN deadline_at > 0 THEN 'IN_PROGRESS' ELSE status END, "
		"started_at = created_at + 2",
		"end_detail = 'late'",
	};

	run(base, mem_printf("UPDATE call SET %s WHERE tenant_id = '%s' AND id = 'c%u'",
			     changes[pick(ARRAY_LEN(changes))], tenant, id));
}

static void save_summary(struct base *base, unsigned id, const char *tenant)
{
	bool completed = pick(3) > 0;

	run(base,
	    mem_printf("INSERT INTO call_summary (tenant_id, call_id, status, key_points, "
		       "sentiment, action_items, highlights, created_at) SELECT tenant_id, id, "
		       "'%s', '[]', %s%s%s, '[]', '[]', 0 FROM call WHERE tenant_id = '%s' "
		       "AND id = 'c%u' ON CONFLICT (tenant_id, call_id) DO UPDATE SET status = "
		       "excluded.status, sentiment = excluded.sentiment",
		       completed ? "completed" : "failed", completed ? "'" : "",
		       completed ? sentiments[pick(3)] : "NULL", completed ? "'" : "", tenant, id));
}

static void delete_call(struct base *base, unsigned id, const char *tenant)
{
	run(base, mem_printf("DELETE FROM call_summary WHERE tenant_id = '%s' AND call_id = 'c%u'",
			     tenant, id));
	if (pick(2))
		run(base, mem_printf("DELETE FROM call WHERE tenant_id = '%s' AND id = 'c%u'",
				     tenant, id));
}

static void on_folded(int err, struct db_result *const *results, size_t failed, void *arg)
{
	assert_int_equal(0, err);
}

static void fold_in(struct db *db, int64_t limit)
{
	struct batch batch auto_batch = {0};
	static int64_t mark;

	store_rollup_fold(&batch, ++mark, limit);
	batch_run(&batch, NULL, db, on_folded, NULL);
}

static void fold(struct base *base, int64_t limit)
{
	fold_in(base->db, limit);
}

static void step(struct base *base)
{
	unsigned id = pick(CALLS);
	const char *tenant = tenants[pick(2)];

	switch (pick(12)) {
	case 0:
	case 1:
	case 2:
		insert_call(base, id, tenant);
		break;
	case 3:
	case 4:
		end_call(base, id, tenant);
		break;
	case 5:
	case 6:
		touch_call(base, id, tenant);
		break;
	case 7:
	case 8:
	case 9:
		save_summary(base, id, tenant);
		break;
	case 10:
		delete_call(base, id, tenant);
		break;
	default:
		fold(base, 1 + pick(6));
	}
}

/* ---- comparing ---- */

struct figures {
	bool done;
	json_t *view;
};

static void on_figures(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct figures *figures = arg;

	assert_int_equal(0, err);
	figures->done = true;
	figures->view = analytics_view(results, now_us);
}

static json_t *figures_of(struct base *base, struct batch *batch)
{
	struct figures figures = {0};

	batch_run(batch, NULL, base->db, on_figures, &figures);
	base_wait(base, &figures.done);
	return figures.view;
}

static json_t *from_rollups(struct base *base, const char *tenant)
{
	struct batch batch auto_batch = {0};

	analytics_select(&batch, tenant, now_us);
	return figures_of(base, &batch);
}

/* What the figures mean, said once more and without a rollup. */
static json_t *from_scan(struct base *base, const char *tenant)
{
	struct batch batch auto_batch = {0};
	int64_t since = (now_us / hour_us - (ANALYTICS_HOURS - 1)) * hour_us;

	BATCH_ADD(&batch,
		  "SELECT status, count(*), CAST(coalesce(sum(CASE WHEN started_at > 0 AND "
		  "ended_at > 0 THEN duration_s END), 0) AS BIGINT), count(CASE WHEN started_at > "
		  "0 AND ended_at > 0 THEN 1 END) FROM call WHERE tenant_id = $1 GROUP BY status",
		  DB_ANY_ROWS, db_text(tenant));
	BATCH_ADD(&batch,
		  "SELECT sentiment, count(*) FROM call_summary WHERE tenant_id = $1 AND "
		  "status = 'completed' GROUP BY sentiment",
		  DB_ANY_ROWS, db_text(tenant));
	BATCH_ADD(&batch,
		  "SELECT created_at / 3600000000, count(*) FROM call WHERE tenant_id = $1 AND "
		  "created_at >= $2 GROUP BY created_at / 3600000000",
		  DB_ANY_ROWS, db_text(tenant), db_int(since));
	return figures_of(base, &batch);
}

/* ---- figures by one thing at a time ---- */

static void on_rows(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct figures *figures = arg;

	assert_int_equal(0, err);
	figures->done = true;
	figures->view = json_object();
	for (size_t row = 0; row < db_rows(results[0]); row++) {
		char *auto_free key = mem_printf("%s=%s", db_get_text(results[0], row, 0),
						 db_get_text(results[0], row, 1));
		json_t *counts = json_array();

		for (size_t i = 2; i < 6; i++)
			json_array_append_new(counts, json_integer(db_get_int(results[0], row, i)));
		json_object_set_new(figures->view, key, counts);
	}
}

static json_t *rows_of(struct base *base, struct batch *batch)
{
	struct figures figures = {0};

	batch_run(batch, NULL, base->db, on_rows, &figures);
	base_wait(base, &figures.done);
	return figures.view;
}

#define OF_SCAN(dimension_, value_)                                                             \
	"SELECT '" dimension_ "' AS dimension, coalesce(" value_ ", '') AS value, 1 AS calls, " \
	"CASE WHEN status = 'COMPLETED' AND deadline_at = 0 THEN 1 ELSE 0 END AS completed, "   \
	"CASE WHEN started_at > 0 AND ended_at > 0 AND deadline_at = 0 THEN 1 ELSE 0 END AS "   \
	"answered, CASE WHEN started_at > 0 AND ended_at > 0 AND deadline_at = 0 THEN "         \
	"duration_s ELSE 0 END AS talk_s FROM call_here"

/* clang-format off */
static const char scan_of_figures[] =
	"WITH call_here AS (SELECT * FROM call WHERE tenant_id = $1 AND created_at >= $2 AND "
	"created_at < $3) SELECT dimension, value, CAST(sum(calls) AS BIGINT), "
	"CAST(sum(completed) AS BIGINT), CAST(sum(answered) AS BIGINT), "
	"CAST(sum(talk_s) AS BIGINT) FROM ("
	OF_SCAN("agent", "agent") " UNION ALL "
	OF_SCAN("direction", "direction") " UNION ALL "
	OF_SCAN("number", "from_number") " UNION ALL "
	OF_SCAN("status", "status") " UNION ALL "
	OF_SCAN("end_reason", "end_reason") " WHERE deadline_at = 0 UNION ALL "
	"SELECT 'sentiment', s.sentiment, 1, 0, 0, 0 FROM call_summary s JOIN call_here c ON "
	"c.tenant_id = s.tenant_id AND c.id = s.call_id WHERE s.status = 'completed' AND "
	"s.sentiment IS NOT NULL) part GROUP BY dimension, value";
/* clang-format on */

static void compare_figures(struct base *base, const char *tenant)
{
	int64_t hours[] = {50, 30, 3};
	static const int64_t quarter_us = 900ll * 1000000;

	for (size_t i = 0; i < ARRAY_LEN(hours); i++) {
		struct batch scan_batch auto_batch = {0}, batch auto_batch = {0};
		int64_t from = (now_us - hours[i] * hour_us) / quarter_us * quarter_us;
		int64_t to = now_us / quarter_us * quarter_us - (int64_t)i * quarter_us;
		json_t *auto_json rollups = NULL, *auto_json scan = NULL;

		store_figure_totals(&batch, tenant, from, to);
		rollups = rows_of(base, &batch);
		BATCH_ADD(&scan_batch, scan_of_figures, DB_ANY_ROWS, db_text(tenant), db_int(from),
			  db_int(to));
		scan = rows_of(base, &scan_batch);
		if (!json_equal(rollups, scan)) {
			char *auto_free left = json_text(rollups),
					*auto_free right = json_text(scan);

			fail_msg("tenant %s:\nrollups %s\nscan    %s", tenant, left, right);
		}
	}
}

static void compare(struct base *base, uint32_t first_seed, int at)
{
	for (size_t i = 0; i < ARRAY_LEN(tenants); i++)
		compare_figures(base, tenants[i]);
	for (size_t i = 0; i < ARRAY_LEN(tenants); i++) {
		json_t *auto_json rollups = from_rollups(base, tenants[i]);
		json_t *auto_json scan = from_scan(base, tenants[i]);

		if (!json_equal(rollups, scan)) {
			char *auto_free left = json_text(rollups),
					*auto_free right = json_text(scan);

			fail_msg("seed %u, step %d, tenant %s:\nrollups %s\nscan    %s", first_seed,
				 at, tenants[i], left, right);
		}
	}
}

/* ---- tests ---- */

static void figures_are_those_of_a_scan(void **state)
{
	for (uint32_t history = 1; history <= 6; history++) {
		struct base base;

		base_open(&base, loop_new());
		base_sql(&base,
			 "INSERT INTO tenant (id, name, created_at) VALUES ('other', 'other', 0)");
		seed = history;
		for (int i = 0; i < STEPS; i++) {
			step(&base);
			if (i % 20 == 0)
				compare(&base, history, i);
		}
		compare(&base, history, STEPS);
		/* However much was folded, there is something left. */
		insert_call(&base, CALLS, "default");
		assert_true(base_int(&base, "SELECT count(*) FROM call_rollup_delta") > 0);
		assert_int_equal(0, rollup_fold_all(base.loop, base.db));
		assert_int_equal(0, base_int(&base, "SELECT count(*) FROM call_rollup_delta"));
		compare(&base, history, STEPS + 1);
		close_base(&base);
	}
}

/* Each grain holds every call once. */
static void grains_agree(void **state)
{
	static const char unequal[] =
		"SELECT count(*) FROM (SELECT sum(calls) AS n, sum(talk_s) AS t, sum(answered) "
		"AS a FROM call_rollup GROUP BY grain, tenant_id, direction, agent, status, "
		"sentiment) x";
	static const char distinct[] =
		"SELECT count(*) FROM (SELECT DISTINCT tenant_id, direction, agent, status, "
		"sentiment, n, t, a FROM (SELECT grain, tenant_id, direction, agent, status, "
		"sentiment, sum(calls) AS n, sum(talk_s) AS t, sum(answered) AS a FROM call_rollup "
		"GROUP BY grain, tenant_id, direction, agent, status, sentiment) x) y";
	struct base base;

	base_open(&base, loop_new());
	base_sql(&base, "INSERT INTO tenant (id, name, created_at) VALUES ('other', 'other', 0)");
	seed = 99;
	for (int i = 0; i < STEPS; i++)
		step(&base);
	assert_int_equal(0, rollup_fold_all(base.loop, base.db));
	assert_true(base_int(&base, distinct) > 4);
	assert_int_equal(3 * base_int(&base, distinct), base_int(&base, unequal));
	close_base(&base);
}

static size_t migrations_before(const char *name)
{
	size_t count = 0;

	while (count < schema_migration_count && strcmp(schema_migrations[count].name, name) != 0)
		count++;
	return count;
}

static void calls_from_before_are_counted(void **state)
{
	char error[256] = "";
	struct base base = {.loop = loop_new()};

	assert_int_equal(0,
			 db_open(&base.db, base.loop, &(struct db_conf){.url = "sqlite::memory:"}));
	assert_int_equal(
		0, db_migrate(base.db, schema_migrations, migrations_before("rollups"), error));
	base_sql(&base, "INSERT INTO tenant (id, name, created_at) VALUES ('other', 'other', 0)");
	seed = 7;
	for (int i = 0; i < 200; i++) {
		insert_call(&base, pick(CALLS), tenants[pick(2)]);
		end_call(&base, pick(CALLS), tenants[pick(2)]);
		save_summary(&base, pick(CALLS), tenants[pick(2)]);
	}
	assert_int_equal(0, db_migrate(base.db, schema_migrations, schema_migration_count, error));
	compare(&base, 7, 0);
	for (int i = 0; i < STEPS; i++)
		step(&base);
	compare(&base, 7, STEPS);
	close_base(&base);
}

static void folding_goes_on_by_itself(void **state)
{
	struct rollup *rollup;
	struct base base;
	int64_t until = clock_mono_us() + 10 * 1000000;

	base_open(&base, loop_new());
	seed = 3;
	for (unsigned i = 0; i < 50; i++) {
		insert_call(&base, i, "default");
		end_call(&base, i, "default");
	}
	rollup = rollup_start(base.loop, base.db, 1);
	while (base_int(&base, "SELECT count(*) FROM call_rollup_delta") > 0 &&
	       clock_mono_us() < until)
		loop_run_once(base.loop, 10);
	assert_int_equal(0, base_int(&base, "SELECT count(*) FROM call_rollup_delta"));
	assert_int_equal(50, base_int(&base, "SELECT sum(calls) FROM call_rollup WHERE grain = 0"));
	mem_unref(rollup);
	close_base(&base);
}

/* Of PostgreSQL: processes with connections of their own take turns at nothing. */
static void several_fold_at_once(void **state)
{
	struct db *others[3];
	struct base base;

	base_open(&base, loop_new());
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_int_equal(
			0, db_open(&others[i], base.loop, &(struct db_conf){.url = base_postgres}));
	seed = 11;
	for (unsigned i = 0; i < 200; i++) {
		insert_call(&base, i, "default");
		end_call(&base, i, "default");
		for (size_t j = 0; j < ARRAY_LEN(others); j++)
			fold_in(others[j], 1 + pick(7));
		if (i % 25 == 0)
			compare(&base, 11, (int)i);
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		while (db_pending(others[i]))
			loop_run_once(base.loop, 50);
	compare(&base, 11, 200);
	assert_int_equal(0, rollup_fold_all(base.loop, base.db));
	assert_int_equal(0, base_int(&base, "SELECT count(*) FROM call_rollup_delta"));
	assert_int_equal(200, base_int(&base, "SELECT CAST(sum(calls) AS BIGINT) FROM call_rollup "
					      "WHERE grain = 0"));
	compare(&base, 11, 201);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		mem_unref(others[i]);
	close_base(&base);
}

int main(void)
{
	const struct CMUnitTest on_server[] = {cmocka_unit_test(several_fold_at_once)};
	const char *store = getenv("TEST_STORE");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_are_those_of_a_scan),
		cmocka_unit_test(grains_agree),
		cmocka_unit_test(calls_from_before_are_counted),
		cmocka_unit_test(folding_goes_on_by_itself),
	};

	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (store && !strcmp(store, "postgresql"))
		failed += cmocka_run_group_tests(on_server, NULL, NULL);
	return failed;
}
