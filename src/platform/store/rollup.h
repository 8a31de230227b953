/*
 * Tables call_rollup and call_rollup_delta: what analytics are counted from (schema_rollup.c).
 * Reading adds what is not folded yet and the calls that are not over, in one statement and so at
 * one moment: the figures are those of a scan of all calls.
 */
#pragma once

#include "platform/store/batch.h"

enum { STORE_ROLLUP_FOLD_STATEMENTS = 6 };

/*
 * Of all tenants: add at most limit differences to the counts and forget them; the batch's first
 * statement changes a row for each. mark: not 0, and nobody else's. Several may fold at once; each
 * difference is taken by one of them.
 */
void store_rollup_fold(struct batch *batch, int64_t mark, int64_t limit);

/* Of all tenants: a row for each difference that waits, of turns too; at most limit. */
void store_rollup_waiting(struct batch *batch, int64_t limit);

/* status, calls, talk_s and answered, which is the number of calls that talk_s is the sum of. */
void store_rollup_by_status(struct batch *batch, const char *tenant_id);

/* sentiment, calls that have a completed summary with it. */
void store_rollup_by_sentiment(struct batch *batch, const char *tenant_id);

/* hour (its number since 1970), calls created in it; hours that begin at since or later. */
void store_rollup_by_hour(struct batch *batch, const char *tenant_id, int64_t since);
