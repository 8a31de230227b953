/*
 * Access tokens: short-lived JWT (RFC 7519), HMAC-SHA256 under AUTH_SECRET (libjwt). They say which
 * sign-in they belong to; whether that still stands is asked of the database (auth.h).
 */
#pragma once

#include "core/uuid.h"
#include "platform/permission.h"

enum { AUTH_TOKEN_TTL_S = 15 * 60, AUTH_TOKEN_MAX = 2048 };

struct auth_claims {
	char user_id[UUID_SIZE];    /* sub */
	char tenant_id[UUID_SIZE];  /* tenant */
	char sign_in_id[UUID_SIZE]; /* sid */
	enum role role;
	int64_t issued_s;
	int64_t expires_s;
};

/* A token of now; owned by the caller, mem_free(). issued_s and expires_s are set. */
char *auth_token_make(struct auth_claims *claims, const char *secret);

/*
 * Parse and verify a token from outside. Returns 0; -EACCES (not signed by us, or not a token);
 * -ETIMEDOUT (its time is over). claims is written only on 0.
 */
int auth_token_verify(struct auth_claims *ret_claims, const char *token, const char *secret);
