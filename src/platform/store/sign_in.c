#include "platform/store/sign_in.h"

void store_sign_in_insert(struct batch *batch, const struct store_sign_in *sign_in)
{
	BATCH_ADD(
		batch,
		"INSERT INTO sign_in (id, tenant_id, user_id, remote, agent, created_at, used_at, "
		"expires_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)",
		1, db_text(sign_in->id), db_text(sign_in->tenant_id), db_text(sign_in->user_id),
		db_text(sign_in->remote), db_text(sign_in->agent), db_int(sign_in->at),
		db_int(sign_in->at), db_int(sign_in->expires_at));
}

void store_sign_in_identity(struct batch *batch, const char *id, int64_t now)
{
	BATCH_ADD(batch,
		  "SELECT s.tenant_id, s.user_id, m.role FROM sign_in s "
		  "JOIN membership m ON m.tenant_id = s.tenant_id AND m.user_id = s.user_id "
		  "JOIN tenant t ON t.id = s.tenant_id "
		  "WHERE s.id = $1 AND s.ended_at = 0 AND s.expires_at > $2 "
		  "AND m.status = 'active' AND t.status = 'active'",
		  DB_ANY_ROWS, db_text(id), db_int(now));
}

void store_refresh_insert(struct batch *batch, const struct store_sign_in *sign_in,
			  const char *token_hash)
{
	BATCH_ADD(batch,
		  "INSERT INTO refresh_token (token_hash, tenant_id, sign_in_id, created_at, "
		  "expires_at, used_at) VALUES ($1, $2, $3, $4, $5, 0)",
		  1, db_text(token_hash), db_text(sign_in->tenant_id), db_text(sign_in->id),
		  db_int(sign_in->at), db_int(sign_in->expires_at));
}

void store_refresh_select(struct batch *batch, const char *token_hash)
{
	BATCH_ADD(batch,
		  "SELECT r.tenant_id, r.sign_in_id, s.user_id, m.role, r.used_at, r.expires_at, "
		  "s.ended_at, u.email, u.name, t.name FROM refresh_token r "
		  "JOIN sign_in s ON s.id = r.sign_in_id "
		  "JOIN user_account u ON u.id = s.user_id "
		  "JOIN tenant t ON t.id = s.tenant_id "
		  "LEFT JOIN (SELECT m1.tenant_id, m1.user_id, m1.role FROM membership m1 "
		  "JOIN tenant t1 ON t1.id = m1.tenant_id "
		  "WHERE m1.status = 'active' AND t1.status = 'active') m "
		  "ON m.tenant_id = s.tenant_id AND m.user_id = s.user_id "
		  "WHERE r.token_hash = $1",
		  DB_ANY_ROWS, db_text(token_hash));
}

void store_refresh_use(struct batch *batch, const char *token_hash, int64_t now)
{
	BATCH_ADD(batch,
		  "UPDATE refresh_token SET used_at = $1 WHERE token_hash = $2 AND used_at = 0", 1,
		  db_int(now), db_text(token_hash));
}

void store_sign_in_extend(struct batch *batch, const char *id, int64_t now, int64_t expires_at)
{
	BATCH_ADD(batch,
		  "UPDATE sign_in SET used_at = $1, expires_at = $2 WHERE id = $3 AND ended_at = 0",
		  1, db_int(now), db_int(expires_at), db_text(id));
}

void store_sign_in_end(struct batch *batch, const char *id, int64_t now, const char *reason)
{
	BATCH_ADD(
		batch,
		"UPDATE sign_in SET ended_at = $1, end_reason = $2 WHERE id = $3 AND ended_at = 0",
		DB_ANY_ROWS, db_int(now), db_text(reason), db_text(id));
}

void store_sign_in_end_own(struct batch *batch, const char *id, const char *tenant_id,
			   const char *user_id, int64_t now)
{
	BATCH_ADD(batch,
		  "UPDATE sign_in SET ended_at = $1, end_reason = 'revoked' WHERE id = $2 "
		  "AND tenant_id = $3 AND user_id = $4 AND ended_at = 0",
		  1, db_int(now), db_text(id), db_text(tenant_id), db_text(user_id));
}

void store_sign_in_end_all(struct batch *batch, const char *tenant_id, const char *user_id,
			   const char *kept_id, int64_t now, const char *reason)
{
	BATCH_ADD(batch,
		  "UPDATE sign_in SET ended_at = $1, end_reason = $2 WHERE user_id = $3 "
		  "AND (CAST($4 AS TEXT) = '' OR tenant_id = $5) AND id <> $6 AND ended_at = 0",
		  DB_ANY_ROWS, db_int(now), db_text(reason), db_text(user_id),
		  db_text(tenant_id ? tenant_id : ""), db_text(tenant_id ? tenant_id : ""),
		  db_text(kept_id ? kept_id : ""));
}

void store_sign_in_list(struct batch *batch, const char *tenant_id, const char *user_id,
			int64_t now)
{
	BATCH_ADD(batch,
		  "SELECT id, remote, agent, created_at, used_at FROM sign_in WHERE tenant_id = $1 "
		  "AND user_id = $2 AND ended_at = 0 AND expires_at > $3 "
		  "ORDER BY id DESC LIMIT 100",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(user_id), db_int(now));
}

void store_failure_select(struct batch *batch, const char *who, const char *other)
{
	BATCH_ADD(batch,
		  "SELECT who, failures, last_at FROM sign_in_failure WHERE who = $1 OR who = $2",
		  DB_ANY_ROWS, db_text(who), db_text(other));
}

void store_failure_set(struct batch *batch, const char *who, int64_t failures, int64_t seen,
		       int64_t now)
{
	BATCH_ADD(batch,
		  "INSERT INTO sign_in_failure (who, failures, last_at) VALUES ($1, $2, $3) "
		  "ON CONFLICT (who) DO UPDATE SET failures = excluded.failures, "
		  "last_at = excluded.last_at WHERE sign_in_failure.failures = $4",
		  1, db_text(who), db_int(failures), db_int(now), db_int(seen));
}

void store_failure_delete(struct batch *batch, const char *who)
{
	BATCH_ADD(batch, "DELETE FROM sign_in_failure WHERE who = $1", DB_ANY_ROWS, db_text(who));
}

void store_failure_take_back(struct batch *batch, const char *who)
{
	BATCH_ADD(batch,
		  "UPDATE sign_in_failure SET failures = failures - 1 "
		  "WHERE who = $1 AND failures > 0",
		  DB_ANY_ROWS, db_text(who));
}

void store_sign_in_tidy(struct batch *batch, int64_t now, int64_t failures_before)
{
	BATCH_ADD(batch, "DELETE FROM refresh_token WHERE expires_at < $1", DB_ANY_ROWS,
		  db_int(now));
	BATCH_ADD(batch,
		  "DELETE FROM sign_in WHERE expires_at < $1 AND NOT EXISTS (SELECT 1 FROM "
		  "refresh_token r WHERE r.sign_in_id = sign_in.id)",
		  DB_ANY_ROWS, db_int(now));
	BATCH_ADD(batch, "DELETE FROM sign_in_failure WHERE last_at < $1", DB_ANY_ROWS,
		  db_int(failures_before));
}
