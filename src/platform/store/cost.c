#include "platform/store/cost.h"

#include "core/str.h"

#include <string.h>

enum { SHARDS = 8 };

static const int64_t day_us = 24ll * 3600 * 1000000, quarter_us = 900ll * 1000000;

/* The same for every change of a call. */
static int64_t shard_of(const char *call_id)
{
	uint32_t hash = 0;

	for (const char *c = call_id; *c; c++)
		hash = hash * 31 + (unsigned char)*c;
	return hash % SHARDS;
}

#define ADD(table_, bucket_)                                                                     \
	"INSERT INTO " table_ " (tenant_id, " bucket_ ", currency, shard, telephony, voice_ai, " \
	"analysis, infrastructure, calls) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "          \
	"ON CONFLICT (tenant_id, " bucket_ ", currency, shard) DO UPDATE SET "                   \
	"telephony = " table_ ".telephony + excluded.telephony, "                                \
	"voice_ai = " table_ ".voice_ai + excluded.voice_ai, "                                   \
	"analysis = " table_ ".analysis + excluded.analysis, "                                   \
	"infrastructure = " table_ ".infrastructure + excluded.infrastructure, "                 \
	"calls = " table_ ".calls + excluded.calls"

static void add_to_sums(struct batch *batch, const char *tenant_id, const char *call_id,
			int64_t ended_at, const char *currency,
			const int64_t micros[COST_COMPONENT_COUNT], int64_t calls)
{
	const int64_t buckets[] = {ended_at / day_us, ended_at / quarter_us * quarter_us};
	static const char *const sql[] = {ADD("cost_day", "day"), ADD("cost_quarter", "bucket")};

	for (size_t i = 0; i < sizeof(sql) / sizeof(*sql); i++)
		BATCH_ADD(batch, sql[i], DB_ANY_ROWS, db_text(tenant_id), db_int(buckets[i]),
			  db_text(currency), db_int(shard_of(call_id)),
			  db_int(micros[COST_TELEPHONY]), db_int(micros[COST_VOICE_AI]),
			  db_int(micros[COST_ANALYSIS]), db_int(micros[COST_INFRASTRUCTURE]),
			  db_int(calls));
}

void store_cost_insert(struct batch *batch, const char *tenant_id, const char *call_id,
		       int64_t ended_at, const struct cost *cost)
{
	const struct cost_part *parts = cost->parts;
	int64_t micros[COST_COMPONENT_COUNT];

	BATCH_ADD(batch,
		  "INSERT INTO call_cost (tenant_id, call_id, ended_at, currency, telephony, "
		  "telephony_source, telephony_s, voice_ai, voice_ai_source, voice_ai_s, analysis, "
		  "analysis_source, analysis_tokens, infrastructure) "
		  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
		  1, db_text(tenant_id), db_text(call_id), db_int(ended_at),
		  db_text(cost->currency), db_int(parts[COST_TELEPHONY].micros),
		  db_text(cost_source_name(parts[COST_TELEPHONY].source)),
		  db_int(parts[COST_TELEPHONY].quantity), db_int(parts[COST_VOICE_AI].micros),
		  db_text(cost_source_name(parts[COST_VOICE_AI].source)),
		  db_int(parts[COST_VOICE_AI].quantity), db_int(parts[COST_ANALYSIS].micros),
		  db_text(cost_source_name(parts[COST_ANALYSIS].source)),
		  db_int(parts[COST_ANALYSIS].quantity), db_int(parts[COST_INFRASTRUCTURE].micros));
	for (int i = 0; i < COST_COMPONENT_COUNT; i++)
		micros[i] = parts[i].micros;
	add_to_sums(batch, tenant_id, call_id, ended_at, cost->currency, micros, 1);
}

void store_cost_select(struct batch *batch, const char *tenant_id, const char *call_id)
{
	BATCH_ADD(batch,
		  "SELECT " STORE_COST_COLUMNS
		  " FROM call_cost WHERE tenant_id = $1 AND call_id = $2",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(call_id));
}

static struct cost_part load_part(const struct db_result *result, size_t row, size_t first)
{
	return (struct cost_part){
		.micros = db_get_int(result, row, first),
		.source = cost_source_parse(db_get_text(result, row, first + 1)),
		.quantity = db_get_int(result, row, first + 2),
	};
}

bool store_cost_load(struct cost *ret_cost, int64_t *ret_ended_at, const struct db_result *result,
		     size_t row, size_t first)
{
	if (db_is_null(result, row, first))
		return false;
	ret_cost->currency = db_get_text(result, row, first);
	ret_cost->parts[COST_TELEPHONY] = load_part(result, row, first + 1);
	ret_cost->parts[COST_VOICE_AI] = load_part(result, row, first + 4);
	ret_cost->parts[COST_ANALYSIS] = load_part(result, row, first + 7);
	ret_cost->parts[COST_INFRASTRUCTURE] =
		(struct cost_part){.micros = db_get_int(result, row, first + 10), .quantity = 1};
	if (ret_ended_at)
		*ret_ended_at = db_get_int(result, row, first + 11);
	return true;
}

#define REPLACE(name_, quantity_)                                                         \
	"UPDATE call_cost SET " name_ " = $1, " name_ "_source = $2, " quantity_ " = $3 " \
	"WHERE tenant_id = $4 AND call_id = $5 AND " name_ " = $6"

void store_cost_replace(struct batch *batch, const char *tenant_id, const char *call_id,
			int64_t ended_at, const struct cost *before, enum cost_component component,
			const struct cost_part *part)
{
	static const char *const sql[COST_COMPONENT_COUNT] = {
		[COST_TELEPHONY] = REPLACE("telephony", "telephony_s"),
		[COST_VOICE_AI] = REPLACE("voice_ai", "voice_ai_s"),
		[COST_ANALYSIS] = REPLACE("analysis", "analysis_tokens"),
	};
	int64_t delta[COST_COMPONENT_COUNT] = {0};

	BATCH_ADD(batch, sql[component], 1, db_int(part->micros),
		  db_text(cost_source_name(part->source)), db_int(part->quantity),
		  db_text(tenant_id), db_text(call_id), db_int(before->parts[component].micros));
	delta[component] = part->micros - before->parts[component].micros;
	add_to_sums(batch, tenant_id, call_id, ended_at, before->currency, delta, 0);
}

void store_cost_sum(struct batch *batch, const char *tenant_id, const char *currency,
		    int64_t first_day)
{
	BATCH_ADD(batch,
		  "SELECT CAST(coalesce(sum(telephony), 0) AS BIGINT), "
		  "CAST(coalesce(sum(voice_ai), 0) AS BIGINT), "
		  "CAST(coalesce(sum(analysis), 0) AS BIGINT), "
		  "CAST(coalesce(sum(infrastructure), 0) AS BIGINT), "
		  "CAST(coalesce(sum(calls), 0) AS BIGINT) "
		  "FROM cost_day WHERE tenant_id = $1 AND currency = $2 AND day >= $3",
		  1, db_text(tenant_id), db_text(currency), db_int(first_day));
}
