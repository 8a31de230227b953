#include "platform/store/call_event.h"

size_t store_event_insert(struct batch *batch, const char *tenant_id, const char *call_id,
			  const char *type, int64_t at, const char *data)
{
	return BATCH_ADD(batch,
			 "INSERT INTO call_event (tenant_id, call_id, type, at, data) "
			 "VALUES ($1, $2, $3, $4, $5) RETURNING seq",
			 1, db_text(tenant_id), db_text(call_id), db_text(type), db_int(at),
			 db_text(data));
}

void store_event_select(struct batch *batch, const char *tenant_id, const char *call_id,
			int64_t since, int64_t limit)
{
	if (call_id)
		BATCH_ADD(
			batch,
			"SELECT seq, call_id, type, at, data FROM call_event WHERE tenant_id = $1 "
			"AND call_id = $2 AND seq > $3 ORDER BY seq LIMIT $4",
			DB_ANY_ROWS, db_text(tenant_id), db_text(call_id), db_int(since),
			db_int(limit));
	else
		BATCH_ADD(
			batch,
			"SELECT seq, call_id, type, at, data FROM call_event WHERE tenant_id = $1 "
			"AND seq > $2 ORDER BY seq LIMIT $3",
			DB_ANY_ROWS, db_text(tenant_id), db_int(since), db_int(limit));
}
