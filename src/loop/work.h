/*
 * Blocking work away from the loop. A pool has threads; a strand is a queue that runs its tasks in
 * order, one at a time, on whichever thread of the pool is free. Strands never delay each other
 * while the pool has a free thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct loop;
struct work_pool;
struct strand;

typedef void work_h(void *arg);

/* threads 1..64. Owned by the caller; mem_unref() waits for running tasks, drops queued ones. */
struct work_pool *work_pool_new(struct loop *loop, uint32_t threads);

/* A strand of the pool (referenced), owned by the caller. */
struct strand *strand_new(struct work_pool *pool);

/*
 * Queue a task: workh(arg) runs on a thread of the pool, then doneh(arg) (may be NULL) on the
 * loop. arg must stay valid until doneh has run: both always run, in that order, also when the
 * strand was released meanwhile; only destroying the pool drops them. Loop thread only.
 */
void strand_post(struct strand *strand, work_h *workh, work_h *doneh, void *arg);

/* Tasks posted whose workh has not finished. Bound what you queue by it. */
size_t strand_pending(const struct strand *strand);
