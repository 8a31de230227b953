/*
 * What becomes of a webhook delivery, and of its endpoint, after an answer or none. Pure decisions;
 * times are UTC microseconds.
 *
 * A delivery is tried again with back-off until its day is over. An endpoint that fails several
 * times in a row is left alone for a while as a whole, with one delivery as a probe, so that a
 * receiver that is down is neither flooded nor found again late.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct webhook_policy {
	uint32_t first_retry_ms; /* doubles each time, +-25 %, at most an hour */
	uint32_t retry_s;        /* after so long it is dead */
	uint32_t pause_failures; /* so many in a row, */
	uint32_t pause_s;        /* for so long: the endpoint is paused */
};

enum { WEBHOOK_BREAK_FAILURES = 3 };

struct webhook_try {
	int status;              /* of the answer; 0 when there was none */
	uint64_t retry_after_ms; /* what the receiver asks for; 0 for nothing */
	int64_t tries;           /* of this delivery before this one, since it was queued */
	int64_t queued_at;
	int64_t failures; /* of the endpoint in a row, before this one */
	int64_t now;
	uint64_t random;
};

struct webhook_verdict {
	enum { WEBHOOK_DELIVERED, WEBHOOK_RETRY, WEBHOOK_DEAD } outcome;
	bool gone;          /* pause the endpoint at once */
	int64_t next_at;    /* of WEBHOOK_RETRY */
	int64_t not_before; /* leave the endpoint alone until then; 0 when it need not be */
};
struct webhook_verdict webhook_judge(const struct webhook_policy *policy,
				     const struct webhook_try *attempt);

/* failures: with the last one; failing_since: the first of them. */
bool webhook_must_pause(const struct webhook_policy *policy, int64_t failures,
			int64_t failing_since, int64_t now);
