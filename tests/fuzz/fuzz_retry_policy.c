/* retry_policy_parse() of any JSON: what it accepts is within its bounds and says when to go on. */
#include "core/json.h"
#include "platform/retry_policy.h"

#include <stdint.h>
#include <stdlib.h>

static void check(const struct retry_policy *policy)
{
	if (policy->max_attempts < 1 || policy->max_attempts > RETRY_MAX_ATTEMPTS ||
	    policy->delay_count < 1 || policy->delay_count > RETRY_MAX_ATTEMPTS ||
	    (!policy->on_no_answer && !policy->on_busy))
		abort();
	for (size_t i = 0; i < policy->delay_count; i++)
		if (policy->delays_s[i] < 1 || policy->delays_s[i] > RETRY_MAX_DELAY_S)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_json json_t *json = NULL;
	struct retry_policy policy;
	char fault[RETRY_FAULT_SIZE] = "";

	if (json_parse(&json, (const char *)data, size, NULL))
		return 0;
	if (!retry_policy_parse(&policy, json, fault))
		check(&policy);
	else if (!*fault)
		abort();
	return 0;
}
