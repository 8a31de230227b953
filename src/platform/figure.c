#include "platform/figure.h"

#include "core/mem.h"
#include "core/str.h"
#include "platform/call.h"
#include "platform/store/figure.h"

#include <string.h>

enum { QUARTER_S = 900, HOUR_S = 3600, DAY_S = 24 * 3600, DAY_HOURS = 24, MAX_VALUES = 200 };

enum { TOTALS, SERIES, TURNS, COSTS };

struct figure {
	int64_t calls, completed, answered, talk_s, cost_micros;
};

void figure_period_align(struct figure_period *period)
{
	period->from_s = period->from_s / QUARTER_S * QUARTER_S;
	period->to_s = (period->to_s + QUARTER_S - 1) / QUARTER_S * QUARTER_S;
}

static bool is_midnight(const struct zone *zone, int64_t at_s)
{
	return zone_day_start(zone, zone_day(zone, at_s)) == at_s;
}

struct figure_period figure_period_before(const struct figure_period *period)
{
	const struct zone *zone = period->zone;
	struct figure_period before = {.zone = zone, .to_s = period->from_s};
	int64_t from_day = zone_day(zone, period->from_s), to_day = zone_day(zone, period->to_s);

	if (is_midnight(zone, period->from_s) && is_midnight(zone, period->to_s))
		before.from_s = zone_day_start(zone, from_day - (to_day - from_day));
	else
		before.from_s = period->from_s - (period->to_s - period->from_s);
	return before;
}

void figure_select(struct batch *batch, const char *tenant_id, const struct cost_rates *rates,
		   const struct figure_period *period)
{
	int64_t from = period->from_s * 1000000, to = period->to_s * 1000000;

	store_figure_totals(batch, tenant_id, from, to);
	store_figure_series(batch, tenant_id, from, to);
	store_turn_figure_totals(batch, tenant_id, from, to);
	store_cost_series(batch, tenant_id, rates->currency, from, to);
}

/* ---- one figure ---- */

static struct figure figure_of(const struct db_result *result, size_t row, size_t first)
{
	return (struct figure){
		.calls = db_get_int(result, row, first),
		.completed = db_get_int(result, row, first + 1),
		.answered = db_get_int(result, row, first + 2),
		.talk_s = db_get_int(result, row, first + 3),
	};
}

static void add(struct figure *sum, const struct figure *figure)
{
	sum->calls += figure->calls;
	sum->completed += figure->completed;
	sum->answered += figure->answered;
	sum->talk_s += figure->talk_s;
	sum->cost_micros += figure->cost_micros;
}

static void set_figure(json_t *view, const struct figure *figure)
{
	json_set_int(view, "calls", figure->calls);
	json_set_int(view, "completed_calls", figure->completed);
	json_set_int(view, "answered_calls", figure->answered);
	json_set_int(view, "talk_seconds", figure->talk_s);
}

/* ---- totals, and by one thing ---- */

static bool is_dimension(const struct db_result *result, size_t row, const char *dimension)
{
	return str_equal(db_get_text(result, row, 0), dimension);
}

static json_t *totals_view(const struct db_result *result)
{
	json_t *view = json_object();
	struct figure sum = {0};
	int64_t over = 0;

	for (size_t row = 0; row < db_rows(result); row++) {
		struct figure figure = figure_of(result, row, 2);
		enum call_status status;

		if (!is_dimension(result, row, "status") ||
		    call_status_parse(&status, db_get_text(result, row, 1)))
			continue;
		add(&sum, &figure);
		over += call_status_is_terminal(status) ? figure.calls : 0;
	}
	set_figure(view, &sum);
	json_set_int(view, "active_calls", sum.calls - over);
	json_set_number(view, "success_rate", over ? (double)sum.completed / (double)over : 0);
	json_set_number(view, "average_duration_seconds",
			sum.answered ? (double)sum.talk_s / (double)sum.answered : 0);
	return view;
}

