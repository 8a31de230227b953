#include "platform/store/figure.h"

#define QUARTER "900000000"
#define DAY     "86400000000"

static const int64_t day_us = 86400ll * 1000000;

/* One row of a difference or a call becomes one for each dimension that it counts in. */
#define DIMENSIONS                                                                       \
	"(SELECT 'agent' AS dimension UNION ALL SELECT 'direction' UNION ALL SELECT "    \
	"'end_reason' UNION ALL SELECT 'number' UNION ALL SELECT 'sentiment' UNION ALL " \
	"SELECT 'status') n"
#define VALUE(row_, number_)                                                             \
	"CASE n.dimension WHEN 'agent' THEN coalesce(" row_ ".agent, '') "               \
	"WHEN 'direction' THEN " row_ ".direction WHEN 'end_reason' THEN coalesce(" row_ \
	".end_reason, '') WHEN 'number' THEN coalesce(" row_ "." number_ ", '') "        \
	"WHEN 'status' THEN " row_ ".status "
#define OF_DELTA                               \
	"call_rollup_delta d JOIN " DIMENSIONS \
	" ON (n.dimension = 'sentiment') = (d.sentiment <> '') "
#define VALUE_OF_DELTA VALUE("d", "number") "ELSE d.sentiment END"
#define COMPLETED      "CASE WHEN d.status = 'COMPLETED' THEN d.calls ELSE 0 END"

#define GRAINS "(SELECT " QUARTER " AS grain UNION ALL SELECT " DAY ") g ON 1 = 1 "

/* Rows go in one order, see rollup.c. */
void store_figure_fold(struct batch *batch, int64_t mark)
{
	BATCH_ADD(batch,
		  "INSERT INTO call_figure (tenant_id, grain, dimension, bucket, value, calls, "
		  "completed, answered, talk_s) SELECT d.tenant_id, g.grain, n.dimension, "
		  "d.at / g.grain * g.grain, " VALUE_OF_DELTA ", CAST(sum(d.calls) AS BIGINT), "
		  "CAST(sum(" COMPLETED ") AS BIGINT), CAST(sum(d.answered) AS BIGINT), "
		  "CAST(sum(d.talk_s) AS BIGINT) FROM " OF_DELTA "JOIN " GRAINS
		  "WHERE d.fold = $1 AND d.at > 0 GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5 "
		  "ON CONFLICT (tenant_id, grain, dimension, bucket, value) DO UPDATE SET "
		  "calls = call_figure.calls + excluded.calls, "
		  "completed = call_figure.completed + excluded.completed, "
		  "answered = call_figure.answered + excluded.answered, "
		  "talk_s = call_figure.talk_s + excluded.talk_s",
		  DB_ANY_ROWS, db_int(mark));
}

/* ---- calls ---- */

#define OF_LIVE                                                                     \
	"call c JOIN " DIMENSIONS " ON n.dimension <> 'sentiment' AND n.dimension " \
	"<> 'end_reason' WHERE c.tenant_id = $11 AND c.created_at >= $12 AND "      \
	"c.created_at < $13 AND c.deadline_at > 0"

#define STORED(grain_, from_, to_)                                                                 \
	"SELECT dimension, value, calls, completed, answered, talk_s FROM call_figure WHERE "      \
	"tenant_id = $1 AND grain = " grain_ " AND dimension IN ('agent', 'direction', "           \
	"'end_reason', 'number', 'sentiment', 'status') AND bucket >= " from_ " AND bucket < " to_ \
	" UNION ALL "

static int64_t floor_to_day(int64_t at)
{
	return at / day_us * day_us;
}

