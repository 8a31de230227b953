#include "platform/cost.h"

#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "platform/call.h"
#include "platform/store/cost.h"

static const int64_t day_us = 24ll * 3600 * 1000000;

static const struct {
	const char *name;
	const char *quantity; /* NULL: not shown */
} components[COST_COMPONENT_COUNT] = {
	[COST_TELEPHONY] = {"telephony", "seconds"},
	[COST_VOICE_AI] = {"voice_ai", "seconds"},
	[COST_ANALYSIS] = {"analysis", "tokens"},
	[COST_INFRASTRUCTURE] = {"infrastructure", NULL},
};

static const char *const source_names[] = {
	[COST_BY_RATE] = "rate",
	[COST_BY_USAGE] = "usage",
	[COST_BY_PRICE] = "price",
};

const char *cost_source_name(enum cost_source source)
{
	return source_names[source];
}

enum cost_source cost_source_parse(const char *name)
{
	if (str_equal(name, "price"))
		return COST_BY_PRICE;
	return str_equal(name, "usage") ? COST_BY_USAGE : COST_BY_RATE;
}

struct cost_rates cost_rates_of(const struct settings *settings)
{
	return (struct cost_rates){
		.currency = settings->cost_currency,
		.telephony_minute = settings->cost_telephony,
		.voice_ai_minute = settings->cost_voice_ai,
		.analysis_1k_tokens = settings->cost_analysis,
		.infrastructure_call = settings->cost_infrastructure,
	};
}

int64_t cost_of_telephony(const struct cost_rates *rates, int64_t seconds)
{
	return (seconds + 59) / 60 * rates->telephony_minute;
}

int64_t cost_of_voice_ai(const struct cost_rates *rates, int64_t seconds)
{
	return ((seconds + 5) / 6 * rates->voice_ai_minute + 5) / 10;
}

int64_t cost_of_tokens(const struct cost_rates *rates, int64_t tokens)
{
	return (tokens * rates->analysis_1k_tokens + 500) / 1000;
}

struct cost cost_by_rates(const struct cost_rates *rates, int64_t duration_s)
{
	return (struct cost){
		.currency = rates->currency,
		.parts =
			{
				[COST_TELEPHONY] = {.micros = cost_of_telephony(rates, duration_s),
						    .quantity = duration_s},
				[COST_VOICE_AI] = {.micros = cost_of_voice_ai(rates, duration_s),
						   .quantity = duration_s},
				[COST_INFRASTRUCTURE] = {.micros = rates->infrastructure_call,
							 .quantity = 1},
			},
	};
}

int64_t cost_total(const struct cost *cost)
{
	int64_t total = 0;

	for (int i = 0; i < COST_COMPONENT_COUNT; i++)
		total += cost->parts[i].micros;
	return total;
}

int64_t cost_estimate(const struct cost_rates *rates, int64_t duration_s)
{
	struct cost cost = cost_by_rates(rates, duration_s);

	return cost_total(&cost);
}

void cost_add_ended(struct batch *batch, const struct cost_rates *rates, const struct call *call)
{
	/* Answered for a moment is answered. */
	bool moment = call->started_at && !call->duration_s;
	struct cost cost = cost_by_rates(rates, moment ? 1 : call->duration_s);

	if (call_is_browser(call)) /* nobody telephoned */
		cost.parts[COST_TELEPHONY] = (struct cost_part){0};
	store_cost_insert(batch, call->tenant_id, call->id, call->ended_at, &cost);
}

/* ---- sums ---- */

void cost_spent_select(struct batch *batch, const char *tenant_id, const struct cost_rates *rates,
		       int64_t since)
{
	store_cost_sum(batch, tenant_id, rates->currency, since / day_us);
}

int64_t cost_spent(const struct db_result *result)
{
	int64_t total = 0;

	for (size_t i = 0; i < COST_COMPONENT_COUNT; i++)
		total += db_get_int(result, 0, i);
	return total;
}

/* ---- as JSON ---- */

static void write(struct json_writer *writer, const char *key, const struct cost *cost)
{
	json_write_open(writer, key, '{');
	json_write_str(writer, "currency", cost->currency);
	json_write_int(writer, "total_micros", cost_total(cost));
	for (int i = 0; i < COST_COMPONENT_COUNT; i++) {
		json_write_open(writer, components[i].name, '{');
		json_write_int(writer, "micros", cost->parts[i].micros);
		if (components[i].quantity) {
			json_write_str(writer, "source", cost_source_name(cost->parts[i].source));
			json_write_int(writer, components[i].quantity, cost->parts[i].quantity);
		}
		json_write_close(writer, '}');
	}
	json_write_close(writer, '}');
}

void cost_write_row(struct json_writer *writer, const char *key, const struct db_result *result,
		    size_t row, size_t first)
{
	struct cost cost;

	if (store_cost_load(&cost, NULL, result, row, first))
		write(writer, key, &cost);
	else
		json_write_str(writer, key, NULL);
}

json_t *cost_rows_view(const struct cost_rates *rates, const struct db_result *result, size_t first)
{
	int64_t sums[COST_COMPONENT_COUNT + 1] = {0}, total = 0;
	json_t *view = json_object();

	for (size_t row = 0; row < db_rows(result); row++)
		for (size_t i = 0; i < ARRAY_LEN(sums); i++)
			sums[i] += db_get_int(result, row, first + i);
	for (size_t i = 0; i < COST_COMPONENT_COUNT; i++)
		total += sums[i];
	json_set_str(view, "currency", rates->currency);
	json_set_int(view, "total_micros", total);
	for (size_t i = 0; i < COST_COMPONENT_COUNT; i++) {
		json_t *part = json_object();

		json_set_int(part, "micros", sums[i]);
		json_object_set_new(view, components[i].name, part);
	}
	json_set_int(view, "calls", sums[COST_COMPONENT_COUNT]);
	return view;
}

json_t *cost_sum_view(const struct cost_rates *rates, const struct db_result *result)
{
	return cost_rows_view(rates, result, 0);
}
