#include "platform/store/retention.h"

void store_retention_set(struct batch *batch, const char *tenant_id,
			 const struct retention *retention, int64_t now)
{
	struct db_value leads_days =
		retention->leads_days < 0 ? db_null() : db_int(retention->leads_days);

	BATCH_ADD(batch,
		  "INSERT INTO retention (tenant_id, words_days, recordings_days, calls_days, "
		  "leads_days, words_until, recordings_until, updated_at) VALUES ($1, $2, $3, $4, "
		  "coalesce(CAST($5 AS BIGINT), 0), 0, 0, $6) "
		  "ON CONFLICT (tenant_id) DO UPDATE SET words_days = excluded.words_days, "
		  "recordings_days = excluded.recordings_days, "
		  "calls_days = excluded.calls_days, "
		  "leads_days = coalesce(CAST($7 AS BIGINT), retention.leads_days), "
		  "words_until = 0, recordings_until = 0, updated_at = excluded.updated_at",
		  1, db_text(tenant_id), db_int(retention->words_days),
		  db_int(retention->recordings_days), db_int(retention->calls_days), leads_days,
		  db_int(now), leads_days);
}

void store_retention_select(struct batch *batch, const char *tenant_id)
{
	BATCH_ADD(batch,
		  "SELECT words_days, recordings_days, calls_days, words_until, "
		  "recordings_until, updated_at, leads_days FROM retention WHERE tenant_id = $1",
		  DB_ANY_ROWS, db_text(tenant_id));
}

struct retention store_retention_load(const struct db_result *result)
{
	return (struct retention){
		.words_days = db_get_int(result, 0, 0),
		.recordings_days = db_get_int(result, 0, 1),
		.calls_days = db_get_int(result, 0, 2),
		.words_until = db_get_int(result, 0, 3),
		.recordings_until = db_get_int(result, 0, 4),
		.updated_at = db_get_int(result, 0, 5),
		.leads_days = db_get_int(result, 0, 6),
	};
}

void store_retention_progress(struct batch *batch, const char *tenant_id,
			      const struct retention *retention)
{
	BATCH_ADD(batch,
		  "UPDATE retention SET words_until = $1, recordings_until = $2 "
		  "WHERE tenant_id = $3 AND updated_at = $4",
		  DB_ANY_ROWS, db_int(retention->words_until), db_int(retention->recordings_until),
		  db_text(tenant_id), db_int(retention->updated_at));
}

void store_retention_again(struct batch *batch)
{
	batch_add(batch,
		  "UPDATE retention SET words_until = 0, recordings_until = 0, "
		  "updated_at = updated_at + 1",
		  DB_ANY_ROWS, NULL, 0);
}

void store_retention_tenants(struct batch *batch)
{
	batch_add(batch,
		  "SELECT tenant_id FROM retention WHERE words_days > 0 OR recordings_days > 0 OR "
		  "calls_days > 0 OR leads_days > 0",
		  DB_ANY_ROWS, NULL, 0);
}
