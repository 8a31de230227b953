/* Table api_key: a row a key, of which only a digest is kept. */
#pragma once

#include "platform/store/batch.h"

struct store_api_key {
	const char *tenant_id;
	const char *id;
	const char *name;
	const char *prefix;
	const char *key_hash;
	const char *scopes; /* JSON array */
	const char *created_by;
	int64_t created_at;
	int64_t expires_at; /* 0: never */
};
void store_api_key_insert(struct batch *batch, const struct store_api_key *key);

/* Columns of a row of the two selections below. */
enum store_api_key_column {
	STORE_KEY_ID,
	STORE_KEY_NAME,
	STORE_KEY_PREFIX,
	STORE_KEY_SCOPES,
	STORE_KEY_CREATED_BY,
	STORE_KEY_CREATED_AT,
	STORE_KEY_EXPIRES_AT,
	STORE_KEY_LAST_USED_AT,
	STORE_KEY_REVOKED_AT,
};
/* Newest first, those before an id (NULL: from the newest). */
void store_api_key_list(struct batch *batch, const char *tenant_id, const char *before_id,
			int64_t limit);
void store_api_key_select(struct batch *batch, const char *tenant_id, const char *id);

/* Expects a key that is not revoked yet. */
void store_api_key_revoke(struct batch *batch, const char *tenant_id, const char *id, int64_t now);

/* Whoever has this prefix, of all tenants, or this id, while it stands. Columns of the row: */
enum store_api_key_identity {
	STORE_KEY_IDENTITY_TENANT,
	STORE_KEY_IDENTITY_ID,
	STORE_KEY_IDENTITY_HASH,
	STORE_KEY_IDENTITY_SCOPES,
	STORE_KEY_IDENTITY_CREATED_BY,
	STORE_KEY_IDENTITY_LAST_USED_AT,
	STORE_KEY_IDENTITY_ROLE, /* of who made it; NULL when nobody signed in for it */
};
void store_api_key_by_prefix(struct batch *batch, const char *prefix, int64_t now);
void store_api_key_by_id(struct batch *batch, const char *tenant_id, const char *id, int64_t now);

/* Unless it was used since `since`. */
void store_api_key_used(struct batch *batch, const char *tenant_id, const char *id, int64_t now,
			int64_t since);
