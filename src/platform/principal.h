/* Who asks: the tenant, the user, key or part of the platform, and what it may do there. */
#pragma once

#include "core/uuid.h"
#include "platform/permission.h"

/* Kinds, and how audit_log names them. PRINCIPAL(id, name) */
#define PRINCIPALS(X)     \
	X(LOCAL, "local") \
	X(USER, "user")   \
	X(KEY, "api_key") \
	X(SYSTEM, "system")

enum principal_kind {
#define PRINCIPAL(id_, name_) PRINCIPAL_##id_,
	PRINCIPALS(PRINCIPAL)
#undef PRINCIPAL
};

/*
 * LOCAL  whoever reaches a platform in single-user mode: owner of the only tenant
 * USER   somebody who has signed in
 * KEY    an API key
 * SYSTEM the platform itself: a job, a webhook of a vendor
 *
 * Never changed once made, so that it can be shared: mem_ref(), mem_unref().
 */
struct principal {
	enum principal_kind kind;
	char tenant_id[UUID_SIZE];
	char id[UUID_SIZE];         /* of the user or key, "" otherwise */
	char user_id[UUID_SIZE];    /* the user, or who made the key; "" when nobody signs in */
	char sign_in_id[UUID_SIZE]; /* of a USER */
	enum role role;
	permission_set permissions; /* the role's, narrowed by a key's scopes */
	char remote[46];            /* IP address it came from, "" when from nowhere */
};

/* Owned by the caller, to be filled before it is shared. */
struct principal *principal_new(enum principal_kind kind, const char *tenant_id, const char *id,
				enum role role, const char *remote);
/* The same one, coming from an address; owned by the caller. */
struct principal *principal_at(const struct principal *principal, const char *remote);
const char *principal_kind_name(enum principal_kind kind);

static inline bool principal_may(const struct principal *principal, enum permission permission)
{
	return permission_in(principal->permissions, permission);
}

/* "default" or an UUID: what a tenant's id may look like. */
bool tenant_id_is_valid(const char *text);