/* The most calls first; at most MAX_VALUES. */
static json_t *breakdown(const struct db_result *result, const char *dimension, const char *name)
{
	json_t *view = json_array();

	for (size_t row = 0; row < db_rows(result) && json_array_size(view) < MAX_VALUES; row++) {
		const char *value = db_get_text(result, row, 1);
		struct figure figure = figure_of(result, row, 2);
		json_t *one;

		if (!is_dimension(result, row, dimension))
			continue;
		one = json_object();
		json_set_str(one, name, str_is_empty(value) ? NULL : value);
		set_figure(one, &figure);
		json_array_append_new(view, one);
	}
	return view;
}

static json_t *counts(const struct db_result *result, const char *dimension, json_t *view)
{
	for (size_t row = 0; row < db_rows(result); row++)
		if (is_dimension(result, row, dimension))
			json_set_int(view, db_get_text(result, row, 1), db_get_int(result, row, 2));
	return view;
}

static json_t *statuses(void)
{
	json_t *view = json_object();

	for (int i = 0; i < CALL_STATUS_COUNT; i++)
		json_set_int(view, call_status_name((enum call_status)i), 0);
	return view;
}

/* ---- by time ---- */

struct times {
	int64_t first_day, days;
	struct figure *by_day;
	struct figure by_hour_of_day[DAY_HOURS];
	int64_t first_hour_s, hours; /* 0: too long */
	struct figure *by_hour;
};

static void times_add(struct times *times, const struct figure_period *period, int64_t at_s,
		      const struct figure *figure)
{
	int64_t local_s = at_s + zone_offset_s(period->zone, at_s);
	int64_t day = zone_day(period->zone, at_s) - times->first_day;
	int64_t hour = (at_s - times->first_hour_s) / HOUR_S;

	if (day >= 0 && day < times->days)
		add(&times->by_day[day], figure);
	add(&times->by_hour_of_day[(local_s % DAY_S + DAY_S) % DAY_S / HOUR_S], figure);
	if (hour >= 0 && hour < times->hours)
		add(&times->by_hour[hour], figure);
}

static struct times times_of(struct db_result *const *results, const struct figure_period *period)
{
	struct times times = {.first_day = zone_day(period->zone, period->from_s),
			      .first_hour_s = period->from_s};
	const struct db_result *series = results[SERIES], *costs = results[COSTS];

	times.days = zone_day(period->zone, period->to_s - 1) - times.first_day + 1;
	if (period->to_s - period->from_s <= FIGURE_HOURLY_S)
		times.hours = (period->to_s - period->from_s + HOUR_S - 1) / HOUR_S;
	times.by_day = mem_alloc((size_t)times.days * sizeof(*times.by_day));
	times.by_hour = mem_alloc((size_t)(times.hours + 1) * sizeof(*times.by_hour));
	for (size_t row = 0; row < db_rows(series); row++) {
		struct figure figure = figure_of(series, row, 1);

		times_add(&times, period, db_get_int(series, row, 0) / 1000000, &figure);
	}
	for (size_t row = 0; row < db_rows(costs); row++) {
		struct figure figure = {0};

		for (size_t i = 0; i < COST_COMPONENT_COUNT; i++)
			figure.cost_micros += db_get_int(costs, row, 1 + i);
		times_add(&times, period, db_get_int(costs, row, 0) / 1000000, &figure);
	}
	return times;
}

static json_t *append_time(json_t *view, const struct figure *figure)
{
	json_t *one = json_object();

	set_figure(one, figure);
	json_set_int(one, "cost_micros", figure->cost_micros);
	json_array_append_new(view, one);
	return one;
}

