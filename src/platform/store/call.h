/* Table call: one row a call. */
#pragma once

#include "platform/call.h"
#include "platform/store/batch.h"

#define STORE_CALL_COLUMNS                                                                    \
	"id, tenant_id, status, direction, phone_number, from_number, ultravox_call_id, "     \
	"twilio_call_sid, join_url, data_token, agent, model, system_prompt, first_message, " \
	"voice, language, temperature, max_duration_s, metadata, outcome, answered_by, "      \
	"end_reason, end_hint, end_detail, created_at, started_at, ended_at, updated_at, "    \
	"deadline_at, deadline_misses, duration_s, version, agent_version, wants_recording, " \
	"tools, traceparent, scheduled_at, retry, retry_of, attempt"
enum { STORE_CALL_COLUMN_COUNT = 40 };

/* All zero, with an unknown temperature; and a full copy. Owned by the caller, mem_unref(). */
struct call *store_call_new(void);
struct call *store_call_copy(const struct call *call);

/* A row that begins with STORE_CALL_COLUMNS; owned by the caller. */
struct call *store_call_load(const struct db_result *result, size_t row);
/* The same without copying: the strings are the result's and must not outlive it. */
void store_call_borrow(struct call *ret_call, const struct db_result *result, size_t row);

void store_call_insert(struct batch *batch, const struct call *call);

/* The same; changes no row when there is a call with this id. */
void store_call_import(struct batch *batch, const struct call *call);

/* Write everything that can change, and version + 1; expects the row to have call->version. */
void store_call_update(struct batch *batch, const struct call *call);

enum store_call_key { STORE_CALL_BY_ID, STORE_CALL_BY_SID, STORE_CALL_BY_SESSION };
void store_call_select(struct batch *batch, const char *tenant_id, enum store_call_key key,
		       const char *value);

/*
 * Give overdue calls of all tenants (at most 100) another deadline and one miss more; returns their
 * columns.
 */
void store_call_claim_overdue(struct batch *batch, int64_t now, int64_t next_deadline);

/* Move the deadline of a call that is not over, unless its end is due. */
void store_call_renew(struct batch *batch, const char *tenant_id, const char *call_id,
		      int64_t deadline);

/* Calls of all tenants that are not over and have a SID, oldest first. Rows: tenant_id, id. */
void store_call_select_dialled(struct batch *batch, int64_t limit);

/* Of calls that are not over, of all tenants: a row a status there is, and their number. */
void store_call_count_open(struct batch *batch);

/* tenant_id, count: calls that are not over and not for later. */
void store_call_count_active(struct batch *batch, int64_t now);

/*
 * tenant_id, id of calls that are not over and have begun (not those that wait for their time), of
 * all tenants, in that order, behind the given one: what keeps their slots (call_slot.h).
 */
void store_call_page_started(struct batch *batch, const char *after_tenant, const char *after_id,
			     int64_t limit);
/* The same of one tenant, from one id to another. */
void store_call_select_started(struct batch *batch, const char *tenant_id, const char *from_id,
			       const char *to_id);
