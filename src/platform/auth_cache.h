/*
 * Who was behind a credential a moment ago, so that the database is not asked with every request.
 * Bounded; an answer is good for a few seconds, which is how long a change made by another process
 * may take to be noticed.
 */
#pragma once

#include "platform/auth_key.h"

#include <stddef.h>
#include <stdint.h>

struct auth_cache;
struct principal;

/* max entries, the oldest gives way; owned by the caller, mem_unref(). */
struct auth_cache *auth_cache_new(size_t max, uint32_t ttl_ms);

/*
 * key: auth_hash() of the credential. Returns 0 with a reference (NULL: nobody is behind it), or
 * -EAGAIN: ask.
 */
int auth_cache_get(struct auth_cache *cache, const char key[AUTH_HASH_SIZE], uint64_t now_ms,
		   struct principal **ret_principal);
void auth_cache_put(struct auth_cache *cache, const char key[AUTH_HASH_SIZE], uint64_t now_ms,
		    struct principal *principal);

/* Something about users, keys or tenants was changed here. */
void auth_cache_clear(struct auth_cache *cache);
