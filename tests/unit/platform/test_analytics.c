/*
 * Protects GET /api/v1/analytics: figures of a period and of the one before, cut into days of the
 * zone that was asked for, by what they may be looked at, and one tenant's only.
 */
#include "unit/platform/api_fixture.h"

#include "core/timestamp.h"
#include "http/edge.h"
#include "platform/api/api.h"
#include "platform/api/guard.h"
#include "platform/call.h"
#include "platform/rollup.h"
#include "platform/store/cost.h"
#include "platform/store/figure.h"

struct fixture {
	struct base base;
	struct asker asker;
	struct http_server *server;
	struct api api;
	unsigned calls;
};

static char *kept[64];
static size_t kept_count;

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	struct http_edge_conf edge_conf = {0};
	struct http_edge *auto_unref edge = NULL;
	struct http_server_conf server_conf = {.service = "test"};
	char error[HTTP_EDGE_ERROR_SIZE];
	struct guard_conf guard_conf = {.single_user = true, .this_machine = true};

	base_open(&f->base, loop_new());
	guard_conf.loop = f->base.loop;
	f->api = (struct api){.loop = f->base.loop,
			      .db = f->base.db,
			      .rates.currency = "USD",
			      .guard = guard_new(&guard_conf)};
	assert_int_equal(0, http_edge_new(&edge, &edge_conf, error));
	server_conf.edge = edge;
	assert_int_equal(0, http_server_new(&f->server, f->base.loop, &server_conf));
	api_read_routes(&f->api, f->server);
	asker_open(&f->asker, &f->base, http_server_port(f->server));
	base_sql(&f->base, "INSERT INTO tenant (id, name, created_at) VALUES ('other', 'o', 0)");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	asker_close(&f->asker);
	mem_unref(f->server);
	mem_unref(f->api.guard);
	base_close(&f->base);
	while (kept_count)
		mem_free(kept[--kept_count]);
	mem_free(f);
	return 0;
}

#define ANALYTICS_TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)

static void add_call(struct fixture *f, const char *tenant, const char *at, const char *status,
		     const char *agent)
{
	int64_t us;

	assert_int_equal(0, timestamp_parse_iso(&us, at));
	kept[kept_count] = mem_printf(
		"INSERT INTO call (tenant_id, id, status, direction, phone_number, from_number, "
		"agent, max_duration_s, end_reason, created_at, started_at, ended_at, updated_at, "
		"deadline_at, deadline_misses, duration_s, version) VALUES ('%s', 'c%u', '%s', "
		"'INBOUND', '+1555', '+15550100100', '%s', 60, 'caller_hangup', %lld, %lld, %lld, "
		"0, 0, 0, 30, 1)",
		tenant, f->calls++, status, agent, (long long)us, (long long)us + 1,
		(long long)us + 30000000);
	base_sql(&f->base, kept[kept_count++]);
}

static json_t *current(struct fixture *f, const char *query)
{
	char *auto_free target = mem_printf("/api/v1/analytics?%s", query);

	if (ask(&f->asker, "GET", target, NULL) != 200)
		fail_msg("%s: %d %s", query, f->asker.status, f->asker.text);
	return json_object_get(f->asker.json, "current");
}

static int64_t total(const json_t *period, const char *member)
{
	return json_get_int(json_object_get(period, "totals"), member, -1);
}

static int64_t calls_of(const json_t *period, const char *list, size_t index)
{
	return json_get_int(json_array_get(json_object_get(period, list), index), "calls", -1);
}

static void days_are_cut_in_the_zone(void **state)
{
	struct fixture *f = *state;
	json_t *period;

	add_call(f, "default", "2026-01-31T18:29:00Z", "COMPLETED", "desk");
	add_call(f, "default", "2026-01-31T18:31:00Z", "COMPLETED", "desk");
	add_call(f, "default", "2026-02-01T18:29:00Z", "BUSY", "desk");
	add_call(f, "default", "2026-02-01T18:30:00Z", "COMPLETED", "desk");
	period = current(f, "tz=Asia/Kolkata&from=2026-02-01&to=2026-02-03");
	assert_int_equal(3, total(period, "calls"));
	assert_int_equal(2, json_array_size(json_object_get(period, "by_day")));
	assert_int_equal(2, calls_of(period, "by_day", 0));
	assert_int_equal(1, calls_of(period, "by_day", 1));
	assert_int_equal(2, calls_of(period, "by_hour_of_day", 0));
	assert_int_equal(1, calls_of(period, "by_hour_of_day", 23));
	assert_string_equal("2026-01-31T18:30:00.000000Z", json_get_str(period, "from", ""));
	assert_int_equal(1, total(json_object_get(f->asker.json, "previous"), "calls"));
}

