#include "platform/store/api_key.h"

void store_api_key_insert(struct batch *batch, const struct store_api_key *key)
{
	BATCH_ADD(batch,
		  "INSERT INTO api_key (tenant_id, id, name, prefix, key_hash, scopes, created_by, "
		  "created_at, expires_at, last_used_at, revoked_at) "
		  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0)",
		  1, db_text(key->tenant_id), db_text(key->id), db_text(key->name),
		  db_text(key->prefix), db_text(key->key_hash), db_text(key->scopes),
		  db_text(key->created_by), db_int(key->created_at), db_int(key->expires_at));
}

#define COLUMNS                                                                               \
	"SELECT id, name, prefix, scopes, created_by, created_at, expires_at, last_used_at, " \
	"revoked_at FROM api_key "

/* Ids sort by the time they were made, and every id is below '~'. */
void store_api_key_list(struct batch *batch, const char *tenant_id, const char *before_id,
			int64_t limit)
{
	BATCH_ADD(batch, COLUMNS "WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(before_id ? before_id : "~"),
		  db_int(limit));
}

void store_api_key_select(struct batch *batch, const char *tenant_id, const char *id)
{
	BATCH_ADD(batch, COLUMNS "WHERE tenant_id = $1 AND id = $2", DB_ANY_ROWS,
		  db_text(tenant_id), db_text(id));
}

void store_api_key_revoke(struct batch *batch, const char *tenant_id, const char *id, int64_t now)
{
	BATCH_ADD(batch,
		  "UPDATE api_key SET revoked_at = $1 WHERE tenant_id = $2 AND id = $3 AND "
		  "revoked_at = 0",
		  1, db_int(now), db_text(tenant_id), db_text(id));
}

/* A key of somebody who is no longer active in the tenant is worth nothing. */
#define IDENTITY                                                                            \
	"SELECT k.tenant_id, k.id, k.key_hash, k.scopes, k.created_by, k.last_used_at, "    \
	"m.role FROM api_key k JOIN tenant t ON t.id = k.tenant_id "                        \
	"LEFT JOIN membership m ON m.tenant_id = k.tenant_id AND m.user_id = k.created_by " \
	"AND m.status = 'active' WHERE t.status = 'active' AND k.revoked_at = 0 "           \
	"AND (k.created_by = '' OR m.role IS NOT NULL) "

void store_api_key_by_prefix(struct batch *batch, const char *prefix, int64_t now)
{
	BATCH_ADD(batch, IDENTITY "AND k.prefix = $1 AND (k.expires_at = 0 OR k.expires_at > $2)",
		  DB_ANY_ROWS, db_text(prefix), db_int(now));
}

void store_api_key_by_id(struct batch *batch, const char *tenant_id, const char *id, int64_t now)
{
	BATCH_ADD(batch,
		  IDENTITY "AND k.tenant_id = $1 AND k.id = $2 "
			   "AND (k.expires_at = 0 OR k.expires_at > $3)",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(id), db_int(now));
}

void store_api_key_used(struct batch *batch, const char *tenant_id, const char *id, int64_t now,
			int64_t since)
{
	BATCH_ADD(batch,
		  "UPDATE api_key SET last_used_at = $1 WHERE tenant_id = $2 AND id = $3 AND "
		  "last_used_at < $4",
		  DB_ANY_ROWS, db_int(now), db_text(tenant_id), db_text(id), db_int(since));
}
