#include "platform/store/rollup.h"

#include "platform/store/figure.h"

/* Sums are cast since PostgreSQL makes them NUMERIC. Rows go in one order, so that two who fold at
 * once wait for each other and do not lock each other out. */
#define FOLD(grain_, bucket_)                                                                    \
	"INSERT INTO call_rollup (tenant_id, grain, bucket, direction, agent, status, "          \
	"sentiment, calls, answered, talk_s) SELECT tenant_id, " grain_ ", " bucket_             \
	", direction, agent, status, sentiment, CAST(sum(calls) AS BIGINT), "                    \
	"CAST(sum(answered) AS BIGINT), CAST(sum(talk_s) AS BIGINT) FROM call_rollup_delta "     \
	"WHERE fold = $1 GROUP BY tenant_id, " bucket_ ", direction, agent, status, sentiment "  \
	"ORDER BY 1, 2, 3, 4, 5, 6, 7 "                                                          \
	"ON CONFLICT (tenant_id, grain, bucket, direction, agent, status, sentiment) DO UPDATE " \
	"SET calls = call_rollup.calls + excluded.calls, "                                       \
	"answered = call_rollup.answered + excluded.answered, "                                  \
	"talk_s = call_rollup.talk_s + excluded.talk_s"

void store_rollup_fold(struct batch *batch, int64_t mark, int64_t limit)
{
	BATCH_ADD(batch,
		  "UPDATE call_rollup_delta SET fold = $1 WHERE seq IN (SELECT seq FROM "
		  "call_rollup_delta WHERE fold = 0 ORDER BY seq LIMIT $2 "
		  "/*pg FOR UPDATE SKIP LOCKED */)",
		  DB_ANY_ROWS, db_int(mark), db_int(limit));
	BATCH_ADD(batch, FOLD("0", "CAST(0 AS BIGINT)"), DB_ANY_ROWS, db_int(mark));
	BATCH_ADD(batch, FOLD("86400000000", "hour / 86400000000 * 86400000000"), DB_ANY_ROWS,
		  db_int(mark));
	BATCH_ADD(batch, FOLD("3600000000", "hour"), DB_ANY_ROWS, db_int(mark));
	store_figure_fold(batch, mark);
	BATCH_ADD(batch, "DELETE FROM call_rollup_delta WHERE fold = $1", DB_ANY_ROWS,
		  db_int(mark));
}

void store_rollup_waiting(struct batch *batch, int64_t limit)
{
	BATCH_ADD(batch,
		  "SELECT 1 FROM call_rollup_delta UNION ALL SELECT 1 FROM turn_figure_delta "
		  "LIMIT $1",
		  DB_ANY_ROWS, db_int(limit));
}

/* created_at is never 0: that it is asked for leads SQLite to the index call_live. */
void store_rollup_by_status(struct batch *batch, const char *tenant_id)
{
	BATCH_ADD(batch,
		  "SELECT status, CAST(sum(calls) AS BIGINT), CAST(sum(talk_s) AS BIGINT), "
		  "CAST(sum(answered) AS BIGINT) FROM ("
		  "SELECT status, calls, talk_s, answered FROM call_rollup "
		  "WHERE tenant_id = $1 AND grain = 0 AND bucket = 0 AND status <> '' UNION ALL "
		  "SELECT status, calls, talk_s, answered FROM call_rollup_delta "
		  "WHERE tenant_id = $2 AND status <> '' UNION ALL "
		  "SELECT status, 1, 0, 0 FROM call WHERE tenant_id = $3 AND "
		  "created_at > 0 AND deadline_at > 0) part GROUP BY status",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(tenant_id), db_text(tenant_id));
}

void store_rollup_by_sentiment(struct batch *batch, const char *tenant_id)
{
	BATCH_ADD(batch,
		  "SELECT sentiment, CAST(sum(calls) AS BIGINT) FROM ("
		  "SELECT sentiment, calls FROM call_rollup "
		  "WHERE tenant_id = $1 AND grain = 0 AND bucket = 0 AND sentiment <> '' UNION ALL "
		  "SELECT sentiment, calls FROM call_rollup_delta "
		  "WHERE tenant_id = $2 AND sentiment <> '') part GROUP BY sentiment",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(tenant_id));
}

void store_rollup_by_hour(struct batch *batch, const char *tenant_id, int64_t since)
{
	BATCH_ADD(batch,
		  "SELECT hour / 3600000000, CAST(sum(calls) AS BIGINT) FROM ("
		  "SELECT bucket AS hour, calls FROM call_rollup WHERE tenant_id = $1 AND "
		  "grain = 3600000000 AND bucket >= $2 AND status <> '' UNION ALL "
		  "SELECT hour, calls FROM call_rollup_delta WHERE tenant_id = $3 AND hour >= $4 "
		  "AND status <> '' UNION ALL "
		  "SELECT created_at / 3600000000 * 3600000000, 1 FROM call WHERE tenant_id = $5 "
		  "AND created_at >= $6 AND deadline_at > 0) part GROUP BY hour / 3600000000",
		  DB_ANY_ROWS, db_text(tenant_id), db_int(since), db_text(tenant_id), db_int(since),
		  db_text(tenant_id), db_int(since));
}
