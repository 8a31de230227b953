#include "platform/store/call_link.h"

#include "platform/call_link.h"
#include "platform/principal.h"

void store_link_insert(struct batch *batch, const struct call_link *link,
		       const struct principal *by, int64_t now)
{
	BATCH_ADD(batch,
		  "INSERT INTO call_link (tenant_id, id, call_id, scope, made_by_kind, made_by, "
		  "created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		  1, db_text(link->tenant_id), db_text(link->id), db_text(link->call_id),
		  db_text(call_link_letter(link->scope)), db_text(principal_kind_name(by->kind)),
		  db_text(by->id), db_int(now), db_int(link->expires_s * 1000000));
}

void store_link_select(struct batch *batch, const struct call_link *link, int64_t now)
{
	BATCH_ADD(batch,
		  "SELECT id FROM call_link WHERE tenant_id = $1 AND id = $2 AND call_id = $3 AND "
		  "expires_at > $4",
		  DB_ANY_ROWS, db_text(link->tenant_id), db_text(link->id), db_text(link->call_id),
		  db_int(now));
}

void store_link_list(struct batch *batch, const char *tenant_id, const char *call_id, int64_t now,
		     int64_t limit)
{
	BATCH_ADD(batch,
		  "SELECT l.id, l.scope, l.created_at, l.expires_at, l.made_by_kind, l.made_by, "
		  "coalesce(k.name, nullif(u.name, ''), u.email) FROM call_link l "
		  "LEFT JOIN user_account u ON u.id = l.made_by "
		  "LEFT JOIN api_key k ON k.tenant_id = l.tenant_id AND k.id = l.made_by "
		  "WHERE l.tenant_id = $1 AND l.call_id = $2 AND l.expires_at > $3 "
		  "ORDER BY l.created_at DESC, l.id DESC LIMIT $4",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(call_id), db_int(now), db_int(limit));
}

void store_link_delete(struct batch *batch, const char *tenant_id, const char *call_id,
		       const char *id)
{
	BATCH_ADD(batch, "DELETE FROM call_link WHERE tenant_id = $1 AND call_id = $2 AND id = $3",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(call_id), db_text(id));
}

void store_link_delete_before(struct batch *batch, int64_t time)
{
	BATCH_ADD(batch, "DELETE FROM call_link WHERE expires_at < $1", DB_ANY_ROWS, db_int(time));
}
