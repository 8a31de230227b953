/*
 * What may be done, and the least role that may do it: the one table. A role may do everything that
 * the roles below it may. docs/access.md shows it to users.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ROLE(id, name), from the least to the greatest. */
#define ROLES(X)                \
	X(VIEWER, "viewer")     \
	X(OPERATOR, "operator") \
	X(ADMIN, "admin")       \
	X(OWNER, "owner")

enum role {
#define ROLE(id_, name_) ROLE_##id_,
	ROLES(ROLE)
#undef ROLE
		ROLE_COUNT
};

/* PERMISSION(id, name, least role). Names are the scopes of API keys. */
#define PERMISSIONS(X)                                \
	X(PROFILE, "profile", VIEWER)                 \
	X(CALLS_READ, "calls:read", VIEWER)           \
	X(CALLS_WRITE, "calls:write", OPERATOR)       \
	X(CALLS_LISTEN, "calls:listen", OPERATOR)     \
	X(PAYLOADS_READ, "payloads:read", ADMIN)      \
	X(RECORDINGS_READ, "recordings:read", VIEWER) \
	X(ANALYTICS_READ, "analytics:read", VIEWER)   \
	X(LIVE_READ, "live:read", VIEWER)             \
	X(AGENTS_READ, "agents:read", VIEWER)         \
	X(AGENTS_WRITE, "agents:write", ADMIN)        \
	X(WEBHOOKS_READ, "webhooks:read", ADMIN)      \
	X(WEBHOOKS_WRITE, "webhooks:write", ADMIN)    \
	X(NUMBERS_READ, "numbers:read", VIEWER)       \
	X(NUMBERS_WRITE, "numbers:write", ADMIN)      \
	X(LEADS_READ, "leads:read", OPERATOR)         \
	X(LEADS_WRITE, "leads:write", ADMIN)          \
	X(LIMITS_READ, "limits:read", OPERATOR)       \
	X(LIMITS_WRITE, "limits:write", ADMIN)        \
	X(PRIVACY, "privacy", ADMIN)                  \
	X(USERS_READ, "users:read", ADMIN)            \
	X(USERS_WRITE, "users:write", ADMIN)          \
	X(KEYS_READ, "keys:read", ADMIN)              \
	X(KEYS_WRITE, "keys:write", ADMIN)            \
	X(TENANTS_READ, "tenants:read", VIEWER)       \
	X(TENANTS_WRITE, "tenants:write", OWNER)      \
	X(JOBS_READ, "jobs:read", ADMIN)              \
	X(JOBS_WRITE, "jobs:write", ADMIN)            \
	X(AUDIT_READ, "audit:read", ADMIN)

enum permission {
#define PERMISSION(id_, name_, role_) PERM_##id_,
	PERMISSIONS(PERMISSION)
#undef PERMISSION
		PERMISSION_COUNT
};

/* A set of permissions: bit 1 << PERM_X. */
typedef uint64_t permission_set;
_Static_assert(PERMISSION_COUNT <= 64, "permissions fit into permission_set");

const char *role_name(enum role role);
int role_parse(enum role *ret_role, const char *name); /* 0 or -EINVAL */

const char *permission_name(enum permission permission);
int permission_parse(enum permission *ret_permission, const char *name); /* 0 or -EINVAL */
enum role permission_least_role(enum permission permission);

permission_set role_permissions(enum role role);
static inline bool permission_in(permission_set set, enum permission permission)
{
	return set >> permission & 1;
}
