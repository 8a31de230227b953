#include "platform/agent.h"

#include "core/mem.h"
#include "core/str.h"
#include "platform/agent_variable.h"
#include "platform/retry_policy.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_TOOL_TEXT = 16 * 1024, MAX_RETRY_TEXT = 4 * 1024 };

#define FLOW_PREFIX     "flow/"
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

bool agent_name_is_valid(const char *name)
{
	size_t len = strlen(name);

	return len && len < AGENT_NAME_SIZE && strspn(name, NAME_CHARACTERS) == len;
}

/* Letters, then subtags of 1 to 8 letters and digits. */
bool agent_language_is_valid(const char *tag)
{
	size_t len = strspn(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

	if (len < 2 || len > 3)
		return false;
	for (tag += len; *tag; tag += len) {
		if (*tag++ != '-')
			return false;
		for (len = 0; isalnum((unsigned char)tag[len]); len++)
			;
		if (len < 1 || len > 8)
			return false;
	}
	return true;
}

static int complain(struct agent_fault *fault, const char *field, const char *reason, ...)
	__attribute__((format(printf, 3, 4)));
static int complain(struct agent_fault *fault, const char *field, const char *reason, ...)
{
	va_list ap;

	str_copy(fault->field, sizeof(fault->field), field);
	va_start(ap, reason);
	vsnprintf(fault->reason, sizeof(fault->reason), reason, ap);
	va_end(ap);
	return -EINVAL;
}

/* ---- shape ---- */

/* NULL where it is absent or null, which say the same. */
static const json_t *member(const json_t *config, const char *field)
{
	const json_t *value = json_object_get(config, field);

	return json_is_null(value) ? NULL : value;
}

static int take_text(const char **ret_text, const json_t *config, const char *field, size_t most,
		     struct agent_fault *fault)
{
	const json_t *value = member(config, field);

	*ret_text = "";
	if (!value)
		return 0;
	if (!json_is_string(value))
		return complain(fault, field, "must be a string");
	if (json_string_length(value) > most)
		return complain(fault, field, "must have at most %zu bytes", most);
	*ret_text = json_string_value(value);
	return 0;
}

static int take_number(double *ret_number, const json_t *config, const char *field, double least,
		       double most, bool whole, struct agent_fault *fault)
{
	const json_t *value = member(config, field);
	double number;

	if (!value)
		return 0;
	number = json_number_value(value);
	if (!json_is_number(value) || number < least || number > most ||
	    (whole && !json_is_integer(value)))
		return complain(fault, field, "must be a %snumber from %g to %g",
				whole ? "whole " : "", least, most);
	*ret_number = number;
	return 0;
}

static int check_fields(const json_t *config, struct agent_fault *fault)
{
	static const char *const known[] = {"description",   "model",       "flow",
					    "voice",         "language",    "system_prompt",
					    "first_message", "temperature", "max_duration_seconds",
					    "recording",     "tools",       "retry",
					    "variables"};
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)config, key, value)
	{
		bool found = false;

		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			found |= str_equal(key, known[i]);
		if (!found)
			return complain(fault, key, "there is no such field");
	}
	return 0;
}

static int take_recording(struct agent *agent, struct agent_fault *fault)
{
	const json_t *value = member(agent->config, "recording");

	if (!value)
		return 0;
	if (!json_is_boolean(value))
		return complain(fault, "recording", "must be true, false or null");
	agent->recording = json_is_true(value) ? AGENT_RECORD_ON : AGENT_RECORD_OFF;
	return 0;
}

static bool is_short(const json_t *value, size_t most)
{
	auto_free char *text = json_text(value);

	return strlen(text) <= most;
}

static int take_tools(struct agent *agent, struct agent_fault *fault)
{
	static const char *const kinds[] = {"toolId", "toolName", "temporaryTool"};
	const json_t *tools = member(agent->config, "tools");
	char field[32];
	size_t i;
	json_t *tool;

	if (!tools)
		return 0;
	if (!json_is_array(tools) || json_array_size(tools) > AGENT_MAX_TOOLS)
		return complain(fault, "tools", "must be an array of at most %d tools",
				AGENT_MAX_TOOLS);
	json_array_foreach((json_t *)tools, i, tool)
	{
		size_t given = 0;

		snprintf(field, sizeof(field), "tools.%zu", i);
		for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
			given += member(tool, kinds[k]) != NULL;
		if (!json_is_object(tool) || given != 1)
			return complain(fault, field,
					"must be an object with one of toolId, toolName and "
					"temporaryTool");
		if (!is_short(tool, MAX_TOOL_TEXT))
			return complain(fault, field, "must have at most %d bytes", MAX_TOOL_TEXT);
	}
	agent->tools = tools;
	return 0;
}

