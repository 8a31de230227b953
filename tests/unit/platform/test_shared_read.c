/*
 * Protects readings that many share: who asks while something is being read is answered by a later
 * reading, many of them by the same one, and errors reach everybody.
 */
#include "unit/platform/api_fixture.h"

#include "http/edge.h"
#include "platform/api/api.h"
#include "platform/api/guard.h"
#include "platform/api/shared_read.h"
#include "platform/store/batch.h"

enum { MANY = 10 };

struct fixture {
	struct base base;
	struct http_server *server;
	struct api api;
	struct asker askers[MANY];
};

static int readings;
static bool begun, broken;

/* Takes long enough for others to ask meanwhile. */
static void fill(struct api *api, const char *tenant_id, struct batch *batch)
{
	readings++;
	begun = true;
	if (broken)
		BATCH_ADD(batch, "SELECT 1 FROM nowhere", DB_ANY_ROWS);
	else
		BATCH_ADD(batch,
			  "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
			  "WHERE i < 1000000) SELECT max(i) FROM n",
			  1);
}

static json_t *view(struct api *api, struct db_result *const *results)
{
	return json_pack("{s:i, s:I}", "reading", readings, "value",
			 (json_int_t)db_get_int(results[0], 0, 0));
}

static void figures(struct http_request *req, void *arg)
{
	static const struct shared_read what = {"figures", fill, view};

	shared_read(arg, req, &what);
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	struct http_edge_conf edge_conf = {0};
	struct http_edge *auto_unref edge = NULL;
	struct http_server_conf server_conf = {.service = "test"};
	char error[HTTP_EDGE_ERROR_SIZE];
	struct guard_conf guard_conf = {.single_user = true, .this_machine = true};

	readings = 0;
	begun = broken = false;
	base_open(&f->base, loop_new());
	guard_conf.loop = f->base.loop;
	f->api = (struct api){
		.loop = f->base.loop, .db = f->base.db, .guard = guard_new(&guard_conf)};
	assert_int_equal(0, http_edge_new(&edge, &edge_conf, error));
	server_conf.edge = edge;
	assert_int_equal(0, http_server_new(&f->server, f->base.loop, &server_conf));
	api_route(&f->api, f->server, "GET", "/api/v1/figures", PERM_ANALYTICS_READ, figures,
		  &f->api);
	for (int i = 0; i < MANY; i++)
		asker_open(&f->askers[i], &f->base, http_server_port(f->server));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < MANY; i++)
		asker_close(&f->askers[i]);
	mem_unref(f->server);
	mem_unref(f->api.guard);
	base_close(&f->base);
	mem_free(f);
	return 0;
}

/* The first asks, and while it is being read the others do. */
static void ask_all(struct fixture *f)
{
	ask_begin(&f->askers[0], "GET", "/api/v1/figures", NULL, NULL);
	base_wait(&f->base, &begun);
	for (int i = 1; i < MANY; i++)
		ask_begin(&f->askers[i], "GET", "/api/v1/figures", NULL, NULL);
	for (int i = 0; i < MANY; i++)
		base_wait(&f->base, &f->askers[i].done);
}

static void who_asks_during_a_reading_gets_the_next(void **state)
{
	struct fixture *f = *state;

	ask_all(f);
	assert_int_equal(1, json_get_int(f->askers[0].json, "reading", 0));
	for (int i = 1; i < MANY; i++) {
		assert_int_equal(200, f->askers[i].status);
		assert_int_equal(1000000, json_get_int(f->askers[i].json, "value", 0));
		assert_true(json_get_int(f->askers[i].json, "reading", 0) > 1);
	}
	assert_in_range(readings, 2, MANY / 2);
	assert_int_equal(0, f->api.readings.len);
}

static void who_asks_later_gets_a_reading_of_its_own(void **state)
{
	struct fixture *f = *state;

	for (int i = 1; i <= 3; i++) {
		assert_int_equal(200, ask(&f->askers[0], "GET", "/api/v1/figures", NULL));
		assert_int_equal(i, json_get_int(f->askers[0].json, "reading", 0));
	}
}

static void an_error_is_told_to_all(void **state)
{
	struct fixture *f = *state;

	broken = true;
	ask_all(f);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(500, f->askers[i].status);
	broken = false;
	assert_int_equal(200, ask(&f->askers[0], "GET", "/api/v1/figures", NULL));
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_asks_during_a_reading_gets_the_next),
		TEST(who_asks_later_gets_a_reading_of_its_own),
		TEST(an_error_is_told_to_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
