/*
 * Protects the sender of outgoing webhooks: what nobody took for a day is dead, what is older than
 * it may be is deleted, an endpoint of a process that died is taken over and never before, and a
 * private address gets nothing.
 */
#include "unit/platform/fixture.h"

#include "http/http_client.h"
#include "platform/webhook_sender.h"

#include <string.h>

static const int64_t start_us = 1800000000000000;
#define START "1800000000000000"

struct fixture {
	struct base base;
	struct http_client *client;
	struct webhook_sender *sender;
};

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	struct webhook_sender_conf conf = {
		.timeout_ms = 1000,
		.keep_s = 30 * 86400,
		.policy = {.first_retry_ms = 1000,
			   .retry_s = 86400,
			   .pause_failures = 3,
			   .pause_s = 0},
	};

	clock_fake_wall_us(start_us);
	base_open(&f->base, loop_new());
	f->client = http_client_new(f->base.loop);
	conf.loop = f->base.loop;
	conf.db = f->base.db;
	conf.client = f->client;
	f->sender = webhook_sender_new(&conf);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_unref(f->sender);
	mem_unref(f->client);
	base_close(&f->base);
	mem_free(f);
	clock_fake_wall_us(-1);
	return 0;
}

/* lease: SQL of owner and end. */
static void endpoint(struct fixture *f, const char *lease)
{
	auto_free char *sql = mem_printf(
		"INSERT INTO webhook_endpoint (tenant_id, id, url, description, events, secret, "
		"previous_until, max_concurrency, state, paused_at, failures, failing_since, "
		"last_success_at, last_failure_at, not_before, created_at, updated_at, "
		"lease_owner, lease_until) VALUES ('default', 'e', 'http://127.0.0.1:9/', '', "
		"' * ', 's', 0, 4, 'active', 0, 0, 0, 0, 0, 0, 0, 0, %s)",
		lease);

	base_sql(&f->base, sql);
}

static void delivery(struct fixture *f, const char *id, const char *state, int64_t age_s)
{
	auto_free char *sql = mem_printf(
		"INSERT INTO webhook_delivery (tenant_id, endpoint_id, event_id, event_type, "
		"event_at, data, state, attempts, tries, queued_at, next_at, finished_at, "
		"last_status) VALUES ('default', 'e', '%s', 'call.created', %lld, '{}', '%s', 0, "
		"0, %lld, 0, 0, 0)",
		id, (long long)(start_us - age_s * 1000000), state,
		(long long)(start_us - age_s * 1000000));

	base_sql(&f->base, sql);
}

/* Until the query answers text; at most ten seconds of real time. */
static void wait_for(struct fixture *f, const char *query, const char *text)
{
	int64_t until = clock_mono_us() + 10 * 1000000;

	while (clock_mono_us() < until && strcmp(base_sql(&f->base, query).text, text) != 0)
		loop_run_once(f->base.loop, 20);
	assert_string_equal(text, base_sql(&f->base, query).text);
}

static void what_waited_for_a_day_is_dead(void **state)
{
	struct fixture *f = *state;

	endpoint(f, "'other', " START " + 60000000");
	delivery(f, "old", "pending", 86401);
	delivery(f, "young", "pending", 86399);
	webhook_sender_start(f->sender);
	wait_for(f, "SELECT state FROM webhook_delivery WHERE event_id = 'old'", "dead");
	wait_for(f, "SELECT state FROM webhook_delivery WHERE event_id = 'young'", "pending");
}

static void what_is_too_old_is_deleted_unless_it_waits(void **state)
{
	struct fixture *f = *state;

	endpoint(f, "'other', " START " + 60000000");
	delivery(f, "a", "delivered", 31 * 86400);
	delivery(f, "b", "delivered", 29 * 86400);
	delivery(f, "c", "dead", 31 * 86400);
	webhook_sender_start(f->sender);
	wait_for(f, "SELECT CAST(count(*) AS TEXT) FROM webhook_delivery", "1");
	wait_for(f, "SELECT event_id FROM webhook_delivery", "b");
}

static void an_endpoint_is_taken_over_once_its_lease_has_passed(void **state)
{
	struct fixture *f = *state;

	endpoint(f, "'dead', " START " + 5000000");
	delivery(f, "a", "pending", 1);
	webhook_sender_start(f->sender);
	for (int i = 0; i < 10; i++) {
		webhook_sender_wake(f->sender);
		loop_run_once(f->base.loop, 10);
		base_sql(&f->base, "SELECT 1");
	}
	assert_int_equal(0, base_int(&f->base, "SELECT count(*) FROM webhook_attempt"));
	clock_fake_wall_us(start_us + 5000000);
	webhook_sender_wake(f->sender);
	wait_for(f, "SELECT CAST(count(*) AS TEXT) FROM webhook_attempt", "1");
	/* Nobody allowed this address, so that nothing was asked. */
	assert_string_equal("the URL leads to a private address",
			    base_sql(&f->base, "SELECT error FROM webhook_attempt").text);
	wait_for(f, "SELECT coalesce(lease_owner, '') FROM webhook_endpoint", "");
}

static void failures_in_a_row_pause_the_endpoint_and_are_told(void **state)
{
	struct fixture *f = *state;

	endpoint(f, "NULL, 0");
	delivery(f, "a", "pending", 3);
	delivery(f, "b", "pending", 2);
	delivery(f, "c", "pending", 1);
	webhook_sender_start(f->sender);
	wait_for(f, "SELECT pause_reason FROM webhook_endpoint", "failing");
	assert_int_equal(1, base_int(&f->base, "SELECT count(*) FROM call_event "
					       "WHERE type = 'webhook.paused'"));
	assert_int_equal(3, base_int(&f->base, "SELECT count(*) FROM webhook_attempt"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_waited_for_a_day_is_dead, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_too_old_is_deleted_unless_it_waits, setup,
						teardown),
		cmocka_unit_test_setup_teardown(an_endpoint_is_taken_over_once_its_lease_has_passed,
						setup, teardown),
		cmocka_unit_test_setup_teardown(failures_in_a_row_pause_the_endpoint_and_are_told,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
