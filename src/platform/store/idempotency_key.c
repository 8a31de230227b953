#include "platform/store/idempotency_key.h"

void store_idempotency_insert(struct batch *batch, const char *tenant_id, const char *key,
			      const char *request_digest, const char *call_id, int64_t at)
{
	BATCH_ADD(
		batch,
		"INSERT INTO idempotency_key (tenant_id, idempotency_key, request_digest, call_id, "
		"created_at) VALUES ($1, $2, $3, $4, $5)",
		1, db_text(tenant_id), db_text(key), db_text(request_digest ? request_digest : ""),
		db_text(call_id), db_int(at));
}

void store_idempotency_select(struct batch *batch, const char *tenant_id, const char *key)
{
	BATCH_ADD(batch,
		  "SELECT call_id, request_digest FROM idempotency_key WHERE tenant_id = $1 AND "
		  "idempotency_key = $2",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(key));
}

void store_idempotency_delete_before(struct batch *batch, int64_t at)
{
	BATCH_ADD(batch, "DELETE FROM idempotency_key WHERE created_at < $1", DB_ANY_ROWS,
		  db_int(at));
}
