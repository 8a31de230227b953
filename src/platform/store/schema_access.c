#include "platform/store/schema_priv.h"

/*
 * People belong to no tenant: user_account, and what proves who somebody is before a tenant is
 * known (sign_in_failure), have no tenant_id. What they may do, and where, is their membership.
 *
 * Of tokens, keys and links only digests are kept. Times are 0 for "not yet" and "never".
 */
const char schema_access[] =
	"ALTER TABLE tenant ADD COLUMN status TEXT NOT NULL DEFAULT 'active'"
	"	CHECK (status IN ('active', 'suspended'));"
	"ALTER TABLE tenant ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';"
	"ALTER TABLE tenant ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;"

	"CREATE TABLE user_account ("
	"	id TEXT PRIMARY KEY,"
	"	email TEXT NOT NULL UNIQUE," /* lower case */
	"	name TEXT NOT NULL,"
	"	password TEXT NOT NULL," /* argon2id */
	"	created_at BIGINT NOT NULL,"
	"	updated_at BIGINT NOT NULL,"
	"	signed_in_at BIGINT NOT NULL);"

	"CREATE TABLE membership ("
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"
	"	user_id TEXT NOT NULL REFERENCES user_account (id),"
	"	role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin', 'owner')),"
	"	status TEXT NOT NULL CHECK (status IN ('active', 'deactivated')),"
	"	created_at BIGINT NOT NULL,"
	"	updated_at BIGINT NOT NULL,"
	"	PRIMARY KEY (tenant_id, user_id));"
	"CREATE INDEX membership_by_user ON membership (user_id);"

	"CREATE TABLE invitation ("
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"
	"	id TEXT NOT NULL,"
	"	token_hash TEXT NOT NULL UNIQUE,"
	"	kind TEXT NOT NULL CHECK (kind IN ('join', 'reset')),"
	"	email TEXT NOT NULL," /* '': whoever has the link says it */
	"	role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin', 'owner')),"
	"	invited_by TEXT NOT NULL,"
	"	created_at BIGINT NOT NULL,"
	"	expires_at BIGINT NOT NULL,"
	"	used_at BIGINT NOT NULL,"
	"	PRIMARY KEY (tenant_id, id));"

	"CREATE TABLE sign_in ("
	"	id TEXT PRIMARY KEY," /* the family of its refresh tokens */
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"
	"	user_id TEXT NOT NULL REFERENCES user_account (id),"
	"	remote TEXT NOT NULL,"
	"	agent TEXT NOT NULL,"
	"	created_at BIGINT NOT NULL,"
	"	used_at BIGINT NOT NULL,"
	"	expires_at BIGINT NOT NULL,"
	"	ended_at BIGINT NOT NULL,"
	"	end_reason TEXT);"
	"CREATE INDEX sign_in_by_user ON sign_in (user_id, tenant_id);"
	"CREATE INDEX sign_in_by_expiry ON sign_in (expires_at);"

	"CREATE TABLE refresh_token ("
	"	token_hash TEXT PRIMARY KEY,"
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"
	"	sign_in_id TEXT NOT NULL REFERENCES sign_in (id),"
	"	created_at BIGINT NOT NULL,"
	"	expires_at BIGINT NOT NULL,"
	"	used_at BIGINT NOT NULL);"
	"CREATE INDEX refresh_token_by_sign_in ON refresh_token (sign_in_id);"
	"CREATE INDEX refresh_token_by_expiry ON refresh_token (expires_at);"

	"CREATE TABLE sign_in_failure ("
	"	who TEXT PRIMARY KEY," /* 'email:' and a digest, or 'ip:' and a network */
	"	failures BIGINT NOT NULL,"
	"	last_at BIGINT NOT NULL);"
	"CREATE INDEX sign_in_failure_by_time ON sign_in_failure (last_at);"

	"CREATE TABLE api_key ("
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"
	"	id TEXT NOT NULL,"
	"	name TEXT NOT NULL,"
	"	prefix TEXT NOT NULL UNIQUE,"
	"	key_hash TEXT NOT NULL,"
	"	scopes TEXT NOT NULL,"     /* JSON array of permission names */
	"	created_by TEXT NOT NULL," /* user, '' when nobody signs in */
	"	created_at BIGINT NOT NULL,"
	"	expires_at BIGINT NOT NULL,"
	"	last_used_at BIGINT NOT NULL,"
	"	revoked_at BIGINT NOT NULL,"
	"	PRIMARY KEY (tenant_id, id));";

/* Of the installation, not of a tenant. */
const char schema_secret[] = "CREATE TABLE secret_check ("
			     "	name TEXT PRIMARY KEY," /* of the setting */
			     "	hash TEXT NOT NULL,"
			     "	updated_at BIGINT NOT NULL);";
