#include "engine/data_message.h"

#include "core/mem.h"
#include "core/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	enum data_message_type type;
	const char *text_field;
	enum data_urgency urgency; /* default */
} kinds[] = {
	{"ping", DATA_PING, NULL, URGENCY_SOON},
	{"user_text_message", DATA_USER_TEXT, "text", URGENCY_SOON},
	{"input_text_message", DATA_USER_TEXT, "text", URGENCY_SOON},
	{"forced_agent_message", DATA_FORCED_AGENT, "content", URGENCY_IMMEDIATE},
	{"hang_up", DATA_HANG_UP, "message", URGENCY_IMMEDIATE},
	{"set_output_medium", DATA_SET_OUTPUT_MEDIUM, NULL, URGENCY_SOON},
	{"data_connection_tool_result", DATA_TOOL_RESULT, "result", URGENCY_SOON},
	{"client_tool_result", DATA_TOOL_RESULT, "result", URGENCY_SOON},
};

static int refuse(char error[160], const char *field, const char *why)
{
	snprintf(error, 160, "%s: %s", field, why);
	return -EINVAL;
}

static int read_text(struct data_message *message, const json_t *json, const char *field,
		     char error[160])
{
	const json_t *value = json_object_get(json, field);

	message->text = "";
	if (!value || json_is_null(value))
		return 0;
	if (!json_is_string(value))
		return refuse(error, field, "Not a valid string.");
	message->text = json_string_value(value);
	if (strlen(message->text) > DATA_MESSAGE_MAX_TEXT)
		return refuse(error, field, "Longer than 4000 bytes.");
	return 0;
}

static int read_urgency(struct data_message *message, const json_t *json, char error[160])
{
	static const char *const names[] = {"immediate", "soon", "later"};
	const char *urgency = json_get_str(json, "urgency", NULL);

	if (!urgency)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (str_equal(urgency, names[i])) {
			message->urgency = (enum data_urgency)i;
			return 0;
		}
	}
	return refuse(error, "urgency", "Must be immediate, soon or later.");
}

static int read_rest(struct data_message *message, const json_t *json, char error[160])
{
	const char *medium = json_get_str(json, "medium", "");

	switch (message->type) {
	case DATA_PING:
		message->timestamp = json_get_number(json, "timestamp", 0);
		return 0;
	case DATA_SET_OUTPUT_MEDIUM:
		message->text_medium = str_equal(medium, "text");
		if (!message->text_medium && !str_equal(medium, "voice"))
			return refuse(error, "medium", "Must be voice or text.");
		return 0;
	case DATA_TOOL_RESULT:
		message->invocation_id = json_get_str(json, "invocationId", "");
		if (!*message->invocation_id)
			return refuse(error, "invocationId", "This field is required.");
		message->failed = json_get_str(json, "errorType", NULL) != NULL;
		message->hang_up = str_equal(json_get_str(json, "responseType", ""), "hang-up");
		return 0;
	case DATA_USER_TEXT:
		if (!*message->text)
			return refuse(error, "text", "This field is required.");
		return read_urgency(message, json, error);
	case DATA_FORCED_AGENT:
		if (!*message->text)
			return refuse(error, "content", "This field is required.");
		if (json_array_size(json_object_get(json, "toolCalls")) > 0)
			return refuse(error, "toolCalls", "Not offered by this engine.");
		if (json_array_size(json_object_get(json, "knownToolResults")) > 0)
			return refuse(error, "knownToolResults", "Not offered by this engine.");
		message->uninterruptible = json_get_bool(json, "uninterruptible", false);
		return read_urgency(message, json, error);
	case DATA_HANG_UP:
		return 0;
	}
	return -ENOENT;
}

int data_message_parse(struct data_message *ret_message, const json_t *json, char error[160])
{
	const char *type = json_get_str(json, "type", NULL);

	error[0] = '\0';
	if (!type)
		return refuse(error, "type", "This field is required.");
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct data_message message = {
			.type = kinds[i].type, .urgency = kinds[i].urgency, .text = ""};
		int err = 0;

		if (!str_equal(type, kinds[i].name))
			continue;
		if (kinds[i].text_field)
			err = read_text(&message, json, kinds[i].text_field, error);
		if (!err)
			err = read_rest(&message, json, error);
		if (!err)
			*ret_message = message;
		return err;
	}
	refuse(error, "type", "Unknown data message.");
	return -ENOENT;
}

json_t *data_message_new(const char *type)
{
	json_t *json = json_object();

	json_set_str(json, "type", type);
	return json;
}
