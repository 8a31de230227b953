/* The figures of the dashboard (spec 8.2). */
#pragma once

#include "core/json.h"
#include "platform/store/batch.h"

/*
 * Add the statements (ANALYTICS_STATEMENTS of them, the batch is empty), and make of their results:
 *	{"total_calls","active_calls","completed_calls","success_rate" (0..1 of those that ended),
 *	 "average_duration_seconds" (of answered calls), "calls_by_status":{..},
 *	 "sentiment_distribution":{"positive","neutral","negative"} (calls),
 *	 "call_volume":[{"hour","calls"}] (24 hours, the current one last)}
 * now: UTC microseconds. New reference.
 */
enum { ANALYTICS_STATEMENTS = 3, ANALYTICS_HOURS = 24 };
void analytics_select(struct batch *batch, const char *tenant_id, int64_t now);
json_t *analytics_view(struct db_result *const *results, int64_t now);
