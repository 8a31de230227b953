#include "platform/retry_policy.h"

#include "core/mem.h"
#include "core/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int complain(char fault[RETRY_FAULT_SIZE], const char *what)
{
	snprintf(fault, RETRY_FAULT_SIZE, "%s", what);
	return -EINVAL;
}

static int check_fields(const json_t *json, char fault[RETRY_FAULT_SIZE])
{
	static const char *const known[] = {"max_attempts", "delay_seconds", "on"};
	const char *key;
	json_t *value;

	if (!json_is_object(json))
		return complain(fault, "must be an object");
	json_object_foreach((json_t *)json, key, value)
	{
		bool found = false;

		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			found |= str_equal(key, known[i]);
		if (found)
			continue;
		snprintf(fault, RETRY_FAULT_SIZE, "has no member \"%.40s\"", key);
		return -EINVAL;
	}
	return 0;
}

static bool is_delay(const json_t *value)
{
	return json_is_integer(value) && json_integer_value(value) >= 1 &&
	       json_integer_value(value) <= RETRY_MAX_DELAY_S;
}

static int take_delays(struct retry_policy *policy, const json_t *delays,
		       char fault[RETRY_FAULT_SIZE])
{
	static const char what[] = "delay_seconds must be 1 to 604800, or a list of 1 to 10 such";
	size_t index;
	json_t *value;

	if (is_delay(delays)) {
		policy->delays_s[policy->delay_count++] = json_integer_value(delays);
		return 0;
	}
	if (!json_array_size(delays) || json_array_size(delays) > RETRY_MAX_ATTEMPTS)
		return complain(fault, what);
	json_array_foreach((json_t *)delays, index, value)
	{
		if (!is_delay(value))
			return complain(fault, what);
		policy->delays_s[policy->delay_count++] = json_integer_value(value);
	}
	return 0;
}

static int take_on(struct retry_policy *policy, const json_t *on, char fault[RETRY_FAULT_SIZE])
{
	size_t index;
	json_t *value;

	if (!on) {
		policy->on_no_answer = policy->on_busy = true;
		return 0;
	}
	if (!json_array_size(on))
		return complain(fault, "on must be a list of no_answer and busy");
	json_array_foreach((json_t *)on, index, value)
	{
		const char *name = json_string_value(value);

		if (str_equal(name, "no_answer"))
			policy->on_no_answer = true;
		else if (str_equal(name, "busy"))
			policy->on_busy = true;
		else
			return complain(fault, "on must be a list of no_answer and busy");
	}
	return 0;
}

int retry_policy_parse(struct retry_policy *ret_policy, const json_t *json,
		       char fault[RETRY_FAULT_SIZE])
{
	struct retry_policy policy = {0};
	const json_t *most = json_object_get(json, "max_attempts");
	int err = check_fields(json, fault);

	if (err)
		return err;
	policy.max_attempts = json_integer_value(most);
	if (!json_is_integer(most) || policy.max_attempts < 1 ||
	    policy.max_attempts > RETRY_MAX_ATTEMPTS)
		return complain(fault, "max_attempts must be 1 to 10");
	err = take_delays(&policy, json_object_get(json, "delay_seconds"), fault);
	if (!err)
		err = take_on(&policy, json_object_get(json, "on"), fault);
	if (!err)
		*ret_policy = policy;
	return err;
}

bool retry_policy_wants(int64_t *ret_delay_s, const struct call *call)
{
	auto_json json_t *json = NULL;
	struct retry_policy policy;
	char fault[RETRY_FAULT_SIZE];
	size_t index;

	if (!call->retry || str_equal(call->end_hint, CALL_END_API) ||
	    json_parse(&json, call->retry, strlen(call->retry), NULL) ||
	    retry_policy_parse(&policy, json, fault) || call->attempt >= policy.max_attempts)
		return false;
	if (!(call->status == CALL_NO_ANSWER && policy.on_no_answer) &&
	    !(call->status == CALL_BUSY && policy.on_busy))
		return false;
	index = (size_t)call->attempt - 1;
	*ret_delay_s = policy.delays_s[index < policy.delay_count ? index : policy.delay_count - 1];
	return true;
}