static void figures_are_split_by_what_they_have(void **state)
{
	struct fixture *f = *state;
	json_t *period;

	add_call(f, "default", "2026-02-01T10:00:00Z", "COMPLETED", "desk");
	add_call(f, "default", "2026-02-01T11:00:00Z", "COMPLETED", "desk");
	add_call(f, "default", "2026-02-01T11:00:00Z", "BUSY", "survey");
	add_call(f, "other", "2026-02-01T11:00:00Z", "BUSY", "survey");
	for (int folded = 0; folded < 2; folded++) {
		period = current(f, "from=2026-02-01&to=2026-02-02");
		assert_int_equal(3, total(period, "calls"));
		assert_int_equal(2, total(period, "completed_calls"));
		assert_int_equal(90, total(period, "talk_seconds"));
		assert_int_equal(2, calls_of(period, "by_agent", 0));
		assert_int_equal(1, calls_of(period, "by_agent", 1));
		assert_int_equal(3, calls_of(period, "by_number", 0));
		assert_int_equal(3, calls_of(period, "by_outcome", 0));
		assert_int_equal(24, json_array_size(json_object_get(period, "by_hour")));
		assert_int_equal(2, calls_of(period, "by_hour", 11));
		assert_int_equal(1, json_get_int(json_object_get(period, "by_status"), "BUSY", 0));
		assert_int_equal(0, rollup_fold_all(f->base.loop, f->base.db));
	}
}

static void on_added(int err, struct db_result *const *results, size_t failed, void *arg)
{
	assert_int_equal(0, err);
}

static void times_of_turns_become_percentiles(void **state)
{
	struct fixture *f = *state;
	int64_t at;
	const json_t *stage;

	assert_int_equal(0, timestamp_parse_iso(&at, "2026-02-01T10:00:00Z"));
	for (int i = 0; i < 100; i++) {
		struct batch batch auto_batch = {0};
		struct store_turn_times times = {-1, 100, 200, 10 * i};

		store_turn_figure_add(&batch, "default", "c", i, at, &times);
		batch_run(&batch, NULL, f->base.db, on_added, NULL);
	}
	for (int folded = 0; folded < 2; folded++) {
		stage = json_object_get(
			json_object_get(current(f, "from=2026-02-01&to=2026-02-02"), "latency"),
			"first_audio");
		assert_int_equal(100, json_get_int(stage, "turns", 0));
		assert_in_range(json_get_int(stage, "p50_ms", 0), 475, 525);
		assert_in_range(json_get_int(stage, "p95_ms", 0), 925, 975);
		assert_int_equal(0, rollup_fold_all(f->base.loop, f->base.db));
	}
	stage = json_object_get(
		json_object_get(current(f, "from=2026-02-01&to=2026-02-02"), "latency"),
		"end_of_speech");
	assert_int_equal(0, json_get_int(stage, "turns", -1));
	assert_true(json_is_null(json_object_get(stage, "p50_ms")));
}

static void costs_are_summed_by_the_days_of_the_zone(void **state)
{
	struct fixture *f = *state;
	struct batch batch auto_batch = {0};
	struct cost cost = {.currency = "USD"};
	const json_t *period;
	int64_t at;

	assert_int_equal(0, timestamp_parse_iso(&at, "2026-02-01T23:30:00Z"));
	cost.parts[COST_TELEPHONY].micros = 14000;
	cost.parts[COST_VOICE_AI].micros = 50000;
	store_cost_insert(&batch, "default", "c1", at, &cost);
	batch_run(&batch, NULL, f->base.db, on_added, NULL);
	period = current(f, "tz=Europe/Berlin&from=2026-02-01&to=2026-02-03");
	assert_int_equal(64000, json_get_int(json_object_get(period, "cost"), "total_micros", 0));
	assert_int_equal(64000, json_get_int(json_array_get(json_object_get(period, "by_day"), 1),
					     "cost_micros", 0));
}

static void what_makes_no_period_is_refused(void **state)
{
	static const struct {
		const char *query, *field;
	} rows[] = {
		{"tz=Nowhere/Land", "tz"},  {"tz=../../etc/passwd", "tz"},
		{"from=yesterday", "from"}, {"from=2026-02-02&to=2026-02-01", "to"},
		{"from=2020-01-01", "to"},  {"day=1", "day"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *auto_free target = mem_printf("/api/v1/analytics?%s", rows[i].query);

		assert_int_equal(400, ask(&f->asker, "GET", target, NULL));
		assert_string_equal(
			rows[i].field,
			json_get_str(json_object_get(f->asker.json, "error"), "field", ""));
	}
	assert_int_equal(200, ask(&f->asker, "GET", "/api/v1/analytics", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ANALYTICS_TEST(days_are_cut_in_the_zone),
		ANALYTICS_TEST(figures_are_split_by_what_they_have),
		ANALYTICS_TEST(times_of_turns_become_percentiles),
		ANALYTICS_TEST(costs_are_summed_by_the_days_of_the_zone),
		ANALYTICS_TEST(what_makes_no_period_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
