/*
 * Tables sign_in (somebody signed in, in a tenant: the family of refresh tokens), refresh_token and
 * sign_in_failure.
 */
#pragma once

#include "platform/store/batch.h"

struct store_sign_in {
	const char *id;
	const char *tenant_id;
	const char *user_id;
	const char *remote;
	const char *agent; /* the browser's name for itself */
	int64_t at;
	int64_t expires_at;
};
void store_sign_in_insert(struct batch *batch, const struct store_sign_in *sign_in);

/* Who that is, while it stands. No or one row: tenant_id, user_id, role. */
void store_sign_in_identity(struct batch *batch, const char *id, int64_t now);

/* A token of the family; expects a row. */
void store_refresh_insert(struct batch *batch, const struct store_sign_in *sign_in,
			  const char *token_hash);

/*
 * No or one row: tenant_id, sign_in_id, user_id, role (NULL: no longer a member), used_at,
 * expires_at, ended_at, email, name, name of the tenant.
 */
void store_refresh_select(struct batch *batch, const char *token_hash);

/* Expects the token to be unused. */
void store_refresh_use(struct batch *batch, const char *token_hash, int64_t now);

/* The sign-in goes on until then; expects it not to have ended. */
void store_sign_in_extend(struct batch *batch, const char *id, int64_t now, int64_t expires_at);

/* Reasons are static: "signed_out", "reuse", "password", "switched", "revoked". */
void store_sign_in_end(struct batch *batch, const char *id, int64_t now, const char *reason);
/* By its user; expects it not to have ended. */
void store_sign_in_end_own(struct batch *batch, const char *id, const char *tenant_id,
			   const char *user_id, int64_t now);
/* All of a user in every tenant (tenant_id NULL) or one; but not the one kept (may be NULL). */
void store_sign_in_end_all(struct batch *batch, const char *tenant_id, const char *user_id,
			   const char *kept_id, int64_t now, const char *reason);

/* Those that stand, newest first. Rows: id, remote, agent, created_at, used_at. */
void store_sign_in_list(struct batch *batch, const char *tenant_id, const char *user_id,
			int64_t now);

/* Rows of these two, those that are there: who, failures, last_at. */
void store_failure_select(struct batch *batch, const char *who, const char *other);
/* Write the count; expects it to be `seen` before, or the row not to be there. */
void store_failure_set(struct batch *batch, const char *who, int64_t failures, int64_t seen,
		       int64_t now);
void store_failure_delete(struct batch *batch, const char *who);
void store_failure_take_back(struct batch *batch, const char *who);

/* Forget what is over or older than that, of all tenants. */
void store_sign_in_tidy(struct batch *batch, int64_t now, int64_t failures_before);