static void set_times(json_t *view, struct db_result *const *results,
		      const struct figure_period *period)
{
	struct times times = times_of(results, period);
	json_t *by_day = json_array(), *by_hour = json_array(), *of_day = json_array();

	for (int64_t i = 0; i < times.days; i++) {
		char date[ZONE_DATE_SIZE];
		json_t *one = append_time(by_day, &times.by_day[i]);

		zone_date(date, times.first_day + i);
		json_set_str(one, "day", date);
		json_set_time(one, "from",
			      zone_day_start(period->zone, times.first_day + i) * 1000000);
	}
	for (int64_t i = 0; i < times.hours; i++)
		json_set_time(append_time(by_hour, &times.by_hour[i]), "from",
			      (times.first_hour_s + i * HOUR_S) * 1000000);
	for (int64_t i = 0; i < DAY_HOURS; i++)
		json_set_int(append_time(of_day, &times.by_hour_of_day[i]), "hour", i);
	json_object_set_new(view, "by_day", by_day);
	json_object_set_new(view, "by_hour", by_hour);
	json_object_set_new(view, "by_hour_of_day", of_day);
	mem_free(times.by_day);
	mem_free(times.by_hour);
}

/* ---- how long turns took ---- */

/* Rows first to end are one stage's, by rising ms. Within a step turns are taken as spread evenly.
 */
static double percentile(const struct db_result *result, size_t first, size_t end, int64_t turns,
			 double share)
{
	double wanted = share * (double)turns, before = 0;
	size_t row = first;

	for (; row + 1 < end && before + (double)db_get_int(result, row, 2) < wanted; row++)
		before += (double)db_get_int(result, row, 2);
	{
		int64_t low = db_get_int(result, row, 1), n = db_get_int(result, row, 2);
		double width = (double)(store_turn_figure_step_end(low) - low);

		return (double)low + width * (wanted - before) / (double)n;
	}
}

static json_t *stage_view(const struct db_result *result, const char *stage)
{
	static const struct {
		const char *name;
		double share;
	} shares[] = {{"p50_ms", 0.5}, {"p90_ms", 0.9}, {"p95_ms", 0.95}, {"p99_ms", 0.99}};
	json_t *view = json_object();
	size_t first = 0, end;
	int64_t turns = 0;

	while (first < db_rows(result) && !str_equal(db_get_text(result, first, 0), stage))
		first++;
	for (end = first; end < db_rows(result) && str_equal(db_get_text(result, end, 0), stage);
	     end++)
		turns += db_get_int(result, end, 2);
	json_set_int(view, "turns", turns);
	for (size_t i = 0; i < ARRAY_LEN(shares); i++)
		if (turns)
			json_set_int(
				view, shares[i].name,
				(int64_t)percentile(result, first, end, turns, shares[i].share));
		else
			json_object_set_new(view, shares[i].name, json_null());
	return view;
}

static json_t *latency_view(const struct db_result *result)
{
	static const char *const stages[] = {"end_of_speech", "recognised", "answer",
					     "first_audio"};
	json_t *view = json_object();

	for (size_t i = 0; i < ARRAY_LEN(stages); i++)
		json_object_set_new(view, stages[i], stage_view(result, stages[i]));
	return view;
}

/* ---- all of it ---- */

json_t *figure_view(struct db_result *const *results, const struct cost_rates *rates,
		    const struct figure_period *period)
{
	const struct db_result *totals = results[TOTALS];
	json_t *view = json_object();

	json_set_time(view, "from", period->from_s * 1000000);
	json_set_time(view, "to", period->to_s * 1000000);
	json_object_set_new(view, "totals", totals_view(totals));
	set_times(view, results, period);
	json_object_set_new(view, "by_status", counts(totals, "status", statuses()));
	json_object_set_new(view, "by_outcome", breakdown(totals, "end_reason", "outcome"));
	json_object_set_new(view, "by_agent", breakdown(totals, "agent", "agent"));
	json_object_set_new(view, "by_number", breakdown(totals, "number", "number"));
	json_object_set_new(view, "by_direction", breakdown(totals, "direction", "direction"));
	json_object_set_new(
		view, "sentiment",
		counts(totals, "sentiment",
		       json_pack("{s:i, s:i, s:i}", "positive", 0, "neutral", 0, "negative", 0)));
	json_object_set_new(view, "latency", latency_view(results[TURNS]));
	json_object_set_new(view, "cost", cost_rows_view(rates, results[COSTS], 1));
	return view;
}
