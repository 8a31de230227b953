/*
 * What a call costs, by component (spec 11.1), in millionths of COST_CURRENCY. It is worked out
 * from the rates in the settings when the call ends, in the transaction that ends it; what a vendor
 * measured or charged replaces that when it becomes known (cost_book.h).
 */
#pragma once

#include "core/json_writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct batch;
struct call;
struct db_result;
struct settings;

enum cost_component {
	COST_TELEPHONY,      /* quantity: seconds on the phone  */
	COST_VOICE_AI,       /* quantity: seconds of the engine */
	COST_ANALYSIS,       /* quantity: tokens */
	COST_INFRASTRUCTURE, /* quantity: 1 */
	COST_COMPONENT_COUNT
};

/* Where an amount comes from; a later one is never replaced by an earlier one. */
enum cost_source {
	COST_BY_RATE,  /* our rate and the length of the call */
	COST_BY_USAGE, /* our rate and what the vendor measured */
	COST_BY_PRICE, /* the vendor's price */
};

struct cost_part {
	int64_t micros;
	enum cost_source source;
	int64_t quantity;
};

struct cost {
	const char *currency; /* borrowed */
	struct cost_part parts[COST_COMPONENT_COUNT];
};

/* The settings, in millionths; currency is the settings'. */
struct cost_rates {
	const char *currency;
	int64_t telephony_minute; /* every started minute */
	int64_t voice_ai_minute;  /* every started tenth of a minute */
	int64_t analysis_1k_tokens;
	int64_t infrastructure_call;
};

const char *cost_source_name(enum cost_source source); /* "rate", "usage", "price" */
enum cost_source cost_source_parse(const char *name);  /* COST_BY_RATE for anything else */

struct cost_rates cost_rates_of(const struct settings *settings);

/* One component each. */
int64_t cost_of_telephony(const struct cost_rates *rates, int64_t seconds);
int64_t cost_of_voice_ai(const struct cost_rates *rates, int64_t seconds);
int64_t cost_of_tokens(const struct cost_rates *rates, int64_t tokens);

/* A call that was answered for so long (0: never), by rates alone. */
struct cost cost_by_rates(const struct cost_rates *rates, int64_t duration_s);
int64_t cost_total(const struct cost *cost);

/*
 * What one more call of that length is expected to cost: for caps, before it is placed. What was
 * spent already is cost_spent_select().
 */
int64_t cost_estimate(const struct cost_rates *rates, int64_t duration_s);

/* The call has ended: put its cost into the transaction; three statements. */
void cost_add_ended(struct batch *batch, const struct cost_rates *rates, const struct call *call);

/*
 * What a tenant's calls that ended since then have cost; since (UTC microseconds) counts from the
 * start of its day. Reads a few rows. Add the statement, and take the amount from its result.
 */
void cost_spent_select(struct batch *batch, const char *tenant_id, const struct cost_rates *rates,
		       int64_t since);
int64_t cost_spent(const struct db_result *result);

/*
 * Write {"currency","total_micros","telephony":{"micros","source","seconds"},"voice_ai":{..},
 * "analysis":{"micros","source","tokens"},"infrastructure":{"micros"}}; of a row of
 * store_cost_select() from column first on, null without one.
 */
void cost_write_row(struct json_writer *writer, const char *key, const struct db_result *result,
		    size_t row, size_t first);

/* The sums of cost_spent_select() in the same shape, with "calls" instead of sources. */
json_t *cost_sum_view(const struct cost_rates *rates, const struct db_result *result);
/* The same, summed over rows that have the four components and the calls from column first on. */
json_t *cost_rows_view(const struct cost_rates *rates, const struct db_result *result,
		       size_t first);
