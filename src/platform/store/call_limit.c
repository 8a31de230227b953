#include "platform/store/call_limit.h"

#include "core/mem.h"
#include "core/timestamp.h"
#include "platform/call.h"

#include <string.h>

static const int64_t day_us = 24ll * 3600 * 1000000;

enum { KEEP_ATTEMPT_DAYS = 2, KEEP_USAGE_DAYS = 400, DAY_LEN = 10, MONTH_LEN = 7 };

/* Statements take it as they take any cap. */
static const int64_t no_cap = INT64_MAX / 4;

/* ---- limits ---- */

void store_limit_select(struct batch *batch, const char *tenant_id)
{
	BATCH_ADD(batch, "SELECT limits FROM call_limit WHERE tenant_id = $1", DB_ANY_ROWS,
		  db_text(tenant_id));
}

void store_limit_set(struct batch *batch, const char *tenant_id, const char *limits, int64_t now)
{
	BATCH_ADD(batch,
		  "INSERT INTO call_limit (tenant_id, limits, updated_at) VALUES ($1, $2, $3) "
		  "ON CONFLICT (tenant_id) DO UPDATE SET limits = excluded.limits, "
		  "updated_at = excluded.updated_at",
		  1, db_text(tenant_id), db_text(limits), db_int(now));
}

/* ---- usage ---- */

/* "2026-01-31" or, shorter, "2026-01"; kept by the batch. */
static const char *period_of(struct batch *batch, int64_t at, size_t len)
{
	char text[TIMESTAMP_SIZE];

	timestamp_iso(text, at);
	return batch_own(batch, mem_strndup(text, len));
}

static int64_t start_of(int64_t at, size_t len)
{
	int64_t first, day;

	if (len == DAY_LEN)
		return at - at % day_us;
	/* Back to a day whose text ends in "-01". */
	for (first = at - at % day_us;; first -= day_us) {
		char text[TIMESTAMP_SIZE];

		timestamp_iso(text, first);
		day = (text[8] - '0') * 10 + (text[9] - '0');
		if (day == 1)
			return first;
	}
}

/* A period begins with what there is already: caps may be set in the middle of it. */
static void begin_period(struct batch *batch, const struct call *call, const char *period,
			 int64_t start)
{
	BATCH_ADD(
		batch,
		"INSERT INTO call_usage (tenant_id, period, calls, reserved, spent) "
		"SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), "
		"(SELECT count(*) FROM call WHERE tenant_id = $3 AND created_at >= $4 AND "
		"direction = 'OUTBOUND' AND id <> $5), 0, "
		"(SELECT CAST(coalesce(sum(telephony + voice_ai + analysis + infrastructure), 0) "
		"AS BIGINT) FROM cost_day WHERE tenant_id = $6 AND day >= $7) "
		"WHERE NOT EXISTS (SELECT 1 FROM call_usage WHERE tenant_id = $8 AND period = $9) "
		"ON CONFLICT (tenant_id, period) DO NOTHING",
		DB_ANY_ROWS, db_text(call->tenant_id), db_text(period), db_text(call->tenant_id),
		db_int(start), db_text(call->id), db_text(call->tenant_id), db_int(start / day_us),
		db_text(call->tenant_id), db_text(period));
}

static void reserve_in(struct batch *batch, const struct call *call, size_t len, int64_t calls,
		       int64_t spend, int64_t micros)
{
	const char *period = period_of(batch, call->created_at, len);

	begin_period(batch, call, period, start_of(call->created_at, len));
	BATCH_ADD(batch,
		  "UPDATE call_usage SET calls = calls + 1, reserved = reserved + $1 "
		  "WHERE tenant_id = $2 AND period = $3 AND calls < $4 AND "
		  "spent + reserved + $5 <= $6",
		  1, db_int(micros), db_text(call->tenant_id), db_text(period),
		  db_int(calls ? calls : no_cap), db_int(micros), db_int(spend ? spend : no_cap));
}

static void count_attempt(struct batch *batch, const struct call *call, int64_t most)
{
	BATCH_ADD(batch,
		  "INSERT INTO call_attempt (tenant_id, day, number, attempts) "
		  "VALUES ($1, $2, $3, 1) ON CONFLICT (tenant_id, day, number) DO UPDATE "
		  "SET attempts = call_attempt.attempts + 1 WHERE call_attempt.attempts < $4",
		  1, db_text(call->tenant_id), db_int(call->created_at / day_us),
		  db_hashed(call->tenant_id, call->phone_number), db_int(most));
}

