/*
 * What pods tell each other about live events, on one channel of state/: a line of words, and the
 * data behind it.
 *
 *	R SEQ AT TENANT CALL TYPE\nDATA		a committed row of call_event
 *	E AT TENANT CALL TYPE\nDATA		an event that is stored nowhere
 *	N SEQ\n					a row too long to be told: look it up
 *
 * TENANT and CALL may be "-": everybody, no call.
 */
#pragma once

#include "core/buf.h"
#include "core/uuid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LIVE_MAX_TYPE = 64 };

enum live_message_kind { LIVE_MESSAGE_ROW, LIVE_MESSAGE_EVENT, LIVE_MESSAGE_NOTE };

struct live_message {
	enum live_message_kind kind;
	int64_t seq; /* above 0, below 2^33; not of an event */
	int64_t at;
	char tenant_id[UUID_SIZE]; /* "" for everybody */
	char call_id[UUID_SIZE];   /* "" when about no call */
	char type[LIVE_MAX_TYPE];
	const char *data; /* in the text; the text of a JSON value, if the sender is one of us */
};

void live_message_write(struct buf *out, const struct live_message *message);

/* text is NUL-terminated at len. Returns 0 or -EBADMSG. */
int live_message_parse(struct live_message *ret_message, const char *text, size_t len);
