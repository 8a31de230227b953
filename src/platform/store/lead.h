/* Table lead: what visitors of web sites sent. */
#pragma once

#include "core/uuid.h"
#include "platform/store/batch.h"

#include <stdbool.h>

/* Strings are borrowed; NULL where there is nothing. */
struct lead {
	const char *tenant_id;
	const char *id;
	const char *name;
	const char *email;
	const char *phone;
	const char *company;
	const char *message;
	bool consent;
	bool call_back;
	const char *call_back_state; /* "none", "pending", "placed", "refused" */
	const char *call_back_detail;
	const char *call_id;
	const char *origin;
	int64_t repeats;
	int64_t created_at;
	int64_t updated_at;
};

/* A row of the selections below. */
void store_lead_borrow(struct lead *ret_lead, const struct db_result *result, size_t row);

/*
 * Insert it, unless the same email and phone sent one after `since` that asked for a call back too
 * if this one does: then the batch fails with -EAGAIN. At the start of a batch.
 */
void store_lead_insert(struct batch *batch, const struct lead *lead, int64_t since);
/* Count it at the one that was there. */
void store_lead_repeat(struct batch *batch, const struct lead *lead, int64_t since);

struct store_lead_filter {
	const char *tenant_id;
	const char *email; /* NULL: any, as with the rest */
	const char *phone;
	const char *call_back_state;
	int64_t from, to; /* 0: no bound */
	int64_t after_at; /* with after_id: older ones than this */
	const char *after_id;
	int64_t limit;
};

/* Newest first. */
void store_lead_list(struct batch *batch, const struct store_lead_filter *filter);
void store_lead_select(struct batch *batch, const char *tenant_id, const char *id);

/* With what is kept of it for outgoing webhooks. Returns the index of the statement that has
 * changed a row when it was there. */
size_t store_lead_delete(struct batch *batch, const char *tenant_id, const char *id);

/* What came of a call back; detail and call_id may be NULL. Changes nothing when it is gone. */
struct store_lead_call {
	const char *tenant_id;
	const char *id;
	const char *state;
	const char *detail;
	const char *call_id;
	int64_t at;
};
void store_lead_called(struct batch *batch, const struct store_lead_call *call);

/* One row, one number: call backs that were placed for others than id since then, and of these, to
 * that number. */
void store_lead_calls(struct batch *batch, const char *tenant_id, const char *id, int64_t since);
void store_lead_calls_to(struct batch *batch, const char *tenant_id, const char *id,
			 const char *phone, int64_t since);

/*
 * Delete, STORE_LEAD_PAGE at most: those created before; or those of the person with that number
 * (as hashed): with it, or with an email that came with it. The result of the last statement added
 * says how many.
 */
enum { STORE_LEAD_PAGE = 200 };
void store_lead_purge_old(struct batch *batch, const char *tenant_id, int64_t before);
void store_lead_purge_person(struct batch *batch, const char *tenant_id, const char *phone_hash);
