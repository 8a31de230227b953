/*
 * A call as the API sees it: created, joined over its medium, ended; its Call object, its messages
 * and what has to be told to whom. A talk outlives its conversation: finished ones stay readable,
 * also across restarts (journal.h).
 */
#pragma once

#include "core/json.h"
#include "core/log.h"
#include "core/uuid.h"
#include "engine/line.h"

#include <stdbool.h>
#include <stdint.h>

struct conversation;
struct data_link;
struct data_message;
struct dialog;
struct engine;
struct loop;
struct talk_store;
struct tape;
struct timer;
struct voicebox;

enum talk_state { TALK_CREATED, TALK_JOINED, TALK_ENDED };

enum { TALK_TOKEN_LEN = 32 };

struct talk {
	struct loop *loop;
	struct log log;
	char call_id[UUID_SIZE];
	enum talk_state state;
	int64_t created_us, joined_us, ended_us;
	json_t *call;                   /* the Call object */
	json_t *messages;               /* array of Message objects */
	json_t *secrets;                /* {"callbacks":{..},"sharedSecrets":[..]}: never shown */
	json_t *request;                /* what was asked for, for priorCallId */
	char token[TALK_TOKEN_LEN + 1]; /* of the joinUrl; "" once used */

	/* only while it lives */
	struct conversation *conversation;
	struct dialog *dialog;
	struct line *line;
	struct data_link *link;
	struct tape *tape;
	char *tape_path; /* NULL: not recorded */
	struct work_pool *pool;
	struct safe *safe;
	struct timer *join_timer;
	struct timer *idle_timer;     /* a line without audio */
	uint32_t idle_ms, idle_audio; /* idle_audio: frames since the timer was started */

	void (*changedh)(struct talk *talk, void *arg);
	void (*grownh)(struct talk *talk, void *arg);
	void *arg;
};

struct talk_conf {
	const struct voicebox *box;
	const char *public_url; /* http(s)://host[:port] under which peers reach us */
	const char *recordings_dir;
	struct safe *safe; /* of recordings; referenced */
	const char *flows_dir;
	const char *llm_api_url, *llm_api_key, *llm_model;
	struct http_client *client;
	struct work_pool *pool;
	/* The talk was created, joined, or has ended; also once for every state. */
	void (*changedh)(struct talk *talk, void *arg);
	/* It has one more message. */
	void (*grownh)(struct talk *talk, void *arg);
	void *arg;
};

/*
 * Create a call from a checked request (call_request.h). ret_talk: owned by the caller. Returns 0,
 * or -EINVAL with *ret_errors, an object of {"field":["what is wrong"]}.
 */
int talk_new(struct talk **ret_talk, struct loop *loop, const struct talk_conf *conf,
	     const json_t *request, json_t **ret_errors);

/* From the store: an ended one as it was; one that was alive when the process died. */
struct talk *talk_restore(struct loop *loop, const json_t *record);

/* Everything to restore it from; owned by the caller. */
json_t *talk_record(const struct talk *talk);

/*
 * The peer of the joinUrl knocks. Returns 0 with the handlers for its socket, or an HTTP status:
 * 404 no such medium or token, 409 joined already, 410 over.
 */
int talk_join(struct talk *talk, const char *medium, const char *token,
	      struct ws_handlers *ret_handlers, void **ret_arg);

/* Instructions from API, line or data connection. */
void talk_command(struct talk *talk, const struct data_message *message);

/* endReason as in the API. Nothing happens when it is over already. */
void talk_end(struct talk *talk, const char *reason);
