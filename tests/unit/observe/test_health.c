/* Protects what leaves the process to be looked at: /health, /ready and /metrics over real HTTP. */
#include "observe/health.h"
#include "observe/prometheus.h"

#include "core/buf.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/metric.h"
#include "http/http_client.h"
#include "http/http_server.h"
#include "loop/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct loop *loop;
	struct http_server *server;
	struct http_client *client;
	struct health *health;
	const char *trouble;
	bool done;
	int status;
	struct buf body;
};

static const char *check(void *arg)
{
	struct fixture *f = arg;

	return f->trouble;
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	f->loop = loop_new();
	assert_int_equal(0, http_server_new(&f->server, f->loop, &(struct http_server_conf){0}));
	f->health = health_new(f->server, "carrier", "1.2.3");
	prometheus_route(f->server);
	f->client = http_client_new(f->loop);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_unref(f->client);
	mem_unref(f->server);
	mem_unref(f->health);
	mem_unref(f->loop);
	buf_free(&f->body);
	mem_free(f);
	return 0;
}

static void on_done(const struct http_result *result, void *arg)
{
	struct fixture *f = arg;

	f->done = true;
	f->status = result->status;
	buf_clear(&f->body);
	buf_append(&f->body, result->body, result->body_len);
}

static void get(struct fixture *f, const char *path)
{
	char url[128];
	struct http_client_params params = {.method = "GET", .url = url};

	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", http_server_port(f->server), path);
	f->done = false;
	assert_int_equal(0, http_client_request(NULL, f->client, &params, NULL, on_done, f));
	for (int i = 0; i < 300 && !f->done; i++)
		loop_run_once(f->loop, 10);
	assert_true(f->done);
}

static void test_health_is_ok_whatever_the_checks_say(void **state)
{
	struct fixture *f = *state;
	auto_json json_t *body = NULL;

	f->trouble = "broken";
	health_check_add(f->health, "database", check, f);
	get(f, "/health");
	assert_int_equal(200, f->status);
	assert_int_equal(0, json_parse(&body, f->body.data, f->body.len, NULL));
	assert_string_equal("ok", json_get_str(body, "status", ""));
	assert_string_equal("carrier", json_get_str(body, "service", ""));
	assert_string_equal("1.2.3", json_get_str(body, "version", ""));
	assert_int_equal(0, json_get_int(body, "uptime_seconds", -1));
}

static void test_a_nonce_is_answered_by_a_proof(void **state)
{
	static const char nonce[] = "0123456789abcdef0123456789abcdef";
	static const char *const bad[] = {"/health?nonce=0123456789abcdef0123456789abcdeg",
					  "/health?nonce=0123", "/health?nonce=", "/health"};
	struct fixture *f = *state;
	auto_json json_t *body = NULL;
	char proof[HEALTH_PROOF_SIZE], path[80];

	snprintf(path, sizeof(path), "/health?nonce=%s", nonce);
	get(f, path);
	assert_null(strstr(buf_str(&f->body), "proof")); /* no key yet */
	health_prove(f->health, "key");
	get(f, path);
	assert_int_equal(0, json_parse(&body, f->body.data, f->body.len, NULL));
	health_proof(proof, "key", nonce);
	assert_string_equal(proof, json_get_str(body, "proof", ""));
	health_proof(proof, "another", nonce);
	assert_string_not_equal(proof, json_get_str(body, "proof", ""));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		get(f, bad[i]);
		assert_null(strstr(buf_str(&f->body), "proof"));
	}
}

static void test_ready_follows_the_checks(void **state)
{
	struct fixture *f = *state;

	get(f, "/ready");
	assert_int_equal(200, f->status);
	health_check_add(f->health, "database", check, f);
	get(f, "/ready");
	assert_int_equal(200, f->status);
	assert_string_equal("{\"status\":\"ok\",\"checks\":{\"database\":\"ok\"}}",
			    buf_str(&f->body));
	f->trouble = "disk full";
	get(f, "/ready");
	assert_int_equal(503, f->status);
	assert_string_equal("{\"status\":\"unavailable\",\"checks\":{\"database\":\"disk full\"}}",
			    buf_str(&f->body));
}

static void test_metrics_of_every_type(void **state)
{
	static const char *const lines[] = {
		"# TYPE call_total counter\n",
		"call_total{status=\"completed\",direction=\"outbound\"} 2\n",
		"# TYPE call_active_count gauge\ncall_active_count 7\n",
		"# TYPE provider_request_duration_seconds histogram\n",
		"provider_request_duration_seconds_bucket{provider=\"a\\\"b\",le=\"+Inf\"} 2\n",
		"provider_request_duration_seconds_sum{provider=\"a\\\"b\"} 1000000.25\n",
		"provider_request_duration_seconds_count{provider=\"a\\\"b\"} 2\n",
	};
	struct fixture *f = *state;

	metric_add(METRIC_CALL_TOTAL, "completed,outbound", 2);
	metric_set(METRIC_CALL_ACTIVE, "", 7);
	metric_observe(METRIC_PROVIDER_DURATION, "a\"b", 0.25);
	metric_observe(METRIC_PROVIDER_DURATION, "a\"b", 1000000);
	get(f, "/metrics");
	assert_int_equal(200, f->status);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		if (!strstr(buf_str(&f->body), lines[i]))
			fail_msg("no %s in\n%s", lines[i], buf_str(&f->body));
}

static void test_buckets_are_cumulative(void **state)
{
	const double *bounds = metric_bucket_bounds(METRIC_LONG_HISTOGRAM);
	auto_buf struct buf out = {0};
	char last[128], before[128];

	metric_observe(METRIC_CALL_DURATION, "", bounds[0] / 2);
	metric_observe(METRIC_CALL_DURATION, "", bounds[METRIC_BUCKETS - 1] * 2);
	prometheus_write(&out);
	snprintf(before, sizeof(before), "call_duration_seconds_bucket{le=\"%g\"} 1\n",
		 bounds[METRIC_BUCKETS - 1]);
	snprintf(last, sizeof(last), "call_duration_seconds_bucket{le=\"+Inf\"} 2\n");
	assert_non_null(strstr(buf_str(&out), before));
	assert_non_null(strstr(buf_str(&out), last));
}

int main(void)
{
#define ROW(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_health_is_ok_whatever_the_checks_say),
		ROW(test_a_nonce_is_answered_by_a_proof),
		ROW(test_ready_follows_the_checks),
		ROW(test_metrics_of_every_type),
		ROW(test_buckets_are_cumulative),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
