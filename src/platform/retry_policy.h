/*
 * Whether and when a call that nobody took is made again: the "retry" of a call or an agent,
 *
 *	{"max_attempts": 3,			calls in all, the first one counted; 1..10
 *	 "delay_seconds": 300,			or a list: after the first, the second...; the last
 *goes on "on": ["no_answer", "busy"]}		both when absent
 */
#pragma once

#include "core/json.h"
#include "platform/call.h"

enum { RETRY_MAX_ATTEMPTS = 10, RETRY_MAX_DELAY_S = 7 * 24 * 3600, RETRY_FAULT_SIZE = 96 };

struct retry_policy {
	int64_t max_attempts;
	int64_t delays_s[RETRY_MAX_ATTEMPTS];
	size_t delay_count;
	bool on_no_answer;
	bool on_busy;
};

/* Returns 0, or -EINVAL with what is wrong with which member ("max_attempts must be ..."). */
int retry_policy_parse(struct retry_policy *ret_policy, const json_t *json,
		       char fault[RETRY_FAULT_SIZE]);

/*
 * The call is over: is it to be made again, and after how many seconds? false when it has no
 * policy, its policy does not want it, or somebody had asked for its end.
 */
bool retry_policy_wants(int64_t *ret_delay_s, const struct call *call);
