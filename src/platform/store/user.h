/* Tables user_account, membership and invitation. */
#pragma once

#include "platform/store/batch.h"

struct store_user {
	const char *id;
	const char *email; /* lower case */
	const char *name;
	const char *password; /* hash */
	int64_t at;
};
void store_user_insert(struct batch *batch, const struct store_user *user);

/* No or one row: id, email, name, password, created_at. */
void store_user_by_email(struct batch *batch, const char *email);
/* Of the email an invitation names; columns as above. */
void store_user_by_invitation(struct batch *batch, const char *token_hash);
void store_user_by_id(struct batch *batch, const char *id);
/* One row: how many there are, of all tenants. */
void store_user_count(struct batch *batch);
void store_user_name(struct batch *batch, const char *id, const char *name, int64_t now);
void store_user_password(struct batch *batch, const char *id, const char *password, int64_t now);
void store_user_signed_in(struct batch *batch, const char *id, int64_t now);

/* ---- membership ---- */

/* Somebody who was a member before is one again; an active one keeps the role. */
void store_member_put(struct batch *batch, const char *tenant_id, const char *user_id,
		      const char *role, int64_t now);

/* Columns of the rows below. */
enum store_member_column {
	STORE_MEMBER_USER_ID,
	STORE_MEMBER_EMAIL,
	STORE_MEMBER_NAME,
	STORE_MEMBER_ROLE,
	STORE_MEMBER_STATUS,
	STORE_MEMBER_CREATED_AT,
	STORE_MEMBER_SIGNED_IN_AT,
};
/* In order of their ids, those after one ("" for all). */
void store_member_list(struct batch *batch, const char *tenant_id, const char *after_id,
		       int64_t limit);
void store_member_select(struct batch *batch, const char *tenant_id, const char *user_id);

/* Where somebody may sign in. Rows: tenant_id, name of the tenant, role. */
void store_member_tenants(struct batch *batch, const char *user_id);

/*
 * Changes of members go one after the other in a tenant: the first statement of their batch.
 * Expects the tenant to be there.
 */
void store_member_lock(struct batch *batch, const char *tenant_id, int64_t now);
/* Each expects the member to be there, and another active owner to be left. */
void store_member_update(struct batch *batch, const char *tenant_id, const char *user_id,
			 const char *role, const char *status, int64_t now);
void store_member_delete(struct batch *batch, const char *tenant_id, const char *user_id);

/* ---- invitations ---- */

struct store_invitation {
	const char *tenant_id;
	const char *id;
	const char *token_hash;
	const char *kind; /* "join", "reset" (a new password) */
	const char *email;
	const char *role;
	const char *invited_by;
	int64_t created_at;
	int64_t expires_at;
};
void store_invitation_insert(struct batch *batch, const struct store_invitation *invitation);

/* While it is good. No or one row: tenant_id, id, kind, email, role, name of the tenant. */
void store_invitation_find(struct batch *batch, const char *token_hash, int64_t now);
/* Expects it to be good. */
void store_invitation_use(struct batch *batch, const char *token_hash, int64_t now);
/* Those that are good, newest first. Rows: id, email, role, invited_by, created_at, expires_at. */
void store_invitation_list(struct batch *batch, const char *tenant_id, int64_t now);
/* Expects one that is not used. */
void store_invitation_delete(struct batch *batch, const char *tenant_id, const char *id);
/* Those to a user who may no longer come. */
void store_invitation_delete_user(struct batch *batch, const char *tenant_id, const char *user_id);
/* Those of the first start: whoever used one makes the others worthless. */
void store_invitation_delete_nameless(struct batch *batch, const char *tenant_id);
