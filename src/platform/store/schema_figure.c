#include "platform/store/schema_count.h"
#include "platform/store/schema_priv.h"

/*
 * Figures by one thing at a time, for any period and any time zone. call_figure counts calls by
 * dimension ('agent', 'direction', 'end_reason', 'number', 'sentiment', 'status') and its value, in
 * quarters of an hour (grain 900000000, what the borders of days in all zones fall on) and days
 * (UTC, 86400000000) of their creation. It is folded from the same differences as call_rollup,
 * which get what it needs besides.
 *
 * turn_figure counts turns by how long a stage took: ms is the lower end of a step of the scale
 * (store/figure.c). cost_quarter is cost_day in quarters of an hour.
 */

#define TABLES(seq_)                                                           \
	"CREATE TABLE call_figure ("                                           \
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"                     \
	"	grain BIGINT NOT NULL,"                                              \
	"	dimension TEXT NOT NULL,"                                            \
	"	bucket BIGINT NOT NULL,"                                             \
	"	value TEXT NOT NULL,"                                                \
	"	calls BIGINT NOT NULL,"                                              \
	"	completed BIGINT NOT NULL,"                                          \
	"	answered BIGINT NOT NULL,"                                           \
	"	talk_s BIGINT NOT NULL,"                                             \
	"	PRIMARY KEY (tenant_id, grain, dimension, bucket, value));"          \
	"CREATE TABLE turn_figure ("                                           \
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"                     \
	"	grain BIGINT NOT NULL,"                                              \
	"	stage TEXT NOT NULL,"                                                \
	"	bucket BIGINT NOT NULL,"                                             \
	"	ms BIGINT NOT NULL,"                                                 \
	"	turns BIGINT NOT NULL,"                                              \
	"	PRIMARY KEY (tenant_id, grain, stage, bucket, ms));"                 \
	"CREATE TABLE turn_figure_delta ("                                     \
	"	seq " seq_ ","                                                 \
	"	tenant_id TEXT NOT NULL,"                                            \
	"	at BIGINT NOT NULL,"                                                 \
	"	end_of_speech_ms BIGINT NOT NULL," /* -1: not known */         \
	"	recognised_ms BIGINT NOT NULL,"                                      \
	"	answer_ms BIGINT NOT NULL,"                                          \
	"	first_audio_ms BIGINT NOT NULL,"                                     \
	"	fold BIGINT NOT NULL DEFAULT 0);"                                    \
	"CREATE TABLE cost_quarter ("                                          \
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"                     \
	"	bucket BIGINT NOT NULL,"                                             \
	"	currency TEXT NOT NULL,"                                             \
	"	shard BIGINT NOT NULL,"                                              \
	"	telephony BIGINT NOT NULL,"                                          \
	"	voice_ai BIGINT NOT NULL,"                                           \
	"	analysis BIGINT NOT NULL,"                                           \
	"	infrastructure BIGINT NOT NULL,"                                     \
	"	calls BIGINT NOT NULL,"                                              \
	"	PRIMARY KEY (tenant_id, bucket, currency, shard));"                  \
	"INSERT INTO cost_quarter SELECT tenant_id, ended_at / 900000000 * "   \
	"900000000, currency, 0, CAST(sum(telephony) AS BIGINT), "             \
	"CAST(sum(voice_ai) AS BIGINT), CAST(sum(analysis) AS BIGINT), "       \
	"CAST(sum(infrastructure) AS BIGINT), count(*) FROM call_cost "        \
	"GROUP BY tenant_id, ended_at / 900000000 * 900000000, currency;"      \
	"ALTER TABLE call_rollup_delta ADD COLUMN at BIGINT NOT NULL DEFAULT " \
	"0;"                                                                   \
	"ALTER TABLE call_rollup_delta ADD COLUMN number TEXT NOT NULL "       \
	"DEFAULT '';"                                                          \
	"ALTER TABLE call_rollup_delta ADD COLUMN end_reason TEXT NOT NULL "   \
	"DEFAULT '';"

#define INTO                                                                             \
	"INSERT INTO call_rollup_delta (tenant_id, hour, at, direction, agent, number, " \
	"end_reason, status, sentiment, calls, answered, talk_s) "

/* One call, as row_ (OLD or NEW) has it, counted sign_ ("" or "-") once. */
#define OF_CALL(row_, sign_)                                                                    \
	INTO "VALUES (" row_ ".tenant_id, " row_ ".created_at / 3600000000 * 3600000000, " row_ \
	     ".created_at / 900000000 * 900000000, " row_ ".direction, coalesce(" row_          \
	     ".agent, ''), coalesce(" row_ ".from_number, ''), coalesce(" row_                  \
	     ".end_reason, ''), " row_ ".status, '', " sign_ "1, CASE WHEN " row_               \
	     ".started_at > 0 AND " row_ ".ended_at > 0 THEN " sign_                            \
	     "1 ELSE 0 END, CASE WHEN " row_ ".started_at > 0 AND " row_                        \
	     ".ended_at > 0 THEN " sign_ "" row_ ".duration_s ELSE 0 END);"

