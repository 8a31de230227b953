#include "platform/store/call_payload.h"

void store_payload_insert(struct batch *batch, const struct store_payload *payload)
{
	BATCH_ADD(batch,
		  "INSERT INTO call_payload (tenant_id, call_id, id, source, kind, content_type, "
		  "body, size_bytes, received_at) SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), "
		  "CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT), "
		  "CAST($7 AS TEXT), CAST($8 AS BIGINT), CAST($9 AS BIGINT) WHERE (SELECT count(*) "
		  "FROM call_payload WHERE tenant_id = $10 AND call_id = $11) < $12",
		  DB_ANY_ROWS, db_text(payload->tenant_id), db_text(payload->call_id),
		  db_text(payload->id), db_text(payload->source), db_text(payload->kind),
		  db_text(payload->content_type),
		  db_sealed(payload->tenant_id, payload->id, payload->body),
		  db_int(payload->size_bytes), db_int(payload->at), db_text(payload->tenant_id),
		  db_text(payload->call_id), db_int(STORE_PAYLOADS_A_CALL));
}

void store_payload_select(struct batch *batch, const char *tenant_id, const char *call_id)
{
	BATCH_ADD(batch,
		  "SELECT id, source, kind, content_type, body, size_bytes, received_at FROM "
		  "call_payload WHERE tenant_id = $1 AND call_id = $2 ORDER BY id",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(call_id));
}
