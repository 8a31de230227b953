/*
 * Tables webhook_delivery (an event for an endpoint: pending, delivered or dead) and
 * webhook_attempt (each time it was sent). What was said is sealed, by both sides.
 */
#pragma once

#include "platform/store/batch.h"

struct store_event {
	const char *tenant_id;
	const char *id;
	const char *type;
	const char *call_id; /* or NULL */
	const char *data;    /* JSON text */
	int64_t at;
	const char *traceparent; /* of what happens; or NULL */
	const char *new_number;  /* only when it was added at `at`; or NULL */
};

/*
 * One for every endpoint of the tenant, paused ones too, whose filter is like one of the patterns
 * or has "*". Returns the statement's index; its result says how many were made.
 */
size_t store_delivery_insert(struct batch *batch, const struct store_event *event,
			     const char *pattern, const char *group_pattern);
/* One for this endpoint, whatever its filter says; returns event_id. */
size_t store_delivery_insert_for(struct batch *batch, const struct store_event *event,
				 const char *endpoint_id);

/*
 * What is due, oldest first. Rows: event_id, event_type, event_at, call_id, data, attempts, tries,
 * queued_at, traceparent.
 */
void store_delivery_due(struct batch *batch, const char *tenant_id, const char *endpoint_id,
			int64_t now, int64_t limit);

struct store_attempt {
	const char *tenant_id;
	const char *endpoint_id;
	const char *event_id;
	int64_t attempt;
	int64_t at;
	int64_t took_ms;
	int64_t status;
	const char *error;    /* NULL: it was delivered */
	const char *response; /* or NULL */
	const char *state;    /* of the delivery, from now on */
	int64_t next_at;
};

/* The attempt, and what the delivery is after it. */
void store_delivery_attempted(struct batch *batch, const struct store_attempt *attempt);

/* Everything that waits for the endpoint is due now. */
void store_delivery_hurry(struct batch *batch, const char *tenant_id, const char *endpoint_id,
			  int64_t now);

/* Queued again, with all its tries. Changes one row, or none when it is unknown. */
void store_delivery_replay(struct batch *batch, const char *tenant_id, const char *endpoint_id,
			   const char *event_id, int64_t now);
/* The same for those that happened in [from, to) and are in the state; NULL: in any. */
void store_delivery_replay_range(struct batch *batch, const char *tenant_id,
				 const char *endpoint_id, const char *state, int64_t from,
				 int64_t to, int64_t now);

struct store_delivery_filter {
	const char *tenant_id;
	const char *endpoint_id;
	const char *state; /* NULL: any. So with the others. */
	const char *type;
	const char *call_id;
	int64_t from; /* event_at >= from */
	int64_t to;   /* event_at < to; 0: any */
	int64_t after_at;
	const char *after_id;
	int64_t limit;
};

#define STORE_DELIVERY_COLUMNS                                                           \
	"event_id, event_type, event_at, call_id, state, attempts, queued_at, next_at, " \
	"finished_at, last_status, last_error, data"
enum store_delivery_column {
	STORE_DELIVERY_EVENT_ID,
	STORE_DELIVERY_EVENT_TYPE,
	STORE_DELIVERY_EVENT_AT,
	STORE_DELIVERY_CALL_ID,
	STORE_DELIVERY_STATE,
	STORE_DELIVERY_ATTEMPTS,
	STORE_DELIVERY_QUEUED_AT,
	STORE_DELIVERY_NEXT_AT,
	STORE_DELIVERY_FINISHED_AT,
	STORE_DELIVERY_LAST_STATUS,
	STORE_DELIVERY_LAST_ERROR,
	STORE_DELIVERY_DATA,
};

/* Newest first. */
void store_delivery_list(struct batch *batch, const struct store_delivery_filter *filter);
void store_delivery_select(struct batch *batch, const char *tenant_id, const char *endpoint_id,
			   const char *event_id);
/* Rows: attempt, at, took_ms, status, error, response; oldest first. */
void store_delivery_attempts(struct batch *batch, const char *tenant_id, const char *endpoint_id,
			     const char *event_id, int64_t limit);

/* ---- for the sweeper: of all tenants ---- */

/* Those that wait since before then are dead. */
void store_delivery_expire(struct batch *batch, int64_t queued_before, int64_t now);
void store_delivery_delete_before(struct batch *batch, int64_t event_before);
/* One row: since when the oldest waits, and NULL when none does. */
void store_delivery_oldest(struct batch *batch);
