/*
 * Protects how often one may ask: bounds a minute that slide, each id and class for itself, several
 * pods together, what a request is told about it, and from where admins may come.
 */
#include "unit/check.h"

#include "core/ip.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/http_client.h"
#include "http/http_server.h"
#include "loop/loop.h"
#include "platform/api/api.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/rate_limit.h"
#include "state/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int take(struct rate_limit *limit, enum rate_class class, const char *id, int times)
{
	int passed = 0;

	for (int i = 0; i < times; i++)
		passed += rate_limit_take(limit, class, id).pass;
	return passed;
}

/* To the beginning of a minute of the wall's clock, as the limit sees it. */
static void next_minute(struct loop *loop, struct rate_limit *limit)
{
	struct rate_verdict verdict = rate_limit_look(limit, RATE_READ, "clock");

	loop_advance_ms(loop, verdict.reset_s * 1000ULL);
}

static void a_bound_holds_and_slides(void **state)
{
	auto_unref struct loop *loop = loop_new_fake();
	struct rate_limit_conf conf = {.loop = loop, .per_minute = {[RATE_READ] = 60}};
	auto_unref struct rate_limit *limit = rate_limit_new(&conf);
	struct rate_verdict verdict;

	next_minute(loop, limit);
	assert_int_equal(60, take(limit, RATE_READ, "a", 100));
	assert_int_equal(60, take(limit, RATE_READ, "b", 100));
	verdict = rate_limit_take(limit, RATE_READ, "a");
	assert_int_equal(60, verdict.limit);
	assert_int_equal(0, verdict.remaining);
	assert_in_range(verdict.reset_s, 60, 62);
	loop_advance_ms(loop, verdict.reset_s * 1000ULL); /* as it was told, and not before */
	assert_int_equal(1, take(limit, RATE_READ, "a", 1));
	next_minute(loop, limit);
	next_minute(loop, limit);
	assert_int_equal(60, take(limit, RATE_READ, "a", 60));
	loop_advance_ms(loop, 90000); /* half of the minute before still counts */
	assert_in_range(take(limit, RATE_READ, "a", 60), 28, 32);
	loop_advance_ms(loop, 600000);
	assert_int_equal(60, take(limit, RATE_READ, "a", 61));
}

static void who_is_refused_is_told_when_to_come_again(void **state)
{
	auto_unref struct loop *loop = loop_new_fake();
	struct rate_limit_conf conf = {.loop = loop, .per_minute = {[RATE_READ] = 7}};
	auto_unref struct rate_limit *limit = rate_limit_new(&conf);

	for (int i = 0; i < 40; i++) {
		struct rate_verdict verdict = rate_limit_take(limit, RATE_READ, "a");

		if (!verdict.pass) {
			assert_in_range(verdict.reset_s, 1, 121);
			loop_advance_ms(loop, verdict.reset_s * 1000ULL);
			assert_true(rate_limit_take(limit, RATE_READ, "a").pass);
		}
		loop_advance_ms(loop, (uint64_t)(i * 977 % 5000));
	}
}

static void classes_are_counted_apart_and_zero_is_no_bound(void **state)
{
	auto_unref struct loop *loop = loop_new_fake();
	struct rate_limit_conf conf = {.loop = loop,
				       .per_minute = {[RATE_READ] = 3, [RATE_WRITE] = 2}};
	auto_unref struct rate_limit *limit = rate_limit_new(&conf);

	assert_int_equal(3, take(limit, RATE_READ, "a", 10));
	assert_int_equal(2, take(limit, RATE_WRITE, "a", 10));
	assert_int_equal(1000, take(limit, RATE_INITIATE, "a", 1000));
	assert_int_equal(0, rate_limit_take(limit, RATE_INITIATE, "a").limit);
	assert_true(rate_limit_take(NULL, RATE_READ, "a").pass);
}

