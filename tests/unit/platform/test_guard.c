/*
 * Protects the way in to the API in single-user mode, and the record of what was changed: who came
 * over a proxy or under another host's name is refused; with AUTH on,
 * nobody passes without credentials; audit_log lists a tenant's own entries only, in pages, and
 * is never changed.
 */
#include "unit/platform/api_fixture.h"
#include "unit/platform/fixture.h"

#include "platform/api/api.h"
#include "platform/api/guard.h"
#include "platform/audit.h"
#include "platform/auth.h"
#include "platform/store/batch.h"

#include <errno.h>

struct fixture {
	struct base base;
	struct api api;
	struct http_server *server;
	struct asker asker;
};

static struct fixture *open_with(const struct guard_conf *conf)
{
	struct http_server_conf server_conf = {.service = "test"};
	struct fixture *f = mem_alloc(sizeof(*f));
	struct guard_conf guard_conf = *conf;
	struct auth_conf auth_conf = {.secret = "0123456789abcdef0123456789abcdef"};

	base_open(&f->base, loop_new());
	auth_conf.loop = guard_conf.loop = f->base.loop;
	auth_conf.db = f->base.db;
	f->api = (struct api){.loop = f->base.loop, .db = f->base.db, .auth = auth_new(&auth_conf)};
	guard_conf.auth = f->api.auth;
	f->api.guard = guard_new(&guard_conf);
	assert_int_equal(0, http_server_new(&f->server, f->base.loop, &server_conf));
	api_read_routes(&f->api, f->server);
	asker_open(&f->asker, &f->base, http_server_port(f->server));
	return f;
}

static void close_it(struct fixture *f)
{
	asker_close(&f->asker);
	mem_unref(f->server);
	mem_unref(f->api.guard);
	mem_unref(f->api.auth);
	base_close(&f->base);
	mem_free(f);
}

static void made_up_post(struct http_request *req, void *arg)
{
	http_reply(req, 204, NULL, NULL, 0);
}

static void only_this_machine_is_the_owner(void **state)
{
	static const struct {
		const char *method, *header;
		int status, elsewhere;
	} rows[] = {
		{"GET", NULL, 200, 200},
		{"GET", "Host: localhost:8000", 200, 200},
		{"GET", "Host: LOCALHOST", 200, 200},
		{"GET", "Host: [::1]:8000", 200, 200},
		{"GET", "Host: 127.8.8.8", 200, 200},
		{"GET", "Host: 127.evil.example", 403, 200},
		{"GET", "Host: localhost.evil.example", 403, 200},
		{"GET", "Host: [::1].evil.example", 403, 200},
		{"GET", "Host: voice.example", 403, 200},
		{"GET", "X-Forwarded-For: 192.0.2.1", 403, 200},
		{"GET", "Forwarded: for=192.0.2.1", 403, 200},
		{"POST", NULL, 204, 204},
	};
	const struct guard_conf confs[] = {{.single_user = true, .this_machine = true},
					   {.single_user = true}};

	for (size_t c = 0; c < ARRAY_LEN(confs); c++) {
		struct fixture *f = open_with(&confs[c]);

		api_route(&f->api, f->server, "POST", "/api/v1/test", PERM_CALLS_WRITE,
			  made_up_post, NULL);
		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			bool post = !strcmp(rows[i].method, "POST");
			int status = ask_with(&f->asker, rows[i].method,
					      post ? "/api/v1/test" : "/api/v1/audit",
					      rows[i].header, NULL);

			if (status != (c ? rows[i].elsewhere : rows[i].status))
				fail_msg("%s %s: %d", rows[i].method, rows[i].header, status);
			if (status == 403)
				assert_string_equal("forbidden", error_code(&f->asker));
		}
		close_it(f);
	}
}

