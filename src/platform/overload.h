/*
 * Whether this pod has more to do than it can, so that it says so (503 with Retry-After) before
 * everybody waits: batches that wait for the database, an event loop that is late, memory nearly
 * full, more calls than it should carry. Callbacks of vendors, which carry calls that exist, and
 * /health, /ready and /metrics are always answered.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct db;
struct loop;
struct overload;

enum { OVERLOAD_RETRY_S = 2 };

struct overload_conf {
	struct loop *loop;
	struct db *db;           /* may be NULL */
	uint32_t db_pending;     /* batches; 0: any number, so with the others */
	uint32_t lag_ms;         /* of the loop, for two seconds */
	uint32_t memory_percent; /* resident, of what the process may use */
	uint32_t calls;
};

/* conf is copied; loop and db outlive it. Owned by the caller. */
struct overload *overload_new(const struct overload_conf *conf);

/* How many calls the pod carries now. */
void overload_set_calls(struct overload *overload, size_t calls);

/* Why requests are not taken, or NULL. Static text. */
const char *overload_reason(const struct overload *overload);
/* The same for new calls. */
const char *overload_call_reason(const struct overload *overload);