size_t store_usage_reserve(struct batch *batch, const struct call *call,
			   const struct call_limit *limit, int64_t micros)
{
	size_t first = batch->count;
	int64_t attempts = call_limit_cap(limit, CALL_CAP_ATTEMPTS);

	if (!call_limit_has_caps(limit))
		return first;
	BATCH_ADD(batch,
		  "INSERT INTO call_reservation (tenant_id, call_id, micros) VALUES ($1, $2, $3)",
		  1, db_text(call->tenant_id), db_text(call->id), db_int(micros));
	if (attempts)
		count_attempt(batch, call, attempts);
	/* Always in this order: who has the day waits for nobody who has the month. */
	reserve_in(batch, call, DAY_LEN, call_limit_cap(limit, CALL_CAP_CALLS_DAY),
		   call_limit_cap(limit, CALL_CAP_SPEND_DAY), micros);
	reserve_in(batch, call, MONTH_LEN, call_limit_cap(limit, CALL_CAP_CALLS_MONTH),
		   call_limit_cap(limit, CALL_CAP_SPEND_MONTH), micros);
	return first;
}

/* A call that was made before there was a cap has nothing reserved, and is spent all the same. */
static void settle_in(struct batch *batch, const struct call *call, size_t len, int64_t micros)
{
	BATCH_ADD(batch,
		  "UPDATE call_usage SET reserved = reserved - coalesce((SELECT micros FROM "
		  "call_reservation WHERE tenant_id = $1 AND call_id = $2), 0), spent = spent + $3 "
		  "WHERE tenant_id = $4 AND period = $5",
		  DB_ANY_ROWS, db_text(call->tenant_id), db_text(call->id), db_int(micros),
		  db_text(call->tenant_id), db_text(period_of(batch, call->created_at, len)));
}

void store_usage_settle(struct batch *batch, const struct call *call, int64_t micros)
{
	settle_in(batch, call, DAY_LEN, micros);
	settle_in(batch, call, MONTH_LEN, micros);
	BATCH_ADD(batch, "DELETE FROM call_reservation WHERE tenant_id = $1 AND call_id = $2",
		  DB_ANY_ROWS, db_text(call->tenant_id), db_text(call->id));
}

void store_usage_of_call(struct batch *batch, const char *tenant_id, const char *call_id)
{
	BATCH_ADD(batch,
		  "SELECT created_at FROM call WHERE tenant_id = $1 AND id = $2 AND "
		  "direction = 'OUTBOUND'",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(call_id));
}

static void correct_in(struct batch *batch, const char *tenant_id, int64_t created_at, size_t len,
		       int64_t micros)
{
	BATCH_ADD(batch,
		  "UPDATE call_usage SET spent = CASE WHEN spent + $1 > 0 THEN spent + $2 ELSE 0 "
		  "END WHERE tenant_id = $3 AND period = $4",
		  DB_ANY_ROWS, db_int(micros), db_int(micros), db_text(tenant_id),
		  db_text(period_of(batch, created_at, len)));
}

void store_usage_correct(struct batch *batch, const char *tenant_id, const struct db_result *call,
			 int64_t micros)
{
	int64_t created_at = db_get_int(call, 0, 0);

	if (!db_rows(call) || !micros)
		return;
	correct_in(batch, tenant_id, created_at, DAY_LEN, micros);
	correct_in(batch, tenant_id, created_at, MONTH_LEN, micros);
}

static void select_period(struct batch *batch, const char *tenant_id, int64_t at, size_t len)
{
	BATCH_ADD(batch,
		  "SELECT calls, reserved, spent FROM call_usage WHERE tenant_id = $1 AND "
		  "period = $2",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(period_of(batch, at, len)));
}

void store_usage_select(struct batch *batch, const char *tenant_id, int64_t at)
{
	select_period(batch, tenant_id, at, DAY_LEN);
	select_period(batch, tenant_id, at, MONTH_LEN);
}

struct call_usage store_usage_load(const struct db_result *result)
{
	return (struct call_usage){
		.calls = db_get_int(result, 0, 0),
		.reserved = db_get_int(result, 0, 1),
		.spent = db_get_int(result, 0, 2),
	};
}

void store_attempt_select(struct batch *batch, const char *tenant_id, const char *number,
			  int64_t at)
{
	BATCH_ADD(batch,
		  "SELECT attempts FROM call_attempt WHERE tenant_id = $1 AND day = $2 AND "
		  "number = $3",
		  DB_ANY_ROWS, db_text(tenant_id), db_int(at / day_us),
		  db_hashed(tenant_id, number));
}

void store_usage_tidy(struct batch *batch, int64_t now)
{
	BATCH_ADD(batch, "DELETE FROM call_attempt WHERE day < $1", DB_ANY_ROWS,
		  db_int(now / day_us - KEEP_ATTEMPT_DAYS));
	BATCH_ADD(batch, "DELETE FROM call_usage WHERE period < $1", DB_ANY_ROWS,
		  db_text(period_of(batch, now - KEEP_USAGE_DAYS * day_us, DAY_LEN)));
}
