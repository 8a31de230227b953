/*
 * Outgoing webhooks (docs/webhooks.md): what happens is told to the URLs a tenant has named.
 *
 * An event becomes a row of webhook_delivery for every endpoint that wants it, in the transaction
 * that makes it happen; what is not committed was never told, what is committed will be. Here is
 * what is told and how it is signed; webhook_sender.h sends it, webhook_policy.h decides about
 * retries.
 */
#pragma once

#include "core/json.h"
#include "core/uuid.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct batch;
struct buf;
struct db_result;

/* WEBHOOK_EVENT(name, sentence): every event an endpoint can ask for. */
#define WEBHOOK_EVENTS(X)                                                                        \
	X("call.created", "A call was asked for, or came in.")                                   \
	X("call.status", "The status of a call changed; the terminal one comes exactly once.")   \
	X("call.updated", "Something else about a call changed: its outcome, the carrier's id.") \
	X("transcript.final", "A turn of the conversation is complete.")                         \
	X("call.summary", "The summary of a call is there, or failed.")                          \
	X("call.recording", "The recording of a call is there, or failed.")                      \
	X("agent.published", "A draft became the version that calls are made with.")             \
	X("agent.rolled_back", "An earlier version of an agent is published again.")             \
	X("number.imported", "A number of the carrier's account was taken over.")                \
	X("number.assigned", "A number was given an agent, or none any more.")                   \
	X("lead.created", "A visitor of a web site sent a form.")                                \
	X("webhook.paused", "An endpoint was paused because it failed for too long, or is gone.")

/* Sent by the API's test, whatever an endpoint asks for. */
#define WEBHOOK_TEST   "webhook.test"
#define WEBHOOK_PAUSED "webhook.paused"

struct webhook_event_info {
	const char *name;
	const char *sentence;
};
size_t webhook_event_count(void);
const struct webhook_event_info *webhook_event_info(size_t index);

enum {
	WEBHOOK_MAX_ENDPOINTS = 50, /* of one tenant */
	WEBHOOK_MAX_URL = 2048,
	WEBHOOK_MAX_CONCURRENCY = 16,
	WEBHOOK_DEFAULT_CONCURRENCY = 4,
	WEBHOOK_SECRET_SIZE = 6 + 64 + 1, /* "whsec_", 64 hex digits, NUL */
};

struct webhook_event {
	const char *tenant_id;
	const char *type;
	const char *call_id; /* NULL when about no call */
	const char *data;    /* text of a JSON object; lives until batch_run() */
	int64_t at;
	const char *id; /* NULL: a new one; lives as data does */
	/* Not NULL: nobody is told unless this number of the tenant was added at `at`. */
	const char *new_number;
};

/*
 * Add an event to somebody's transaction. Returns the index of its statement, for
 * webhook_was_told(), or WEBHOOK_NOBODY when it is of a type that nobody can ask for: then nothing
 * was added. After the commit, webhook_sender_wake() when somebody is to be told.
 */
enum { WEBHOOK_NOBODY = -1 };
int webhook_tell(struct batch *batch, const struct webhook_event *event);
bool webhook_was_told(struct db_result *const *results, int index);

/*
 * What an endpoint wants, as it is stored: " call.status webhook.* ", from an array of names,
 * groups
 * ("call.*") and "*". Owned by the caller. NULL when it is no such array; then ret_bad (room for
 * 80) says what is wrong with it.
 */
char *webhook_filter(const json_t *events, char ret_bad[80]);
/* The other way: a new array. */
json_t *webhook_filter_view(const char *filter);

void webhook_secret_new(char out[WEBHOOK_SECRET_SIZE]);

/* The body of a delivery; data is the text of a JSON object. */
void webhook_write_body(struct buf *out, const char *event_id, const struct webhook_event *event);

/*
 * Append the value of the signature header: "t=TIMESTAMP,v1=HEX", HMAC-SHA256 of
 * "TIMESTAMP.EVENT_ID.BODY" with the secret's text as key; a second v1 when there is a previous
 * secret.
 */
void webhook_sign(struct buf *out, int64_t timestamp_s, const char *event_id, const char *body,
		  size_t len, const char *secret, const char *previous_secret);
