/*
 * Who is behind a credential: an access token (auth_token.h), an API key (auth_key.h) or a ticket
 * for a WebSocket. What is known already is answered at once; otherwise the database is asked.
 *
 * What somebody may do is what the database says now, not what a token said when it was made: a
 * role taken away, a key revoked, a sign-in ended counts at once in this process and within
 * AUTH_KNOWN_MS in others.
 */
#pragma once

#include "platform/auth_key.h"
#include "platform/principal.h"

struct auth;
struct auth_request;
struct db;
struct loop;
struct state;

enum {
	AUTH_KNOWN_MS = 5000,
	AUTH_TICKET_MS = 30000,
	AUTH_KEY_USED_EVERY_S = 60, /* how exact last_used_at of a key is */
};

struct auth_conf {
	struct loop *loop;
	struct db *db;
	struct state *state; /* for tickets */
	const char *secret;  /* AUTH_SECRET; static */
};

/* Owned by the caller; what conf names outlives it. */
struct auth *auth_new(const struct auth_conf *conf);
const char *auth_secret(const struct auth *auth);

/*
 * Returns 0 with the principal (a reference), -EACCES (nobody, or no longer), or -EAGAIN: ask.
 */
int auth_known(struct auth *auth, const struct auth_credential *credential,
	       struct principal **ret_principal);

/*
 * err: 0 with the principal, valid during the handler; -EACCES; an error of the database.
 * ret_request is owned by the caller; releasing it silences the handler.
 */
typedef void auth_done_h(int err, struct principal *principal, void *arg);
void auth_ask(struct auth_request **ret_request, struct auth *auth,
	      const struct auth_credential *credential, auth_done_h *doneh, void *arg);

/* Whether a user or key that passed earlier still would, and as whom. */
void auth_ask_again(struct auth_request **ret_request, struct auth *auth,
		    const struct principal *principal, auth_done_h *doneh, void *arg);

/*
 * A word that stands for the principal once, for AUTH_TICKET_MS. err besides: -EBUSY (try again).
 * The word is made before this returns.
 */
void auth_ticket_give(struct auth_request **ret_request, struct auth *auth,
		      const struct principal *principal, char ret_ticket[AUTH_WORD_SIZE],
		      auth_done_h *doneh, void *arg);
void auth_ticket_take(struct auth_request **ret_request, struct auth *auth, const char *ticket,
		      auth_done_h *doneh, void *arg);

/* Users, keys, sign-ins or tenants were changed: forget what is known. */
void auth_changed(struct auth *auth);
