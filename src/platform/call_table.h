/*
 * The calls of the platform: made, found, changed. Every change is one transaction that writes the
 * row (checked by version) and an append-only event, and is published to live readers after the
 * commit. Every non-terminal call has a deadline; a sweeper hands overdue ones to the handler set
 * with call_table_on_overdue(), and settles as LOST what stays overdue five times.
 *
 * All functions are asynchronous: the handler runs once, on the loop, after the function returned.
 * Dropping the table drops handlers that have not run.
 */
#pragma once

#include "core/json.h"
#include "platform/call.h"
#include "platform/cost.h"

#include <stddef.h>

struct call_limit_book;
struct call_slots;
struct call_table;
struct db;
struct db_result;
struct job_queue;
struct live;
struct loop;
struct principal;
struct webhook_sender;

/* A job put into the transaction that ends a call. */
struct call_followup {
	const char *kind; /* static; the job's unique key is "KIND:CALL_ID" */
	uint32_t delay_ms;
};

struct call_table_conf {
	struct loop *loop;
	struct db *db;                         /* migrated, see store_open() */
	struct live *live;                     /* may be NULL */
	struct job_queue *jobs;                /* may be NULL: then no follow-ups */
	struct call_slots *slots;              /* given back at the end of a call; may be NULL */
	struct webhook_sender *webhooks;       /* woken when there is something to tell; or NULL */
	const struct call_followup *followups; /* static */
	size_t followup_count;
	const struct cost_rates *rates; /* of ended calls; NULL: what they cost is not kept */
	struct call_limit_book *limits; /* caps on outbound calls; NULL: none */
	uint32_t ring_timeout_s;        /* 0 means 45 */
	uint32_t max_call_duration_s;   /* 0 means 3600 */
	uint32_t sweep_interval_ms;     /* 0 means 1000 */
};

/* Owned by the caller, mem_unref(). conf is copied, its objects referenced by nobody: they outlive
 * it. */
struct call_table *call_table_new(const struct call_table_conf *conf);

/*
 * err 0: call is the call as it now is (valid during the handler, longer with mem_ref()). changed:
 * the event moved the state or stored a fact; false for one ignored or seen before. On error call
 * is NULL unless said otherwise: -ENOENT, or db errors (-EBUSY, -EIO, -ENOSPC, -EINPROGRESS).
 */
typedef void call_done_h(int err, struct call *call, bool changed, void *arg);

struct call_params {
	const char *tenant_id;
	const char *id; /* NULL makes one */
	enum call_direction direction;
	const char *phone_number;
	const char *from_number;
	const char *twilio_call_sid; /* inbound; else NULL */
	const char *data_token;
	const char *agent;
	int64_t agent_version;
	const char *model;
	const char *system_prompt;
	const char *first_message;
	const char *voice;
	const char *language;
	double temperature;     /* NAN when not given */
	int64_t max_duration_s; /* 0 means the table's */
	bool wants_recording;
	int64_t scheduled_at;        /* UTC microseconds; 0: at once */
	const char *retry;           /* JSON object text or NULL */
	const char *retry_of;        /* the first call of several attempts, or NULL */
	int64_t attempt;             /* 0 means 1 */
	const char *tools;           /* JSON array text or NULL */
	const char *metadata;        /* JSON object text or NULL */
	const char *idempotency_key; /* or NULL */
	const char *request_digest;  /* hex SHA-256 of the request, with the key */
	/*
	 * Kind of a job added to the same transaction (call_id set, unique key "KIND:CALL_ID"),
	 * due when the call is, so that a committed call is carried on whatever happens to this
	 * process; NULL for none.
	 */
	const char *job_kind;
	const struct principal *by; /* whose wish it is, for audit_log; or NULL */
};

/*
 * Insert a call in PENDING. err besides the usual:
 *   -EDQUOT   a cap of the tenant is reached, see call_limit.h; call is NULL
 *   -EEXIST   the idempotency key was used before for the same request, or the SID is known: call
 * is the earlier one -ENOTUNIQ the idempotency key was used for another request
 */
void call_table_create(struct call_table *table, const struct call_params *params,
		       call_done_h *doneh, void *arg);

void call_table_get(struct call_table *table, const char *tenant_id, const char *call_id,
		    call_done_h *doneh, void *arg);
/* By the carrier's CallSid, or by the engine's call id. */
void call_table_find_sid(struct call_table *table, const char *tenant_id, const char *sid,
			 call_done_h *doneh, void *arg);
void call_table_find_session(struct call_table *table, const char *tenant_id,
			     const char *ultravox_call_id, call_done_h *doneh, void *arg);

/*
 * Apply an event. Everything in change is copied. doneh may be NULL. The terminal step happens
 * exactly once, whoever competes for it, also from several processes.
 */
void call_table_apply(struct call_table *table, const char *tenant_id, const char *call_id,
		      const struct call_change *change, call_done_h *doneh, void *arg);

/* How storing what was noted about a call ended. */
typedef void call_noted_h(int err, void *arg);

/*
 * An overdue call; its deadline was moved 30 s ahead, so that it comes again if nothing happens.
 * Ask the carrier and apply what it says; CALL_EV_DEADLINE after telling it to end a call that is
 * too long; CALL_EV_LOST when it does not know the call. call is valid during the handler.
 */
typedef void call_overdue_h(struct call *call, void *arg);
void call_table_on_overdue(struct call_table *table, call_overdue_h *overdueh, void *arg);

/* Start sweeping; sets the active gauge. Without it no deadline ever passes. */
void call_table_start(struct call_table *table);
