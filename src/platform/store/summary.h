/* Table call_summary: the analysis of a call, one row at most. */
#pragma once

#include "platform/store/batch.h"
#include "platform/summary.h"

/* Changes one row, or none where a completed summary would be replaced by less. */
void store_summary_save(struct batch *batch, const struct summary *summary, int64_t at);

/* The same from elsewhere; changes no row when there is one. */
void store_summary_import(struct batch *batch, const struct summary *summary, int64_t at);

/*
 * status, summary, key_points, sentiment, action_items, highlights, analyser, model, error,
 * created_at
 */
void store_summary_select(struct batch *batch, const char *tenant_id, const char *call_id);
