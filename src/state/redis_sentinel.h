/* Asks sentinels, one after the other, where the primary is. */
#pragma once

#include "state/redis_link.h"

struct redis_sentinel;

/* url: REDIS_SENTINEL, outlives it. Owned by the caller. Sentinels are asked without password. */
struct redis_sentinel *redis_sentinel_new(struct loop *loop, const struct redis_url *url,
					  uint32_t timeout_ms);

/* Answer the link (redis_link_connect() or redis_link_give_up()), later. */
void redis_sentinel_find(struct redis_sentinel *sentinel, struct redis_link *link);
/* Do not answer it any more. */
void redis_sentinel_forget(struct redis_sentinel *sentinel, struct redis_link *link);
