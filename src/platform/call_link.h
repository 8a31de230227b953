/*
 * Links to what there is of a call that need no sign-in: they say which call, what of it and until
 * when, under a hash that only the tenant's vault can make. Each has a row (store/call_link.h) as
 * long as it opens something: to take it back, the row is removed.
 *
 *	TENANT.CALL_ID.ID.EXPIRES.SCOPE.HASH	EXPIRES: seconds since 1970; SCOPE: a letter
 */
#pragma once

#include "core/uuid.h"

#include <stdbool.h>
#include <stdint.h>

struct vault;

/* LINK_SCOPE(id, letter, what it opens) */
#define CALL_LINK_SCOPES(X)                               \
	X(SOUND, "i", "the recording, to be listened to") \
	X(FILE, "d", "the recording, to be saved")        \
	X(CALL, "c", "the call: its words, its summary and its recording")

enum call_link_scope {
#define LINK_SCOPE(id_, letter_, text_) CALL_LINK_##id_,
	CALL_LINK_SCOPES(LINK_SCOPE)
#undef LINK_SCOPE
		CALL_LINK_SCOPE_COUNT
};

struct call_link {
	char tenant_id[UUID_SIZE];
	char call_id[UUID_SIZE];
	char id[UUID_SIZE]; /* its own */
	int64_t expires_s;
	enum call_link_scope scope;
};

const char *call_link_letter(enum call_link_scope scope);
int call_link_scope_parse(enum call_link_scope *ret_scope, const char *letter);

/* The token; owned by the caller. NULL before vault_refresh() of the tenant. */
char *call_link_make(const struct call_link *link, struct vault *vault);

/* Only its shape; what it says is not to be trusted before call_link_is_signed(). Returns 0 or
 * -EBADMSG. */
int call_link_parse(struct call_link *ret_link, const char *token);

/* After vault_refresh() of the tenant it names. */
bool call_link_is_signed(const struct call_link *link, const char *token, struct vault *vault);