/* Whole days of UTC are read as such, and what is left at both ends in quarters of an hour. */
void store_figure_totals(struct batch *batch, const char *tenant_id, int64_t from, int64_t to)
{
	int64_t first_day = floor_to_day(from + day_us - 1), last_day = floor_to_day(to);

	if (first_day > last_day)
		first_day = last_day = to;
	BATCH_ADD(batch,
		  "SELECT dimension, value, CAST(sum(calls) AS BIGINT), "
		  "CAST(sum(completed) AS BIGINT), CAST(sum(answered) AS BIGINT), "
		  "CAST(sum(talk_s) AS BIGINT) FROM (" STORED(QUARTER, "$2", "$3") STORED(DAY, "$4",
											  "$5")
			  STORED(QUARTER, "$6",
				 "$7") "SELECT n.dimension, " VALUE_OF_DELTA ", d.calls, " COMPLETED
				       ", d.answered, "
				       "d.talk_s FROM " OF_DELTA
				       "WHERE d.tenant_id = $8 AND d.at >= $9 AND d.at < $10 "
				       "UNION ALL SELECT n.dimension, " VALUE(
					       "c", "from_number") "END, 1, 0, 0, 0 FROM " OF_LIVE
								   ") part GROUP BY dimension, "
								   "value HAVING sum(calls) > 0 "
								   "ORDER BY 3 DESC, 2 LIMIT 2000",
		  DB_ANY_ROWS, db_text(tenant_id), db_int(from), db_int(first_day),
		  db_int(first_day), db_int(last_day), db_int(last_day), db_int(to),
		  db_text(tenant_id), db_int(from), db_int(to), db_text(tenant_id), db_int(from),
		  db_int(to));
}

void store_figure_series(struct batch *batch, const char *tenant_id, int64_t from, int64_t to)
{
	BATCH_ADD(batch,
		  "SELECT bucket, CAST(sum(calls) AS BIGINT), CAST(sum(completed) AS BIGINT), "
		  "CAST(sum(answered) AS BIGINT), CAST(sum(talk_s) AS BIGINT) FROM ("
		  "SELECT bucket, calls, completed, answered, talk_s FROM call_figure WHERE "
		  "tenant_id = $1 AND grain = " QUARTER " AND dimension = 'status' AND bucket >= "
		  "$2 AND bucket < $3 UNION ALL "
		  "SELECT d.at, d.calls, " COMPLETED ", d.answered, d.talk_s FROM "
		  "call_rollup_delta d WHERE d.tenant_id = $4 AND d.at >= $5 AND d.at < $6 AND "
		  "d.status <> '' UNION ALL "
		  "SELECT created_at / " QUARTER " * " QUARTER ", 1, 0, 0, 0 FROM call WHERE "
		  "tenant_id = $7 AND created_at >= $8 AND created_at < $9 AND deadline_at > 0"
		  ") part GROUP BY bucket",
		  DB_ANY_ROWS, db_text(tenant_id), db_int(from), db_int(to), db_text(tenant_id),
		  db_int(from), db_int(to), db_text(tenant_id), db_int(from), db_int(to));
}

/* ---- turns ---- */

#define FIRST_END_MS  2000
#define SECOND_END_MS 10000
#define LAST_MS       60000

/* Steps of 25 ms up to 2 s, of 100 ms up to 10 s, of 1 s up to a minute; the last has no end. */
#define STEP                                                                         \
	"CASE WHEN ms < 2000 THEN ms / 25 * 25 WHEN ms < 10000 THEN ms / 100 * 100 " \
	"WHEN ms < 60000 THEN ms / 1000 * 1000 ELSE 60000 END"

int64_t store_turn_figure_step_end(int64_t ms)
{
	if (ms < FIRST_END_MS)
		return ms + 25;
	if (ms < SECOND_END_MS)
		return ms + 100;
	return ms < LAST_MS ? ms + 1000 : ms;
}

#define STAGE(name_, where_)                                              \
	"SELECT tenant_id, at, '" name_ "' AS stage, " name_ "_ms AS ms " \
	"FROM turn_figure_delta WHERE " where_
#define STAGES(where_)                                                                           \
	"(" STAGE("end_of_speech", where_) " UNION ALL " STAGE(                                  \
		"recognised",                                                                    \
		where_) " UNION ALL " STAGE("answer", where_) " UNION ALL " STAGE("first_audio", \
										  where_) ") s "

