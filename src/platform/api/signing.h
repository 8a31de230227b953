/*
 * Signing in, whichever way (a password, an invitation, a refresh token, another tenant): what the
 * handlers share. All of them end in the same answer, which holds an access token and a refresh
 * token; the latter in the body, or in a cookie that no script can read.
 */
#pragma once

#include "platform/auth_key.h"
#include "platform/platform_priv.h"
#include "platform/api/error.h"
#include "platform/principal.h"
#include "platform/proof.h"
#include "platform/store/sign_in.h"

#define SIGNING_COOKIE "voiceai_refresh"

enum {
	SIGNING_REFRESH_S = 30 * 24 * 3600,
	SIGNING_MAX_EMAIL = 254, /* RFC 5321, 4.5.3.1.3 */
	SIGNING_MAX_NAME = 120,
	SIGNING_MAX_PASSWORD = 1024, /* taken to be checked; new ones are shorter */
};

/* One request of somebody who signs in. task.tenant_id is where, once that is known. */
struct signing {
	struct task task;
	json_t *body;
	struct proof *proof;
	struct db_request *query;
	bool cookie; /* the refresh token goes into one */
	char user_id[UUID_SIZE];
	char *email;
	char *name;
	char *tenant_name;
	char *hash; /* of a new password, or NULL */
	enum role role;
	struct principal *by; /* who signs in, for audit_log */
	/* made by signing_add() */
	char sign_in_id[UUID_SIZE];
	char refresh[AUTH_WORD_SIZE];
	int64_t expires_at;
	/* of an invitation */
	char token_hash[AUTH_HASH_SIZE];
	bool is_reset;
	bool is_nameless;
	bool is_known; /* somebody has the account already */
};

/* body: a reference, taken over. */
struct signing *signing_new(struct platform *platform, struct http_request *req, json_t *body);
void signing_end(struct signing *signing);

/* Trimmed and lower-case into a new string; NULL after answering 400. */
char *signing_email(struct http_request *req, const char *text);

/* Start the proof of signing->email and the body's "password"; done(signing) when it is right. */
typedef void signing_step_h(struct signing *signing);
void signing_prove(struct signing *signing, const char *password, const char *new_password,
		   signing_step_h *done);
/* Only hash it, into signing->hash. */
void signing_hash(struct signing *signing, const char *new_password, signing_step_h *done);

/*
 * Add the rows of a new sign-in in task.tenant_id, which the answer will be about, and its entry in
 * audit_log (action is static). Then run the batch; signing_answer() when it is committed.
 */
void signing_add(struct signing *signing, struct batch *batch, const char *action);
void signing_run(struct signing *signing, struct batch *batch, db_done_h *doneh);
void signing_answer(struct signing *signing);

/* The other answers; they end it. err as of db.h. */
void signing_fail(struct signing *signing, int err);
void signing_refuse(struct signing *signing, enum api_error error);

/* What the request says its refresh token is: in the body, or the cookie. NULL when nowhere. */
const char *signing_refresh_token(const struct http_request *req, const json_t *body,
				  char word[AUTH_WORD_SIZE]);
/* Make the browser forget it. */
void signing_drop_cookie(const struct platform *platform, struct http_request *req);