static void with_auth_on_nobody_passes_without_credentials(void **state)
{
	struct fixture *f = open_with(&(struct guard_conf){0});

	f->asker.header_name = "WWW-Authenticate";
	assert_int_equal(401, ask(&f->asker, "GET", "/api/v1/calls", NULL));
	assert_string_equal("unauthenticated", error_code(&f->asker));
	assert_string_equal("Bearer", f->asker.header);
	/* What is not there is not there, for everybody. */
	assert_int_equal(404, ask(&f->asker, "GET", "/api/v1/nothing", NULL));
	close_it(f);
}

/* ---- audit_log ---- */

static void on_added(int err, struct db_result *const *results, size_t failed, void *arg)
{
	assert_int_equal(0, err);
	*(bool *)arg = true;
}

static void add(struct fixture *f, const char *tenant, const char *action, const char *object)
{
	struct principal *auto_unref by =
		principal_new(PRINCIPAL_USER, tenant, "somebody", ROLE_ADMIN, "192.0.2.7");
	struct batch batch auto_batch = {0};
	bool done = false;

	audit_add(&batch, by, action, "thing", object, "{\"n\":1}");
	batch_run(&batch, NULL, f->base.db, on_added, &done);
	base_wait(&f->base, &done);
}

static void entries_are_listed_newest_first_in_pages(void **state)
{
	struct fixture *f = open_with(&(struct guard_conf){.single_user = true});
	char seen[32] = "", object[16], target[128] = "/api/v1/audit?limit=3";
	const json_t *entries;

	base_sql(&f->base, "INSERT INTO tenant (id, name, created_at) VALUES ('other', 'o', 0)");
	for (int i = 0; i < 7; i++) {
		snprintf(object, sizeof(object), "%d", i);
		add(f, "default", i == 4 ? "thing.drop" : "thing.make", object);
		add(f, "other", "thing.make", "x");
	}
	for (int page = 0; page < 3; page++) {
		assert_int_equal(200, ask(&f->asker, "GET", target, NULL));
		entries = json_object_get(f->asker.json, "entries");
		for (size_t i = 0; i < json_array_size(entries); i++)
			strcat(seen, json_get_str(json_array_get(entries, i), "object_id", "?"));
		snprintf(target, sizeof(target), "/api/v1/audit?limit=3&cursor=%s",
			 answer_str(&f->asker, "next_cursor"));
	}
	assert_string_equal("6543210", seen);
	assert_string_equal("", answer_str(&f->asker, "next_cursor"));
	assert_int_equal(200, ask(&f->asker, "GET", "/api/v1/audit?action=thing.drop", NULL));
	entries = json_object_get(f->asker.json, "entries");
	assert_int_equal(1, json_array_size(entries));
	assert_string_equal("192.0.2.7", json_get_str(json_array_get(entries, 0), "remote", ""));
	assert_string_equal("somebody", json_get_str(json_array_get(entries, 0), "actor_id", ""));
	assert_int_equal(400, ask(&f->asker, "GET", "/api/v1/audit?cursor=x", NULL));
	assert_int_equal(400, ask(&f->asker, "GET", "/api/v1/audit?who=x", NULL));
	close_it(f);
}

static void entries_are_never_changed(void **state)
{
	struct fixture *f = open_with(&(struct guard_conf){.single_user = true});
	struct db_statement statement = {.sql = "UPDATE audit_log SET actor_id = 'me'",
					 .expect_rows = DB_ANY_ROWS};
	struct base_result result = {0};

	add(f, "default", "thing.make", "1");
	db_run(NULL, f->base.db, &statement, 1, base_on_result, &result);
	base_wait(&f->base, &result.done);
	assert_int_not_equal(0, result.err);
	assert_string_equal("somebody", base_sql(&f->base, "SELECT actor_id FROM audit_log").text);
	close_it(f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_this_machine_is_the_owner),
		cmocka_unit_test(with_auth_on_nobody_passes_without_credentials),
		cmocka_unit_test(entries_are_listed_newest_first_in_pages),
		cmocka_unit_test(entries_are_never_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
