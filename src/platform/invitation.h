/* One-time links: made here, used in api/invitation.c. */
#pragma once

#include "core/json.h"
#include "platform/auth_key.h"
#include "platform/principal.h"

struct batch;

enum { INVITATION_TTL_S = 7 * 24 * 3600, INVITATION_FIRST_TTL_S = 24 * 3600 };

struct invitation {
	char id[UUID_SIZE];
	char word[AUTH_WORD_SIZE];
	char hash[AUTH_HASH_SIZE];
	char link[1200]; /* base URL, and the word behind '#', which browsers tell no server */
	int64_t expires_at;
};

void invitation_make(struct invitation *ret_invitation, const char *base_url);

struct invitation_params {
	const char *tenant_id;
	const char *kind;  /* "join", "reset" */
	const char *email; /* "": whoever has the link says it */
	enum role role;
	const struct principal *by;
};
/* With its entry in audit_log; everything lives until the batch is run. */
void invitation_add(struct batch *batch, const struct invitation *invitation,
		    const struct invitation_params *params);

/* What whoever invites is told, this once. */
json_t *invitation_view(const struct invitation *invitation, const char *email, enum role role);
