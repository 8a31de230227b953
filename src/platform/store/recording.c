#include "platform/store/recording.h"

void store_recording_save(struct batch *batch, const struct recording *recording, int64_t at)
{
	BATCH_ADD(batch,
		  "INSERT INTO recording (tenant_id, call_id, status, provider_sid, url, path, "
		  "error, "
		  "duration_s, size_bytes, channels, updated_at) "
		  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) "
		  "ON CONFLICT (tenant_id, call_id) DO UPDATE SET status = excluded.status, "
		  "provider_sid = coalesce(excluded.provider_sid, recording.provider_sid), "
		  "url = coalesce(excluded.url, recording.url), path = excluded.path, "
		  "error = excluded.error, duration_s = excluded.duration_s, "
		  "size_bytes = excluded.size_bytes, channels = excluded.channels, "
		  "updated_at = excluded.updated_at "
		  "WHERE recording.status <> 'available' OR excluded.status = 'available'",
		  1, db_text(recording->tenant_id), db_text(recording->call_id),
		  db_text(recording->status), db_text(recording->provider_sid),
		  db_text(recording->url), db_text(recording->path), db_text(recording->error),
		  db_int(recording->duration_s), db_int(recording->size_bytes),
		  db_int(recording->channels), db_int(at));
}

void store_recording_select(struct batch *batch, const char *tenant_id, const char *call_id)
{
	BATCH_ADD(batch,
		  "SELECT status, provider_sid, url, path, error, duration_s, size_bytes, channels "
		  "FROM recording WHERE tenant_id = $1 AND call_id = $2",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(call_id));
}

void store_recording_gone_insert(struct batch *batch, const char *path, int64_t at)
{
	BATCH_ADD(batch,
		  "INSERT INTO recording_gone (path, gone_at) VALUES ($1, $2) "
		  "ON CONFLICT (path) DO UPDATE SET gone_at = excluded.gone_at",
		  1, db_text(path), db_int(at));
}

void store_recording_gone_list(struct batch *batch, int64_t after_at, const char *after_path,
			       int64_t limit)
{
	BATCH_ADD(batch,
		  "SELECT path, gone_at FROM recording_gone WHERE (gone_at, path) > ($1, $2) "
		  "ORDER BY gone_at, path LIMIT $3",
		  DB_ANY_ROWS, db_int(after_at), db_text(after_path), db_int(limit));
}

void store_recording_gone_delete_before(struct batch *batch, int64_t time)
{
	BATCH_ADD(batch, "DELETE FROM recording_gone WHERE gone_at < $1", DB_ANY_ROWS,
		  db_int(time));
}
