/*
 * The data connection of a call: a WebSocket we dial, signed, on which the call tells its owner
 * what happens and takes instructions. It is dialled again when it breaks, a few times; what was to
 * be said meanwhile is kept, up to a bound.
 */
#pragma once

#include "core/json.h"

#include <stdbool.h>

struct data_link;
struct loop;

enum { DATA_LINK_MAX_DIALS = 6, DATA_LINK_MAX_QUEUE = 512 };

struct data_link_conf {
	const char *call_id;
	const json_t *config;  /* the request's dataConnection object */
	const json_t *secrets; /* array of strings; NULL: unsigned */
	uint32_t retry_ms;     /* before the second dial, doubling after; 0 means 500 */
};

/* A client's message, a JSON object. */
typedef void data_link_message_h(const json_t *message, void *arg);

/* Starts dialling. Owned by the caller; releasing it closes. Returns 0 or -EINVAL for a bad URL. */
int data_link_new(struct data_link **ret_link, struct loop *loop, const struct data_link_conf *conf,
		  data_link_message_h *messageh, void *arg);

/* NULL link is fine. Kept for later when there is no connection just now. */
void data_link_send(struct data_link *link, const json_t *message);

/* Whether the config's dataMessages wants this type of message. */
bool data_message_enabled(const json_t *data_messages, const char *type, bool is_link);

/* Say goodbye: what is queued goes out (for 5 s at most), then the connection closes. */
void data_link_close(struct data_link *link);
