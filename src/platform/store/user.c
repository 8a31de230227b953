#include "platform/store/user.h"

void store_user_insert(struct batch *batch, const struct store_user *user)
{
	BATCH_ADD(batch,
		  "INSERT INTO user_account (id, email, name, password, created_at, updated_at, "
		  "signed_in_at) VALUES ($1, $2, $3, $4, $5, $6, 0)",
		  1, db_text(user->id), db_text(user->email), db_text(user->name),
		  db_text(user->password), db_int(user->at), db_int(user->at));
}

#define USER "SELECT id, email, name, password, created_at FROM user_account "

void store_user_by_email(struct batch *batch, const char *email)
{
	BATCH_ADD(batch, USER "WHERE email = $1", DB_ANY_ROWS, db_text(email));
}

void store_user_by_invitation(struct batch *batch, const char *token_hash)
{
	BATCH_ADD(batch, USER "WHERE email = (SELECT email FROM invitation WHERE token_hash = $1)",
		  DB_ANY_ROWS, db_text(token_hash));
}

void store_user_by_id(struct batch *batch, const char *id)
{
	BATCH_ADD(batch, USER "WHERE id = $1", DB_ANY_ROWS, db_text(id));
}

void store_user_count(struct batch *batch)
{
	batch_add(batch, "SELECT count(*) FROM user_account", 1, NULL, 0);
}

void store_user_name(struct batch *batch, const char *id, const char *name, int64_t now)
{
	BATCH_ADD(batch, "UPDATE user_account SET name = $1, updated_at = $2 WHERE id = $3", 1,
		  db_text(name), db_int(now), db_text(id));
}

void store_user_password(struct batch *batch, const char *id, const char *password, int64_t now)
{
	BATCH_ADD(batch, "UPDATE user_account SET password = $1, updated_at = $2 WHERE id = $3", 1,
		  db_text(password), db_int(now), db_text(id));
}

void store_user_signed_in(struct batch *batch, const char *id, int64_t now)
{
	BATCH_ADD(batch, "UPDATE user_account SET signed_in_at = $1 WHERE id = $2", 1, db_int(now),
		  db_text(id));
}

/* ---- membership ---- */

void store_member_put(struct batch *batch, const char *tenant_id, const char *user_id,
		      const char *role, int64_t now)
{
	BATCH_ADD(batch,
		  "INSERT INTO membership (tenant_id, user_id, role, status, created_at, "
		  "updated_at) VALUES ($1, $2, $3, 'active', $4, $5) "
		  "ON CONFLICT (tenant_id, user_id) DO UPDATE SET role = CASE WHEN "
		  "membership.status = 'active' THEN membership.role ELSE excluded.role END, "
		  "status = excluded.status, updated_at = excluded.updated_at",
		  1, db_text(tenant_id), db_text(user_id), db_text(role), db_int(now), db_int(now));
}

#define MEMBER                                                                               \
	"SELECT m.user_id, u.email, u.name, m.role, m.status, m.created_at, u.signed_in_at " \
	"FROM membership m JOIN user_account u ON u.id = m.user_id "

void store_member_list(struct batch *batch, const char *tenant_id, const char *after_id,
		       int64_t limit)
{
	BATCH_ADD(batch,
		  MEMBER "WHERE m.tenant_id = $1 AND m.user_id > $2 ORDER BY m.user_id LIMIT $3",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(after_id), db_int(limit));
}

void store_member_select(struct batch *batch, const char *tenant_id, const char *user_id)
{
	BATCH_ADD(batch, MEMBER "WHERE m.tenant_id = $1 AND m.user_id = $2", DB_ANY_ROWS,
		  db_text(tenant_id), db_text(user_id));
}

#define TENANTS                                                 \
	"SELECT m.tenant_id, t.name, m.role FROM membership m " \
	"JOIN tenant t ON t.id = m.tenant_id "                  \
	"WHERE m.status = 'active' AND t.status = 'active' AND "

void store_member_tenants(struct batch *batch, const char *user_id)
{
	BATCH_ADD(batch, TENANTS "m.user_id = $1 ORDER BY m.created_at, m.tenant_id LIMIT 100",
		  DB_ANY_ROWS, db_text(user_id));
}

