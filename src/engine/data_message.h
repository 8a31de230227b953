/* Data messages: what clients may tell a call, and what the call tells them (JSON, "type" first).
 */
#pragma once

#include "core/json.h"

#include <stdbool.h>
#include <stdint.h>

enum data_message_type {
	DATA_PING,
	DATA_USER_TEXT,
	DATA_FORCED_AGENT,
	DATA_HANG_UP,
	DATA_SET_OUTPUT_MEDIUM,
	DATA_TOOL_RESULT,
};

enum data_urgency { URGENCY_IMMEDIATE, URGENCY_SOON, URGENCY_LATER };

enum { DATA_MESSAGE_MAX_TEXT = 4000 };

/* A client's message, checked. Strings are those of the JSON it came from. */
struct data_message {
	enum data_message_type type;
	double timestamp; /* ping */
	const char *text; /* text, content, message, or result; "" when none */
	enum data_urgency urgency;
	bool uninterruptible;
	bool text_medium;          /* set_output_medium: text */
	const char *invocation_id; /* tool result */
	bool failed;               /* tool result: errorType was set */
	bool hang_up;              /* tool result: responseType hang-up */
};

/*
 * Returns 0; -ENOENT for a type unknown here (to be ignored on sockets); -EINVAL with error (room
 * for 160) naming the field.
 */
int data_message_parse(struct data_message *ret_message, const json_t *json, char error[160]);

/* Owned by the caller. */
json_t *data_message_new(const char *type);
