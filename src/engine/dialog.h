/*
 * What to say next. A dialogue hears the caller's finished turns and answers with text, sentence by
 * sentence; it knows nothing of audio. Backends: dialog_flow (a JSON file of states), dialog_llm
 * (an OpenAI-compatible server). Belongs to the loop.
 */
#pragma once

#include "core/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dialog;
struct http_client;
struct log;
struct loop;

struct dialog_handlers {
	/* A piece of the agent's turn; cut at sentence ends, in order. */
	void (*sayh)(const char *text, void *arg);
	/* The agent's turn is complete: whatever was to be said has been. hang_up: end the call
	 * after it. */
	void (*turnh)(bool hang_up, const char *reason, void *arg);
	/* Listen to this from now on: a JSGF grammar, or NULL for the language model. */
	void (*listenh)(const char *jsgf, void *arg);
	/* A tool was called or answered, for the call's messages. result is NULL at the call. May
	 * be NULL. */
	void (*toolh)(const char *name, const char *invocation_id, const json_t *arguments,
		      const char *result, void *arg);
	/* A tool that the call's owner runs (over the data connection) or its client (on the line):
	   the result comes back through tool_result(). May be NULL: there is nobody to run it. */
	void (*invokeh)(const char *name, const char *invocation_id, const json_t *parameters,
			bool by_client, void *arg);
};

struct dialog_conf {
	const char *model;         /* "flow/NAME", or a model name for the LLM server */
	const char *system_prompt; /* may be NULL */
	double temperature;
	const char *language;           /* BCP 47; NULL means en-US */
	const json_t *initial_messages; /* Ultravox Message objects; may be NULL */
	const json_t *tools;            /* Ultravox SelectedTool objects; may be NULL */
	const char *call_id;
	const json_t *metadata; /* object of strings; may be NULL */
	int64_t now_us;         /* what "tomorrow" is counted from; UTC */
	int32_t utc_offset_s;   /* of the place the flow speaks for */
};

struct dialog_input {
	const char *text;
	double confidence;
	bool in_grammar;
	bool is_digits; /* text is telephone keys, "1234#" */
};

/* First member of every backend's own struct. */
struct dialog_ops {
	const char *name;
	/* It has to greet before it can hear: whatever a caller says first opens the conversation.
	 */
	bool opens;
	/* The agent begins. text, when not NULL, is said as it stands instead of the backend's own
	 * greeting. */
	void (*greet)(struct dialog *dialog, const char *text);
	/* The caller has said something; turnh follows, exactly once. */
	void (*hear)(struct dialog *dialog, const struct dialog_input *input);
	/* Nobody said anything for a while after the agent's turn. May answer with nothing but
	 * turnh. */
	void (*silence)(struct dialog *dialog);
	/* The agent's turn was cut off: heard is what the caller heard of it. Stops a turn under
	   way without turnh. */
	void (*interrupt)(struct dialog *dialog, const char *heard);
	/* What came of a tool that was given out by invokeh. NULL: there are none. */
	void (*tool_result)(struct dialog *dialog, const char *invocation_id, const char *text,
			    bool hang_up);
	/* Somebody else had the agent say this, and it was heard. NULL: it does not matter. */
	void (*said)(struct dialog *dialog, const char *heard);
	/* What whoever watches over the call wants, not the caller; heeded in the next turn. NULL:
	   it comes with the caller's next words, in <instruction> tags. */
	void (*instruct)(struct dialog *dialog, const char *text);
	/* Where the dialogue stands, for the record: {"goal_reached":bool,"slots":{..},"state":..}.
	 */
	json_t *(*outcome)(const struct dialog *dialog);
};

struct dialog {
	const struct dialog_ops *ops;
	struct loop *loop;
	struct dialog_handlers handlers;
	void *arg;
};

/* Owned by the caller; releasing it cancels whatever is under way. error has room for 256. */
int dialog_flow_new(struct dialog **ret_dialog, struct loop *loop, const char *flow_dir,
		    const struct dialog_conf *conf, const struct dialog_handlers *handlers,
		    void *arg, char error[256]);
int dialog_llm_new(struct dialog **ret_dialog, struct loop *loop, struct http_client *client,
		   const char *api_url, const char *api_key, const struct dialog_conf *conf,
		   const struct dialog_handlers *handlers, void *arg, char error[256]);
