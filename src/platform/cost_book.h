/*
 * What vendors say about the cost of calls that have ended: a measure, or a price. It replaces what
 * was worked out by rates (cost.h), in the call's row and in the sums, whoever comes at the same
 * time.
 */
#pragma once

#include "platform/cost.h"

struct cost_book;
struct db;

/* rates outlives it. Owned by the caller; dropping it drops handlers that have not run. */
struct cost_book *cost_book_new(struct db *db, const struct cost_rates *rates);

struct cost_fact {
	enum cost_component component; /* all but COST_INFRASTRUCTURE */
	enum cost_source source;
	int64_t quantity; /* replaces the one known; tokens are added to it */
	int64_t micros;   /* of COST_BY_PRICE; worked out by rates otherwise */
};

/*
 * err: 0, also when something better was known; -ENOENT: the call has no cost (yet); db errors.
 * doneh may be NULL.
 */
typedef void cost_noted_h(int err, void *arg);
void cost_book_note(struct cost_book *book, const char *tenant_id, const char *call_id,
		    const struct cost_fact *fact, cost_noted_h *doneh, void *arg);
