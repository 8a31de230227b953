#include "platform/store/call_event.h"

size_t store_event_insert(struct batch *batch, const char *tenant_id, const char *call_id,
			  const char *type, int64_t at, const char *data)
{
	return BATCH_ADD(batch,
			 /* The transaction has its own number before the event gets one: the
			  * horizon of store_event_horizon() relies on it. */
			 "INSERT INTO call_event (tenant_id, call_id, type, at, data) "
			 "SELECT $1, /*pg call_event_key( */ $2 /*pg ) */, $3, $4, $5 "
			 "/*pg WHERE pg_current_xact_id() IS NOT NULL */ RETURNING seq",
			 1, db_text(tenant_id), db_text(call_id), db_text(type), db_int(at),
			 db_sealed(tenant_id, call_id ? call_id : "", data));
}

void store_event_select_until(struct batch *batch, const char *tenant_id, const char *call_id,
			      int64_t since, int64_t until, int64_t limit)
{
	if (call_id)
		BATCH_ADD(
			batch,
			"SELECT seq, call_id, type, at, data FROM call_event WHERE tenant_id = $1 "
			"AND call_id = $2 AND seq > $3 AND seq <= $4 ORDER BY seq LIMIT $5",
			DB_ANY_ROWS, db_text(tenant_id), db_text(call_id), db_int(since),
			db_int(until), db_int(limit));
	else
		BATCH_ADD(batch,
			  "SELECT seq, nullif(call_id, ''), type, at, data FROM call_event "
			  "WHERE tenant_id = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4",
			  DB_ANY_ROWS, db_text(tenant_id), db_int(since), db_int(until),
			  db_int(limit));
}

void store_event_select(struct batch *batch, const char *tenant_id, const char *call_id,
			int64_t since, int64_t limit)
{
	store_event_select_until(batch, tenant_id, call_id, since, INT64_MAX, limit);
}

void store_event_select_type(struct batch *batch, const char *tenant_id, const char *call_id,
			     const char *type, int64_t limit)
{
	BATCH_ADD(batch,
		  "SELECT seq, data FROM call_event WHERE tenant_id = $1 AND call_id = $2 AND "
		  "type = $3 ORDER BY seq DESC LIMIT $4",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(call_id), db_text(type), db_int(limit));
}

void store_event_select_all(struct batch *batch, int64_t since, int64_t limit)
{
	BATCH_ADD(batch,
		  "SELECT seq, tenant_id, nullif(call_id, ''), type, at, data FROM call_event "
		  "WHERE seq > $1 ORDER BY seq LIMIT $2",
		  DB_ANY_ROWS, db_int(since), db_int(limit));
}

void store_event_newest(struct batch *batch, int64_t from)
{
	BATCH_ADD(batch, "SELECT max(seq) FROM call_event WHERE seq >= $1", DB_ANY_ROWS,
		  db_int(from));
}

void store_event_horizon(struct batch *batch)
{
	batch_add(
		batch,
		"SELECT CAST(0 AS BIGINT) "
		"/*pg + CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT) */, "
		"CAST(0 AS BIGINT) "
		"/*pg + CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS TEXT) AS BIGINT) */",
		1, NULL, 0);
}