/* One summary, likewise. */
#define OF_SUMMARY(row_, sign_)                                                                   \
	INTO "SELECT c.tenant_id, c.created_at / 3600000000 * 3600000000, "                       \
	     "c.created_at / 900000000 * 900000000, c.direction, coalesce(c.agent, ''), '', '', " \
	     "'', " row_ ".sentiment, " sign_ "1, 0, 0 FROM call c "                              \
	     "WHERE c.tenant_id = " row_ ".tenant_id AND c.id = " row_ ".call_id;"

/* What is there already. */
#define BACKFILL(grain_, dimension_, value_)                                                      \
	"INSERT INTO call_figure SELECT tenant_id, " grain_ ", '" dimension_                      \
	"', created_at / " grain_ " * " grain_ ", " value_ ", count(*), "                         \
	"count(CASE WHEN status = 'COMPLETED' THEN 1 END), "                                      \
	"count(CASE WHEN started_at > 0 AND ended_at > 0 THEN 1 END), "                           \
	"CAST(coalesce(sum(CASE WHEN started_at > 0 AND ended_at > 0 THEN duration_s END), 0) AS" \
	" BIGINT) FROM call WHERE deadline_at = 0 GROUP BY tenant_id, created_at / " grain_       \
	" * " grain_ ", " value_ ";"
#define BACKFILL_SENTIMENT(grain_)                                                               \
	"INSERT INTO call_figure SELECT tenant_id, " grain_ ", 'sentiment', bucket, sentiment, " \
	"count(*), 0, 0, 0 FROM (SELECT c.tenant_id, c.created_at / " grain_ " * " grain_        \
	" AS bucket, s.sentiment FROM call_summary s JOIN call c ON c.tenant_id = s.tenant_id "  \
	"AND c.id = s.call_id WHERE " COUNTS("s") ") one GROUP BY tenant_id, bucket, sentiment;"
#define BACKFILLS_OF(grain_)                                    \
	BACKFILL(grain_, "agent", "coalesce(agent, '')")        \
	BACKFILL(grain_, "direction", "direction")              \
	BACKFILL(grain_, "end_reason", "end_reason")            \
	BACKFILL(grain_, "number", "coalesce(from_number, '')") \
	BACKFILL(grain_, "status", "status")                    \
	BACKFILL_SENTIMENT(grain_)
#define BACKFILLS BACKFILLS_OF("900000000") BACKFILLS_OF("86400000000")

/* clang-format off */
const char schema_figure_sqlite[] =
	TABLES("INTEGER PRIMARY KEY")
	"DROP TRIGGER call_counted;"
	"DROP TRIGGER call_recounted;"
	"DROP TRIGGER call_ended;"
	"DROP TRIGGER call_uncounted;"
	"DROP TRIGGER summary_counted;"
	"DROP TRIGGER summary_recounted;"
	"DROP TRIGGER summary_completed;"
	"DROP TRIGGER summary_uncounted;"
	"CREATE TRIGGER call_counted AFTER INSERT ON call WHEN NEW.deadline_at = 0 BEGIN "
		OF_CALL("NEW", "") " END;"
	"CREATE TRIGGER call_recounted AFTER UPDATE ON call WHEN OLD.deadline_at = 0 AND "
		CALL_DIFFERS " BEGIN " OF_CALL("OLD", "-") " END;"
	"CREATE TRIGGER call_ended AFTER UPDATE ON call WHEN NEW.deadline_at = 0 AND "
		CALL_DIFFERS " BEGIN " OF_CALL("NEW", "") " END;"
	"CREATE TRIGGER call_uncounted AFTER DELETE ON call WHEN OLD.deadline_at = 0 BEGIN "
		OF_CALL("OLD", "-") " END;"
	"CREATE TRIGGER summary_counted AFTER INSERT ON call_summary WHEN "
		COUNTS("NEW") " BEGIN " OF_SUMMARY("NEW", "") " END;"
	"CREATE TRIGGER summary_recounted AFTER UPDATE ON call_summary WHEN ("
		SUMMARY_DIFFERS ") AND " COUNTS("OLD") " BEGIN " OF_SUMMARY("OLD", "-") " END;"
	"CREATE TRIGGER summary_completed AFTER UPDATE ON call_summary WHEN ("
		SUMMARY_DIFFERS ") AND " COUNTS("NEW") " BEGIN " OF_SUMMARY("NEW", "") " END;"
	"CREATE TRIGGER summary_uncounted AFTER DELETE ON call_summary WHEN "
		COUNTS("OLD") " BEGIN " OF_SUMMARY("OLD", "-") " END;"
	BACKFILLS;

const char schema_figure_postgres[] =
	TABLES("BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY")
	"CREATE OR REPLACE FUNCTION call_count() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
	"IF TG_OP <> 'INSERT' AND OLD.deadline_at = 0 THEN " OF_CALL("OLD", "-") " END IF;"
	"IF TG_OP <> 'DELETE' AND NEW.deadline_at = 0 THEN " OF_CALL("NEW", "") " END IF;"
	"RETURN NULL; END $$;"
	"CREATE OR REPLACE FUNCTION summary_count() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
	"IF TG_OP <> 'INSERT' THEN IF " COUNTS("OLD") " THEN "
		OF_SUMMARY("OLD", "-") " END IF; END IF;"
	"IF TG_OP <> 'DELETE' THEN IF " COUNTS("NEW") " THEN "
		OF_SUMMARY("NEW", "") " END IF; END IF;"
	"RETURN NULL; END $$;"
	BACKFILLS;
/* clang-format on */
