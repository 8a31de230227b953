/*
 * Figures of the calls of a period, for the analytics page: totals, by day, hour, agent, number,
 * outcome and so on, how long turns took, and what calls cost. Days and hours are those of a zone.
 */
#pragma once

#include "core/json.h"
#include "core/zone.h"
#include "platform/cost.h"
#include "platform/store/batch.h"

struct figure_period {
	const struct zone *zone; /* referenced */
	int64_t from_s, to_s;    /* UTC seconds, widened to quarters of an hour; from_s < to_s */
};

enum {
	FIGURE_STATEMENTS = 4,
	FIGURE_MAX_DAYS = 400,
	FIGURE_HOURLY_S = 72 * 3600 /* longer periods are not shown hour by hour */
};

/* Widen to quarters of an hour. */
void figure_period_align(struct figure_period *period);

/* As many days of the zone (or, when it does not begin and end with days, as long), before it. */
struct figure_period figure_period_before(const struct figure_period *period);

/*
 * Add the FIGURE_STATEMENTS statements, and make the view of their results (docs/analytics.md). New
 * reference.
 */
void figure_select(struct batch *batch, const char *tenant_id, const struct cost_rates *rates,
		   const struct figure_period *period);
json_t *figure_view(struct db_result *const *results, const struct cost_rates *rates,
		    const struct figure_period *period);
