/* What the analysis made of a call, one per call; a new analysis replaces the old one. */
#pragma once

#include "core/json_writer.h"
#include "platform/call_table.h"

struct summary {
	const char *tenant_id;
	const char *call_id;
	const char *status;    /* "pending", "completed" or "failed" */
	const char *text;      /* NULL unless completed */
	json_t *key_points;    /* arrays of strings, borrowed; NULL gives [] */
	const char *sentiment; /* "positive", "neutral", "negative"; NULL unless completed */
	json_t *action_items;
	json_t *highlights;
	const char *analyser; /* "openai" or "embedded" */
	const char *model;    /* may be NULL */
	const char *error;    /* why it failed */
};

/*
 * Store and publish call.summary. A failed or pending one never replaces a completed one. Returns 0
 * or -EINVAL (status or sentiment unknown); doneh may be NULL.
 */
int summary_save(struct call_table *table, const struct summary *summary, call_noted_h *doneh,
		 void *arg);

/* As the API shows it. New references. */
json_t *summary_view(const struct summary *summary, int64_t created_at);
/* From a row that has the columns of store_summary_select() from first on; null when they are NULL.
 */
struct db_result;
void summary_write_row(struct json_writer *writer, const char *key, const struct db_result *result,
		       size_t row, size_t first);
json_t *summary_row(const struct db_result *result, size_t row, size_t first);
