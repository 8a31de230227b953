/* Tables call_cost (one row a call that ended), cost_day (their sums by day, UTC) and cost_quarter
 * (by quarter of an hour; read in figure.h). */
#pragma once

#include "platform/cost.h"
#include "platform/store/batch.h"

/* A call ended: its cost, once, and into the sums. */
void store_cost_insert(struct batch *batch, const char *tenant_id, const char *call_id,
		       int64_t ended_at, const struct cost *cost);

#define STORE_COST_COLUMNS                                                                \
	"currency, telephony, telephony_source, telephony_s, voice_ai, voice_ai_source, " \
	"voice_ai_s, analysis, analysis_source, analysis_tokens, infrastructure, ended_at"

/* At most one row of STORE_COST_COLUMNS. */
void store_cost_select(struct batch *batch, const char *tenant_id, const char *call_id);
/*
 * From column first on. Returns false when there is no row, or NULLs; currency is the result's.
 */
bool store_cost_load(struct cost *ret_cost, int64_t *ret_ended_at, const struct db_result *result,
		     size_t row, size_t first);

/*
 * Replace one component of what was loaded as before; three statements. Changes nothing (the batch
 * is -EAGAIN) when it is not what it was.
 */
void store_cost_replace(struct batch *batch, const char *tenant_id, const char *call_id,
			int64_t ended_at, const struct cost *before, enum cost_component component,
			const struct cost_part *part);

/* One row: telephony, voice_ai, analysis, infrastructure, calls; of the days from day on. */
void store_cost_sum(struct batch *batch, const char *tenant_id, const char *currency,
		    int64_t first_day);