static void more_ids_than_are_kept_do_no_harm(void **state)
{
	auto_unref struct loop *loop = loop_new_fake();
	struct rate_limit_conf conf = {.loop = loop, .per_minute = {[RATE_IP] = 1}};
	auto_unref struct rate_limit *limit = rate_limit_new(&conf);
	char id[32];

	for (int i = 0; i < 60000; i++) {
		snprintf(id, sizeof(id), "%d", i);
		assert_true(rate_limit_take(limit, RATE_IP, id).pass);
	}
	assert_false(rate_limit_take(limit, RATE_IP, "59999").pass);
}

static void pods_count_together(void **unused)
{
	auto_unref struct loop *loop = loop_new_fake();
	struct rate_limit *pods[3];
	struct state *states[3];
	char error[STATE_ERROR_SIZE] = "";
	int passed = 0;

	for (int i = 0; i < 3; i++) {
		struct state_conf state_conf = {.url = "local:rate"};
		struct rate_limit_conf conf = {.loop = loop, .per_minute = {[RATE_READ] = 60}};

		assert_int_equal(0, state_open(&states[i], loop, &state_conf, error));
		conf.state = states[i];
		pods[i] = rate_limit_new(&conf);
	}
	next_minute(loop, pods[0]);
	for (int i = 0; i < 300; i++) {
		passed += rate_limit_take(pods[i % 3], RATE_READ, "a").pass;
		loop_advance_ms(loop, 10);
	}
	assert_in_range(passed, 60, 63); /* at most one a pod that it could not know of */
	for (int i = 0; i < 3; i++) {
		mem_unref(pods[i]);
		mem_unref(states[i]);
	}
	loop_advance_ms(loop, 1000);
}

/* ---- requests ---- */

struct fixture {
	struct loop *loop;
	struct api api;
	struct http_server *server;
	struct http_client *client;
	struct rate_limit *limit;
	struct ip_list admins;
	bool done;
	int status;
	char body[512];
	char limit_header[32], remaining[32], reset[32], retry[32];
};

static void on_fine(struct http_request *req, void *arg)
{
	http_reply(req, 200, NULL, NULL, 0);
}

static void open_with(struct fixture *f, const struct rate_limit_conf *conf, const char *admins)
{
	struct rate_limit_conf copy = *conf;
	char bad[IP_BAD_SIZE] = "";

	memset(f, 0, sizeof(*f));
	f->loop = loop_new();
	copy.loop = f->loop;
	copy.loopback = true;
	f->limit = rate_limit_new(&copy);
	assert_int_equal(0, ip_list_parse(&f->admins, admins, bad));
	assert_int_equal(0, http_server_new(&f->server, f->loop, &(struct http_server_conf){0}));
	f->api.guard = guard_new(&(struct guard_conf){
		.single_user = true, .rate_limit = f->limit, .admin_ips = &f->admins});
	rate_limit_gate(f->limit, f->server);
	api_error_shape(f->server);
	api_route(&f->api, f->server, "GET", "/api/v1/calls/{id}", PERM_CALLS_READ, on_fine, NULL);
	api_route(&f->api, f->server, "POST", "/api/v1/calls/initiate", PERM_CALLS_WRITE, on_fine,
		  NULL);
	api_route(&f->api, f->server, "GET", "/api/v1/audit", PERM_AUDIT_READ, on_fine, NULL);
	http_server_route(f->server, "GET", "/api/v1/auth/x", on_fine, NULL);
	http_server_route(f->server, "GET", "/api/v1/webhooks/x", on_fine, NULL);
	http_server_route(f->server, "GET", "/health", on_fine, NULL);
	f->client = http_client_new(f->loop);
}

static void close_it(struct fixture *f)
{
	mem_unref(f->client);
	mem_unref(f->server);
	mem_unref(f->api.guard);
	mem_unref(f->limit);
	ip_list_free(&f->admins);
	mem_unref(f->loop);
}

static void keep(char out[32], const struct http_result *result, const char *name)
{
	const char *value = http_exchange_header(result->exchange, name);

	str_copy(out, 32, value ? value : "");
}