void store_member_lock(struct batch *batch, const char *tenant_id, int64_t now)
{
	BATCH_ADD(batch, "UPDATE tenant SET updated_at = $1 WHERE id = $2", 1, db_int(now),
		  db_text(tenant_id));
}

#define ANOTHER_OWNER                                                                  \
	"EXISTS (SELECT 1 FROM membership o WHERE o.tenant_id = membership.tenant_id " \
	"AND o.user_id <> membership.user_id AND o.role = 'owner' AND o.status = 'active')"

void store_member_update(struct batch *batch, const char *tenant_id, const char *user_id,
			 const char *role, const char *status, int64_t now)
{
	BATCH_ADD(batch,
		  "UPDATE membership SET role = $1, status = $2, updated_at = $3 "
		  "WHERE tenant_id = $4 AND user_id = $5 AND ((CAST($6 AS TEXT) = 'owner' AND "
		  "CAST($7 AS TEXT) = 'active') OR role <> 'owner' OR status <> 'active' "
		  "OR " ANOTHER_OWNER ")",
		  1, db_text(role), db_text(status), db_int(now), db_text(tenant_id),
		  db_text(user_id), db_text(role), db_text(status));
}

void store_member_delete(struct batch *batch, const char *tenant_id, const char *user_id)
{
	BATCH_ADD(batch,
		  "DELETE FROM membership WHERE tenant_id = $1 AND user_id = $2 AND "
		  "(role <> 'owner' OR status <> 'active' OR " ANOTHER_OWNER ")",
		  1, db_text(tenant_id), db_text(user_id));
}

/* ---- invitations ---- */

void store_invitation_insert(struct batch *batch, const struct store_invitation *invitation)
{
	BATCH_ADD(batch,
		  "INSERT INTO invitation (tenant_id, id, token_hash, kind, email, role, "
		  "invited_by, created_at, expires_at, used_at) "
		  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)",
		  1, db_text(invitation->tenant_id), db_text(invitation->id),
		  db_text(invitation->token_hash), db_text(invitation->kind),
		  db_text(invitation->email), db_text(invitation->role),
		  db_text(invitation->invited_by), db_int(invitation->created_at),
		  db_int(invitation->expires_at));
}

void store_invitation_find(struct batch *batch, const char *token_hash, int64_t now)
{
	BATCH_ADD(batch,
		  "SELECT i.tenant_id, i.id, i.kind, i.email, i.role, t.name FROM invitation i "
		  "JOIN tenant t ON t.id = i.tenant_id WHERE i.token_hash = $1 AND i.used_at = 0 "
		  "AND i.expires_at > $2 AND t.status = 'active'",
		  DB_ANY_ROWS, db_text(token_hash), db_int(now));
}

void store_invitation_use(struct batch *batch, const char *token_hash, int64_t now)
{
	BATCH_ADD(batch,
		  "UPDATE invitation SET used_at = $1 WHERE token_hash = $2 AND used_at = 0 AND "
		  "expires_at > $3",
		  1, db_int(now), db_text(token_hash), db_int(now));
}

void store_invitation_list(struct batch *batch, const char *tenant_id, int64_t now)
{
	BATCH_ADD(batch,
		  "SELECT id, email, role, invited_by, created_at, expires_at FROM invitation "
		  "WHERE tenant_id = $1 AND kind = 'join' AND used_at = 0 AND expires_at > $2 "
		  "ORDER BY id DESC LIMIT 200",
		  DB_ANY_ROWS, db_text(tenant_id), db_int(now));
}

void store_invitation_delete(struct batch *batch, const char *tenant_id, const char *id)
{
	BATCH_ADD(batch, "DELETE FROM invitation WHERE tenant_id = $1 AND id = $2 AND used_at = 0",
		  1, db_text(tenant_id), db_text(id));
}

void store_invitation_delete_user(struct batch *batch, const char *tenant_id, const char *user_id)
{
	BATCH_ADD(batch,
		  "DELETE FROM invitation WHERE tenant_id = $1 AND used_at = 0 AND email = "
		  "(SELECT email FROM user_account WHERE id = $2)",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(user_id));
}

void store_invitation_delete_nameless(struct batch *batch, const char *tenant_id)
{
	BATCH_ADD(batch,
		  "DELETE FROM invitation WHERE tenant_id = $1 AND email = '' AND used_at = 0",
		  DB_ANY_ROWS, db_text(tenant_id));
}
