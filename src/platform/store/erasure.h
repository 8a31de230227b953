/* Table erasure: who asked for what to be forgotten, and what was removed. Rows stay. */
#pragma once

#include "core/uuid.h"
#include "platform/store/batch.h"

struct erasure {
	char id[UUID_SIZE];
	const char *tenant_id;
	const char *phone_number; /* until it is done */
	const char *requested_by;
	const char *reason; /* or NULL */
	int64_t requested_at;
	/* once it is done: */
	int64_t completed_at;
	int64_t calls;
	int64_t turns;
	int64_t recordings;
	int64_t leads;
	const char *proof;
};

void store_erasure_insert(struct batch *batch, const struct erasure *erasure);

/*
 * id, phone_number, phone_hash, state, requested_by, reason, requested_at, completed_at, calls,
 * turns, recordings, proof, leads
 */
void store_erasure_select(struct batch *batch, const char *tenant_id, const char *id);
/* The same, newest first, after the row (after_at, after_id); after_at 0 is the first page. */
void store_erasure_list(struct batch *batch, const char *tenant_id, int64_t after_at,
			const char *after_id, int64_t limit);
enum {
	ERASURE_ID,
	ERASURE_PHONE_NUMBER,
	ERASURE_PHONE_HASH,
	ERASURE_STATE,
	ERASURE_REQUESTED_BY,
	ERASURE_REASON,
	ERASURE_REQUESTED_AT,
	ERASURE_COMPLETED_AT,
	ERASURE_CALLS,
	ERASURE_TURNS,
	ERASURE_RECORDINGS,
	ERASURE_PROOF,
	ERASURE_LEADS
};

/* Add to what was removed so far. */
void store_erasure_count(struct batch *batch, const char *tenant_id, const char *id, int64_t calls,
			 int64_t turns, int64_t recordings, int64_t leads);
void store_erasure_done(struct batch *batch, const char *tenant_id, const char *id,
			int64_t completed_at, const char *proof);
