/*
 * Protects the patience of outgoing webhooks: later and later for a day, never longer than the
 * receiver asks for within reason, an endpoint that is down is left alone, one that stays down is
 * paused.
 */
#include "unit/check.h"

#include "core/mem.h"
#include "platform/webhook_policy.h"

static const int64_t second = 1000000;
static const int64_t now = 1800000000000000;
static const struct webhook_policy policy = {
	.first_retry_ms = 5000, .retry_s = 86400, .pause_failures = 20, .pause_s = 43200};

static struct webhook_verdict judge(struct webhook_try attempt)
{
	attempt.now = now;
	if (!attempt.queued_at)
		attempt.queued_at = now;
	return webhook_judge(&policy, &attempt);
}

static void only_2xx_is_delivered(void **state)
{
	static const int delivered[] = {200, 201, 202, 204, 299};
	static const int not_delivered[] = {0,   199, 300, 301, 302, 307,
					    400, 401, 404, 410, 429, 500};

	for (size_t i = 0; i < ARRAY_LEN(delivered); i++)
		assert_int_equal(WEBHOOK_DELIVERED,
				 judge((struct webhook_try){.status = delivered[i]}).outcome);
	for (size_t i = 0; i < ARRAY_LEN(not_delivered); i++) {
		struct webhook_verdict verdict =
			judge((struct webhook_try){.status = not_delivered[i]});

		assert_int_equal(WEBHOOK_RETRY, verdict.outcome);
		assert_int_equal(not_delivered[i] == 410, verdict.gone);
	}
}

/* Seconds until the next try, at the middle of the jitter's range and at its ends. */
static void delays_double_up_to_an_hour_with_jitter(void **state)
{
	static const struct {
		int64_t tries;
		int64_t s;
	} rows[] = {{0, 5}, {1, 10}, {2, 20}, {6, 320}, {9, 2560}, {10, 3600}, {60, 3600}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t ms = rows[i].s * 1000;
		struct webhook_verdict least = judge((struct webhook_try){.tries = rows[i].tries});
		struct webhook_verdict most = judge(
			(struct webhook_try){.tries = rows[i].tries, .random = (uint64_t)ms / 2});

		assert_int_equal(ms * 1000 * 3 / 4, least.next_at - now);
		assert_int_equal(ms * 1000 * 5 / 4, most.next_at - now);
	}
}

static void a_day_later_it_is_dead(void **state)
{
	struct webhook_try attempt = {.tries = 30, .queued_at = now - 86400 * second};
	struct webhook_verdict verdict = judge(attempt);

	assert_int_equal(WEBHOOK_DEAD, verdict.outcome);
	assert_int_equal(0, verdict.next_at);
	attempt.queued_at += 3600 * second;
	assert_int_equal(WEBHOOK_RETRY, judge(attempt).outcome);
}

static void retry_after_is_honoured_within_bounds(void **state)
{
	struct webhook_verdict verdict =
		judge((struct webhook_try){.status = 503, .retry_after_ms = 60000});

	assert_int_equal(60 * second, verdict.next_at - now);
	assert_int_equal(60 * second, verdict.not_before - now);
	verdict = judge((struct webhook_try){.status = 503, .retry_after_ms = 86400000});
	assert_int_equal(3600 * second, verdict.next_at - now);
	verdict = judge((struct webhook_try){.status = 503, .retry_after_ms = 1});
	assert_true(verdict.next_at - now >= 3 * second);
}

static void an_endpoint_that_fails_in_a_row_is_left_alone(void **state)
{
	assert_int_equal(0, judge((struct webhook_try){.failures = 1}).not_before);
	assert_int_equal(5 * second * 3 / 4,
			 judge((struct webhook_try){.failures = 2}).not_before - now);
	assert_int_equal(300 * second * 3 / 4,
			 judge((struct webhook_try){.failures = 500}).not_before - now);
}

static void it_is_paused_after_so_many_failures_and_so_long(void **state)
{
	int64_t long_ago = now - 43200 * second;

	assert_true(webhook_must_pause(&policy, 20, long_ago, now));
	assert_false(webhook_must_pause(&policy, 19, long_ago, now));
	assert_false(webhook_must_pause(&policy, 20, long_ago + second, now));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_2xx_is_delivered),
		cmocka_unit_test(delays_double_up_to_an_hour_with_jitter),
		cmocka_unit_test(a_day_later_it_is_dead),
		cmocka_unit_test(retry_after_is_honoured_within_bounds),
		cmocka_unit_test(an_endpoint_that_fails_in_a_row_is_left_alone),
		cmocka_unit_test(it_is_paused_after_so_many_failures_and_so_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
