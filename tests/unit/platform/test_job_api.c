/*
 * Protects what an operator does about jobs that failed: the list shows a tenant's own, by state
 * and kind, in pages; a dead one is brought back with all its tries, and only a dead one of one's
 * own.
 */
#include "unit/platform/api_fixture.h"

#include "platform/api/api.h"
#include "platform/api/guard.h"
#include "platform/job.h"

struct fixture {
	struct base base;
	struct api api;
	struct http_server *server;
	struct asker asker;
};

static int setup(void **state)
{
	struct guard_conf guard = {.single_user = true};
	struct http_server_conf server = {.service = "test"};
	struct fixture *f = mem_alloc(sizeof(*f));

	base_open(&f->base, loop_new());
	f->api = (struct api){.loop = f->base.loop,
			      .db = f->base.db,
			      .guard = guard_new(&guard),
			      .jobs = job_queue_new(f->base.loop, f->base.db)};
	assert_int_equal(0, http_server_new(&f->server, f->base.loop, &server));
	api_job_routes(&f->api, f->server);
	asker_open(&f->asker, &f->base, http_server_port(f->server));
	base_sql(&f->base,
		 "INSERT INTO tenant (id, name, created_at) VALUES ('other', 'other', 0)");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	asker_close(&f->asker);
	mem_unref(f->server);
	mem_unref(f->api.jobs);
	mem_unref(f->api.guard);
	base_close(&f->base);
	mem_free(f);
	return 0;
}

#define ID(n_) "01940000-0000-7000-8000-00000000000" #n_

static void job(struct fixture *f, const char *id, const char *tenant, const char *kind,
		const char *state)
{
	auto_free char *sql = mem_printf(
		"INSERT INTO job (id, tenant_id, kind, payload, state, attempt, max_attempts, "
		"run_at, last_error, created_at, updated_at) VALUES ('%s', '%s', '%s', '{}', '%s', "
		"8, 8, 0, 'it broke', 1, 2)",
		id, tenant, kind, state);

	base_sql(&f->base, sql);
}

/* The ids' last digits, in the order of the answer. */
static const char *ids(struct fixture *f, const char *query)
{
	static char text[16];
	auto_free char *target = mem_printf("/api/v1/jobs%s", query);
	json_t *jobs, *value;
	size_t index;

	assert_int_equal(200, ask(&f->asker, "GET", target, NULL));
	jobs = json_object_get(f->asker.json, "jobs");
	memset(text, 0, sizeof(text));
	json_array_foreach(jobs, index, value) text[index] = json_get_str(value, "id", "")[35];
	return text;
}

static void fill(struct fixture *f)
{
	job(f, ID(1), "default", "analyse", "dead");
	job(f, ID(2), "default", "recording", "dead");
	job(f, ID(3), "default", "analyse", "dead");
	job(f, ID(4), "default", "dial", "ready");
	job(f, ID(5), "default", "dial", "done");
	job(f, ID(6), "other", "analyse", "dead");
}

static void the_list_shows_ones_own_by_state_and_kind(void **state)
{
	struct fixture *f = *state;
	const char *cursor;

	fill(f);
	assert_string_equal("321", ids(f, ""));
	assert_string_equal("it broke",
			    json_get_str(json_array_get(json_object_get(f->asker.json, "jobs"), 0),
					 "last_error", ""));
	assert_string_equal("31", ids(f, "?kind=analyse"));
	assert_string_equal("4", ids(f, "?state=ready"));
	assert_string_equal("", ids(f, "?state=running"));
	assert_string_equal("32", ids(f, "?limit=2"));
	cursor = answer_str(&f->asker, "next_cursor");
	assert_string_equal(ID(2), cursor);
	assert_string_equal("1", ids(f, "?limit=2&cursor=" ID(2)));
	assert_int_equal(400, ask(&f->asker, "GET", "/api/v1/jobs?state=lost", NULL));
	assert_int_equal(400, ask(&f->asker, "GET", "/api/v1/jobs?cursor=x", NULL));
}

static void a_dead_job_comes_back_with_all_its_tries(void **state)
{
	struct fixture *f = *state;

	fill(f);
	assert_int_equal(202, ask(&f->asker, "POST", "/api/v1/jobs/" ID(1) "/replay", NULL));
	assert_int_equal(1, json_get_int(f->asker.json, "replayed", 0));
	assert_string_equal("41", ids(f, "?state=ready"));
	assert_int_equal(0, base_int(&f->base, "SELECT attempt FROM job WHERE id = '" ID(1) "'"));
	assert_int_equal(1,
			 base_int(&f->base, "SELECT count(*) FROM audit_log WHERE "
					    "action = 'job.replay' AND object_id = '" ID(1) "'"));
}

static void only_a_dead_job_of_ones_own_comes_back(void **state)
{
	static const char *const paths[] = {
		"/api/v1/jobs/" ID(1) "/replay", "/api/v1/jobs/" ID(4) "/replay",
		"/api/v1/jobs/" ID(5) "/replay", "/api/v1/jobs/" ID(6) "/replay",
		"/api/v1/jobs/" ID(9) "/replay", "/api/v1/jobs/nonsense/replay"};
	struct fixture *f = *state;

	fill(f);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		assert_int_equal(i ? 404 : 202, ask(&f->asker, "POST", paths[i], NULL));
		if (i)
			assert_string_equal("job_not_found", error_code(&f->asker));
	}
	assert_int_equal(1, base_int(&f->base, "SELECT count(*) FROM job WHERE state = 'dead' AND "
					       "tenant_id = 'other'"));
}

static void all_of_a_kind_come_back(void **state)
{
	struct fixture *f = *state;

	fill(f);
	assert_int_equal(400, ask(&f->asker, "POST", "/api/v1/jobs/replay", "{}"));
	assert_int_equal(202,
			 ask(&f->asker, "POST", "/api/v1/jobs/replay", "{\"kind\":\"analyse\"}"));
	assert_int_equal(2, json_get_int(f->asker.json, "replayed", 0));
	assert_string_equal("2", ids(f, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_list_shows_ones_own_by_state_and_kind, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_dead_job_comes_back_with_all_its_tries, setup,
						teardown),
		cmocka_unit_test_setup_teardown(only_a_dead_job_of_ones_own_comes_back, setup,
						teardown),
		cmocka_unit_test_setup_teardown(all_of_a_kind_come_back, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
