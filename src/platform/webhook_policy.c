#include "platform/webhook_policy.h"

enum {
	MAX_RETRY_MS = 3600 * 1000,
	MAX_REST_MS = 5 * 60 * 1000,
	GONE = 410,
};

/* exponent: 0 for the first delay. */
static int64_t backoff_ms(const struct webhook_policy *policy, int64_t exponent, int64_t most_ms,
			  uint64_t random)
{
	int64_t delay = policy->first_retry_ms;

	for (int64_t i = 0; i < exponent && delay < most_ms; i++)
		delay *= 2;
	if (delay > most_ms)
		delay = most_ms;
	return delay - delay / 4 + (int64_t)(random % (uint64_t)(delay / 2 + 1));
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t rest_until(const struct webhook_policy *policy, const struct webhook_try *attempt,
			  int64_t retry_after_ms)
{
	int64_t until = 0;

	if (attempt->failures + 1 >= WEBHOOK_BREAK_FAILURES)
		until = attempt->now +
			1000 * backoff_ms(policy, attempt->failures + 1 - WEBHOOK_BREAK_FAILURES,
					  MAX_REST_MS, attempt->random);
	if (retry_after_ms)
		until = later(until, attempt->now + 1000 * retry_after_ms);
	return until;
}

struct webhook_verdict webhook_judge(const struct webhook_policy *policy,
				     const struct webhook_try *attempt)
{
	struct webhook_verdict verdict = {.outcome = WEBHOOK_DELIVERED};
	int64_t retry_after_ms = attempt->retry_after_ms < MAX_RETRY_MS
					 ? (int64_t)attempt->retry_after_ms
					 : MAX_RETRY_MS;
	int64_t delay_ms;

	if (attempt->status >= 200 && attempt->status < 300)
		return verdict;
	delay_ms = later(backoff_ms(policy, attempt->tries, MAX_RETRY_MS, attempt->random),
			 retry_after_ms);
	verdict.outcome = WEBHOOK_RETRY;
	verdict.gone = attempt->status == GONE;
	verdict.next_at = attempt->now + 1000 * delay_ms;
	verdict.not_before = rest_until(policy, attempt, retry_after_ms);
	if (verdict.next_at > attempt->queued_at + policy->retry_s * 1000000ll) {
		verdict.outcome = WEBHOOK_DEAD;
		verdict.next_at = 0;
	}
	return verdict;
}

bool webhook_must_pause(const struct webhook_policy *policy, int64_t failures,
			int64_t failing_since, int64_t now)
{
	return failures >= policy->pause_failures &&
	       now - failing_since >= policy->pause_s * 1000000ll;
}
