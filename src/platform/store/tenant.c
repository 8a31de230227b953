#include "platform/store/tenant.h"

void store_tenant_insert(struct batch *batch, const char *id, const char *name, int64_t now)
{
	BATCH_ADD(batch,
		  "INSERT INTO tenant (id, name, created_at, status, settings, updated_at) "
		  "VALUES ($1, $2, $3, 'active', '{}', $4)",
		  1, db_text(id), db_text(name), db_int(now), db_int(now));
}

#define TENANT "SELECT id, name, status, settings, created_at, updated_at FROM tenant "

void store_tenant_select(struct batch *batch, const char *id)
{
	BATCH_ADD(batch, TENANT "WHERE id = $1", DB_ANY_ROWS, db_text(id));
}

void store_tenant_list(struct batch *batch, const char *after_id, int64_t limit)
{
	BATCH_ADD(batch, TENANT "WHERE id > $1 ORDER BY id LIMIT $2", DB_ANY_ROWS,
		  db_text(after_id), db_int(limit));
}

void store_tenant_with_leads(struct batch *batch, int64_t limit)
{
	BATCH_ADD(batch,
		  "SELECT settings FROM tenant WHERE status = 'active' AND settings LIKE "
		  "'%\"leads\"%' ORDER BY id LIMIT $1",
		  DB_ANY_ROWS, db_int(limit));
}

void store_tenant_update(struct batch *batch, const struct store_tenant_change *change)
{
	BATCH_ADD(batch,
		  "UPDATE tenant SET name = coalesce(CAST($1 AS TEXT), name), "
		  "status = coalesce(CAST($2 AS TEXT), status), "
		  "settings = coalesce(CAST($3 AS TEXT), settings), updated_at = $4 WHERE id = $5",
		  1, db_text(change->name), db_text(change->status), db_text(change->settings),
		  db_int(change->at), db_text(change->id));
}
