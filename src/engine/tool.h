/* Tools a language model may use: the API's SelectedTool objects, HTTP tools and the built-in
 * hangUp. */
#pragma once

#include "core/json.h"

#include <stdbool.h>
#include <stdint.h>

struct http_client;
struct tool_call;

/*
 * The tools as an OpenAI-compatible server wants them ("tools" of a request). selected may be NULL.
 * Returns 0 with *ret_tools (owned by the caller; NULL when there are none), or -EINVAL with error
 * (room for 256).
 */
int tool_describe(json_t **ret_tools, const json_t *selected, char error[256]);

enum tool_kind {
	TOOL_UNKNOWN,
	TOOL_HANG_UP,         /* built in */
	TOOL_HTTP,            /* see tool_call_new() */
	TOOL_CLIENT,          /* run by the client on the line */
	TOOL_DATA_CONNECTION, /* run by the owner of the data connection */
};
enum tool_kind tool_kind(const json_t *selected, const char *name);

/* How long a result may take. */
uint32_t tool_timeout_ms(const json_t *selected, const char *name);

/* What automatic parameters are filled from; borrowed during tool_call_new(). */
struct tool_context {
	const char *call_id;
	const json_t *history;  /* messages so far */
	const json_t *metadata; /* may be NULL */
};

/*
 * The parameters of a tool that somebody else runs: the model's arguments, overridden, static and
 * automatic ones. Owned by the caller.
 */
json_t *tool_parameters(const json_t *selected, const char *name, const json_t *arguments,
			const struct tool_context *context);

/* Once. text: what to tell the model, failures included. */
typedef void tool_done_h(const char *text, bool hang_up, void *arg);

/*
 * Call one over HTTP. ret_call: owned by the caller; releasing it cancels. Returns 0; -ENOENT no
 * tool of that name; -EINVAL its URL cannot be made from these arguments.
 */
int tool_call_new(struct tool_call **ret_call, struct http_client *client, const json_t *selected,
		  const char *name, const json_t *arguments, const struct tool_context *context,
		  tool_done_h *doneh, void *arg);
