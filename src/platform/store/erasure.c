#include "platform/store/erasure.h"

#define SELECT                                                                             \
	"SELECT id, phone_number, phone_hash, state, requested_by, reason, "               \
	"requested_at, completed_at, calls, turns, recordings, proof, leads FROM erasure " \
	"WHERE tenant_id = $1 "

void store_erasure_insert(struct batch *batch, const struct erasure *erasure)
{
	BATCH_ADD(batch,
		  "INSERT INTO erasure (tenant_id, id, phone_number, phone_hash, state, "
		  "requested_by, reason, requested_at, completed_at, calls, turns, recordings) "
		  "VALUES ($1, $2, $3, $4, 'pending', $5, $6, $7, 0, 0, 0, 0)",
		  1, db_text(erasure->tenant_id), db_text(erasure->id),
		  db_sealed(erasure->tenant_id, erasure->id, erasure->phone_number),
		  db_hashed(erasure->tenant_id, erasure->phone_number),
		  db_text(erasure->requested_by), db_text(erasure->reason),
		  db_int(erasure->requested_at));
}

void store_erasure_select(struct batch *batch, const char *tenant_id, const char *id)
{
	BATCH_ADD(batch, SELECT "AND id = $2", DB_ANY_ROWS, db_text(tenant_id), db_text(id));
}

void store_erasure_list(struct batch *batch, const char *tenant_id, int64_t after_at,
			const char *after_id, int64_t limit)
{
	BATCH_ADD(batch,
		  SELECT "AND (requested_at, id) < ($2, $3) "
			 "ORDER BY requested_at DESC, id DESC LIMIT $4",
		  DB_ANY_ROWS, db_text(tenant_id), db_int(after_at ? after_at : INT64_MAX),
		  db_text(after_id), db_int(limit));
}

void store_erasure_count(struct batch *batch, const char *tenant_id, const char *id, int64_t calls,
			 int64_t turns, int64_t recordings, int64_t leads)
{
	BATCH_ADD(batch,
		  "UPDATE erasure SET calls = calls + $1, turns = turns + $2, "
		  "recordings = recordings + $3, leads = leads + $4 "
		  "WHERE tenant_id = $5 AND id = $6",
		  1, db_int(calls), db_int(turns), db_int(recordings), db_int(leads),
		  db_text(tenant_id), db_text(id));
}

void store_erasure_done(struct batch *batch, const char *tenant_id, const char *id,
			int64_t completed_at, const char *proof)
{
	BATCH_ADD(batch,
		  "UPDATE erasure SET state = 'done', phone_number = NULL, completed_at = $1, "
		  "proof = $2 WHERE tenant_id = $3 AND id = $4 AND state = 'pending'",
		  DB_ANY_ROWS, db_int(completed_at), db_text(proof), db_text(tenant_id),
		  db_text(id));
}