static int take_retry(struct agent *agent, struct agent_fault *fault)
{
	const json_t *retry = member(agent->config, "retry");
	struct retry_policy policy;
	char what[RETRY_FAULT_SIZE];

	if (!retry)
		return 0;
	if (!json_is_object(retry) || !is_short(retry, MAX_RETRY_TEXT))
		return complain(fault, "retry", "must be an object of at most %d bytes",
				MAX_RETRY_TEXT);
	if (retry_policy_parse(&policy, retry, what))
		return complain(fault, "retry", "%s", what);
	agent->retry = retry;
	return 0;
}

static int take_model(struct agent *agent, struct agent_fault *fault)
{
	const char *flow;
	int err = take_text(&agent->model, agent->config, "model", 128, fault);

	if (!err)
		err = take_text(&flow, agent->config, "flow", AGENT_NAME_SIZE - 1, fault);
	if (err || !*flow)
		return err;
	if (*agent->model)
		return complain(fault, "flow", "excludes model: give one of them");
	if (!agent_name_is_valid(flow))
		return complain(fault, "flow", "must be letters, digits, '-' and '_'");
	agent->flow_model = mem_printf(FLOW_PREFIX "%s", flow);
	agent->model = agent->flow_model;
	return 0;
}

static int parse(struct agent *agent, struct agent_fault *fault)
{
	const json_t *config = agent->config;
	double seconds = 0;

	agent->temperature = NAN;
	if (!json_is_object(config))
		return complain(fault, "", "must be a JSON object");
	if (check_fields(config, fault) || take_model(agent, fault) ||
	    take_text(&agent->description, config, "description", 1024, fault) ||
	    take_text(&agent->voice, config, "voice", 64, fault) ||
	    take_text(&agent->language, config, "language", 16, fault) ||
	    take_text(&agent->system_prompt, config, "system_prompt", AGENT_MAX_PROMPT, fault) ||
	    take_text(&agent->first_message, config, "first_message", AGENT_MAX_MESSAGE, fault) ||
	    take_number(&agent->temperature, config, "temperature", 0, 1, false, fault) ||
	    take_number(&seconds, config, "max_duration_seconds", 10, 14400, true, fault) ||
	    take_recording(agent, fault) || take_tools(agent, fault) || take_retry(agent, fault))
		return -EINVAL;
	if (*agent->language && !agent_language_is_valid(agent->language))
		return complain(fault, "language", "must be a BCP 47 tag, such as en-US");
	agent->max_duration_s = (int64_t)seconds;
	agent->variables = member(config, "variables");
	return agent->variables ? agent_variables_check(agent->variables, fault) : 0;
}

static void agent_destroy(void *data)
{
	struct agent *agent = data;

	json_decref(agent->config);
	mem_free(agent->flow_model);
}

int agent_parse(struct agent **ret_agent, const char *name, int64_t version, json_t *config,
		struct agent_fault *fault)
{
	struct agent *agent = mem_new(sizeof(*agent), agent_destroy);

	str_copy(agent->name, sizeof(agent->name), name);
	agent->version = version;
	agent->config = json_incref(config);
	if (parse(agent, fault)) {
		mem_unref(agent);
		return -EINVAL;
	}
	*ret_agent = agent;
	return 0;
}

/* ---- fit for calls ---- */

static int check_flow(const struct agent *agent, const char *flows_dir, struct agent_fault *fault)
{
	const char *field = agent->flow_model ? "flow" : "model";
	const char *flow = agent->model + strlen(FLOW_PREFIX);
	auto_free char *path = NULL;

	if (!agent_name_is_valid(flow))
		return complain(fault, field, "there is no flow of that name");
	if (!flows_dir)
		return 0;
	path = mem_printf("%s/%s.json", flows_dir, flow);
	return access(path, R_OK) ? complain(fault, field, "there is no flow \"%s\"", flow) : 0;
}

int agent_check(const struct agent *agent, const char *flows_dir, struct agent_fault *fault)
{
	if (!*agent->model)
		return complain(fault, "model", "is required");
	if (str_has_prefix(agent->model, FLOW_PREFIX) && check_flow(agent, flows_dir, fault))
		return -EINVAL;
	return agent_texts_check(agent, fault);
}

bool agent_records(const struct agent *agent, bool record_calls)
{
	return agent->recording == AGENT_RECORD_DEFAULT ? record_calls
							: agent->recording == AGENT_RECORD_ON;
}