static void on_done(const struct http_result *result, void *arg)
{
	struct fixture *f = arg;

	f->done = true;
	f->status = result->status;
	str_copy(f->body, sizeof(f->body), result->body);
	keep(f->limit_header, result, "RateLimit-Limit");
	keep(f->remaining, result, "RateLimit-Remaining");
	keep(f->reset, result, "RateLimit-Reset");
	keep(f->retry, result, "Retry-After");
}

static int ask(struct fixture *f, const char *method, const char *path)
{
	char url[200];
	struct http_client_params params = {.method = method, .url = url};

	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", http_server_port(f->server), path);
	f->done = false;
	assert_int_equal(0, http_client_request(NULL, f->client, &params, NULL, on_done, f));
	for (int i = 0; i < 500 && !f->done; i++)
		loop_run_once(f->loop, 10);
	assert_true(f->done);
	return f->status;
}

static void the_tighter_bound_is_told(void **state)
{
	struct rate_limit_conf conf = {
		.per_minute = {[RATE_IP] = 5, [RATE_READ] = 50, [RATE_INITIATE] = 1}};
	struct fixture f;

	open_with(&f, &conf, "");
	assert_int_equal(200, ask(&f, "GET", "/api/v1/calls/a"));
	assert_string_equal("5", f.limit_header);
	assert_string_equal("4", f.remaining);
	assert_string_equal("", f.retry);
	assert_int_equal(200, ask(&f, "POST", "/api/v1/calls/initiate"));
	assert_string_equal("1", f.limit_header);
	assert_string_equal("0", f.remaining);
	assert_int_equal(429, ask(&f, "POST", "/api/v1/calls/initiate"));
	assert_non_null(strstr(f.body, "\"rate_limited\""));
	assert_string_equal("1", f.limit_header);
	assert_string_equal(f.reset, f.retry);
	assert_true(atoi(f.retry) > 0);
	close_it(&f);
}

static void addresses_are_bounded_on_every_path_of_the_api(void **state)
{
	struct rate_limit_conf conf = {
		.per_minute = {[RATE_IP] = 4, [RATE_AUTH] = 1, [RATE_WEBHOOK] = 2}};
	struct fixture f;

	open_with(&f, &conf, "");
	assert_int_equal(200, ask(&f, "GET", "/api/v1/auth/x"));
	assert_int_equal(429, ask(&f, "GET", "/api/v1/auth/x"));
	assert_int_equal(404, ask(&f, "GET", "/api/v1/nothing"));
	assert_int_equal(200, ask(&f, "GET", "/api/v1/calls/a"));
	assert_int_equal(429, ask(&f, "GET", "/api/v1/calls/a"));
	assert_int_equal(429, ask(&f, "GET", "/api/v1/nothing"));
	assert_int_equal(200, ask(&f, "GET", "/api/v1/webhooks/x"));
	assert_int_equal(200, ask(&f, "GET", "/api/v1/webhooks/x"));
	assert_int_equal(429, ask(&f, "GET", "/api/v1/webhooks/x"));
	for (int i = 0; i < 10; i++)
		assert_int_equal(200, ask(&f, "GET", "/health"));
	close_it(&f);
}

static void admins_come_from_their_own_networks(void **state)
{
	struct fixture f;

	open_with(&f, &(struct rate_limit_conf){0}, "10.0.0.0/8");
	assert_int_equal(403, ask(&f, "GET", "/api/v1/audit"));
	assert_int_equal(200, ask(&f, "GET", "/api/v1/calls/a"));
	close_it(&f);
	open_with(&f, &(struct rate_limit_conf){0}, "10.0.0.0/8, 127.0.0.1");
	assert_int_equal(200, ask(&f, "GET", "/api/v1/audit"));
	close_it(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bound_holds_and_slides),
		cmocka_unit_test(who_is_refused_is_told_when_to_come_again),
		cmocka_unit_test(classes_are_counted_apart_and_zero_is_no_bound),
		cmocka_unit_test(more_ids_than_are_kept_do_no_harm),
		cmocka_unit_test(pods_count_together),
		cmocka_unit_test(the_tighter_bound_is_told),
		cmocka_unit_test(addresses_are_bounded_on_every_path_of_the_api),
		cmocka_unit_test(admins_come_from_their_own_networks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