void store_turn_figure_fold(struct batch *batch, int64_t mark, int64_t limit)
{
	BATCH_ADD(batch,
		  "UPDATE turn_figure_delta SET fold = $1 WHERE seq IN (SELECT seq FROM "
		  "turn_figure_delta WHERE fold = 0 ORDER BY seq LIMIT $2 "
		  "/*pg FOR UPDATE SKIP LOCKED */)",
		  DB_ANY_ROWS, db_int(mark), db_int(limit));
	BATCH_ADD(batch,
		  "INSERT INTO turn_figure (tenant_id, grain, stage, bucket, ms, turns) "
		  "SELECT tenant_id, grain, stage, at / grain * grain, " STEP
		  ", count(*) FROM " STAGES(
			  "fold = $1") "JOIN " GRAINS "WHERE ms >= 0 GROUP BY 1, 2, 3, 4, 5 "
				       "ORDER BY 1, 2, 3, 4, 5 ON CONFLICT (tenant_id, grain, "
				       "stage, bucket, ms) "
				       "DO UPDATE SET turns = turn_figure.turns + excluded.turns",
		  DB_ANY_ROWS, db_int(mark));
	BATCH_ADD(batch, "DELETE FROM turn_figure_delta WHERE fold = $1", DB_ANY_ROWS,
		  db_int(mark));
}

void store_turn_figure_add(struct batch *batch, const char *tenant_id, const char *call_id,
			   int64_t ordinal, int64_t at, const struct store_turn_times *times)
{
	BATCH_ADD(batch,
		  "INSERT INTO turn_figure_delta (tenant_id, at, end_of_speech_ms, recognised_ms, "
		  "answer_ms, first_audio_ms) SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), "
		  "CAST($3 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS BIGINT), CAST($6 AS BIGINT) "
		  "WHERE NOT EXISTS (SELECT 1 FROM transcript_turn WHERE tenant_id = $7 AND "
		  "call_id = $8 AND ordinal = $9 AND timing IS NOT NULL)",
		  DB_ANY_ROWS, db_text(tenant_id),
		  db_int(at / STORE_FIGURE_QUARTER_US * STORE_FIGURE_QUARTER_US),
		  db_int(times->end_of_speech_ms), db_int(times->recognised_ms),
		  db_int(times->answer_ms), db_int(times->first_audio_ms), db_text(tenant_id),
		  db_text(call_id), db_int(ordinal));
}

#define STORED_TURNS(grain_, from_, to_)                                                     \
	"SELECT stage, ms, turns FROM turn_figure WHERE tenant_id = $1 AND grain = " grain_  \
	" AND stage IN ('answer', 'end_of_speech', 'first_audio', 'recognised') AND bucket " \
	">= " from_ " AND bucket < " to_ " UNION ALL "

void store_turn_figure_totals(struct batch *batch, const char *tenant_id, int64_t from, int64_t to)
{
	int64_t first_day = floor_to_day(from + day_us - 1), last_day = floor_to_day(to);

	if (first_day > last_day)
		first_day = last_day = to;
	BATCH_ADD(
		batch,
		"SELECT stage, ms, CAST(sum(turns) AS BIGINT) FROM (" STORED_TURNS(
			QUARTER, "$2", "$3") STORED_TURNS(DAY, "$4", "$5")
			STORED_TURNS(QUARTER, "$6", "$7") "SELECT stage, " STEP ", 1 FROM " STAGES(
				"tenant_id = $8 AND at >= $9 AND "
				"at < $10") "WHERE ms >= 0) part GROUP BY stage, ms ORDER BY "
					    "stage, ms",
		DB_ANY_ROWS, db_text(tenant_id), db_int(from), db_int(first_day), db_int(first_day),
		db_int(last_day), db_int(last_day), db_int(to), db_text(tenant_id), db_int(from),
		db_int(to));
}

/* ---- cost ---- */

void store_cost_series(struct batch *batch, const char *tenant_id, const char *currency,
		       int64_t from, int64_t to)
{
	BATCH_ADD(batch,
		  "SELECT bucket, CAST(sum(telephony) AS BIGINT), CAST(sum(voice_ai) AS BIGINT), "
		  "CAST(sum(analysis) AS BIGINT), CAST(sum(infrastructure) AS BIGINT), "
		  "CAST(sum(calls) AS BIGINT) FROM cost_quarter WHERE tenant_id = $1 AND bucket >= "
		  "$2 AND bucket < $3 AND currency = $4 GROUP BY bucket",
		  DB_ANY_ROWS, db_text(tenant_id), db_int(from), db_int(to), db_text(currency));
}
