#include "platform/store/schema_priv.h"

/*
 * PostgreSQL with the TimescaleDB extension: call_event and transcript_turn become hypertables,
 * chunked by the day of the call's id (call_id_ms()) and compressed after a week
 * (call_chunks_compress()); call and the two tables that are changed and referred to stay in native
 * partitions. Keys and statements are the same. Decided once, here, and recorded in call_storage; a
 * database that has calls or partitions already stays as it is. The setting TIMESCALEDB arrives as
 * voiceai.timescaledb (store.h).
 *
 * A hypertable has no NULL in the column that it goes by: an event about no call has the call_id
 * '' there, which call_event_key() makes of NULL and statements read as NULL again. It is in the
 * chunk of 1970, as ids of another kind are, which no period's end drops.
 *
 * A chunk that referred to call could not be dropped without a look at all others, so triggers
 * stand for the foreign keys.
 *
 * call_volume has the differences that call_rollup_delta gets, for good, and call_volume_hour adds
 * them up: a continuous aggregate cannot be made over call_event itself, whose chunks go by a
 * function.
 */

#define OF_CALL "WHERE tenant_id = NEW.tenant_id AND id = NEW.call_id"
#define CALL_GONE(table_)                                                                   \
	"IF EXISTS (SELECT 1 FROM " table_ " WHERE tenant_id = OLD.tenant_id AND call_id"   \
	" = OLD.id) THEN RAISE foreign_key_violation USING MESSAGE = 'call is referred to " \
	"by " table_ "'; END IF;"

/* Rows of the hypertable that a period which is dropped leaves in chunks that it shares. */
#define SWEEP(table_)                                                                            \
	"DELETE FROM " table_ " WHERE call_id_ms(call_id) >= OLD.low_at AND call_id_ms(call_id)" \
	" < OLD.high_at;"                                                                        \
	"DELETE FROM " table_ " WHERE call_id_ms(call_id) = 0 AND call_id >= low AND call_id <"  \
	" high;"
#define DROP_CHUNKS(table_) \
	"PERFORM drop_chunks('" table_ "', older_than => OLD.high_at, newer_than => OLD.low_at);"

#define HYPERTABLE(table_, segment_, order_)                                           \
	"PERFORM create_hypertable('" table_ "', 'call_id', time_partitioning_func =>" \
	"	'call_id_ms', chunk_time_interval => 86400000::bigint,"                      \
	"	create_default_indexes => false);"                                           \
	"ALTER TABLE " table_                                                          \
	" SET (timescaledb.compress, timescaledb.compress_segmentby = '" segment_      \
	"', timescaledb.compress_orderby = '" order_ "');"

/* clang-format off */
const char schema_timescale_postgres[] =
	"CREATE TABLE call_storage ("
	"	kind TEXT NOT NULL CHECK (kind IN ('partitions', 'hypertables')),"
	"	reason TEXT NOT NULL,"
	"	decided_at BIGINT NOT NULL);"

	/* What stands for call_id in an event: see above. */
	"CREATE FUNCTION call_event_key(id TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS"
	"	$$ SELECT id $$;"

	/* Why there will be no hypertables, or NULL when there is the extension. */
	"CREATE FUNCTION timescale_refusal() RETURNS TEXT LANGUAGE plpgsql AS $$ BEGIN"
	"	IF current_setting('voiceai.timescaledb', true) = 'off' THEN"
	"		RETURN 'TIMESCALEDB is off'; END IF;"
	"	IF EXISTS (SELECT 1 FROM call_partition) OR EXISTS (SELECT 1 FROM call) THEN"
	"		RETURN 'there were calls or partitions before'; END IF;"
	"	IF NOT EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb')"
	"		THEN RETURN 'the extension TimescaleDB is not installed'; END IF;"
	"	IF NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'timescaledb') THEN"
	/* Of the loader; without it CREATE EXTENSION ends the connection. */
	"		IF current_setting('timescaledb.disable_load', true) IS NULL THEN"
	"			RETURN 'timescaledb is not in shared_preload_libraries'; END IF;"
	"		BEGIN"
	"			CREATE EXTENSION timescaledb;"
	"		EXCEPTION WHEN insufficient_privilege THEN"
	"			RETURN 'the role may not create the extension TimescaleDB';"
	"		END;"
	"	END IF;"
	"	IF current_setting('timescaledb.license', true) IS DISTINCT FROM 'timescale' THEN"
	"		RETURN 'the Apache edition of TimescaleDB does not compress'; END IF;"
	"	IF (SELECT string_to_array(substring(extversion FROM '^[0-9.]+'), '.')::int[] <"
	"		'{2,20}' FROM pg_extension WHERE extname = 'timescaledb') THEN"
	"		RETURN 'TimescaleDB is older than 2.20'; END IF;"
	"	IF to_regproc('compress_chunk') IS NULL THEN"
	"		RETURN 'the schema of TimescaleDB is not in the search_path'; END IF;"
	"	RETURN NULL; END $$;"

	"DO $timescale$ DECLARE"
	"	reason TEXT := timescale_refusal(); f TEXT;"
	"BEGIN "
	"INSERT INTO call_storage VALUES (CASE WHEN reason IS NULL THEN 'hypertables' ELSE"
	"	'partitions' END, coalesce(reason, (SELECT 'TimescaleDB ' || extversion FROM"
	"	pg_extension WHERE extname = 'timescaledb')),"
	"	(extract(epoch FROM clock_timestamp()) * 1000000)::bigint);"
	"IF reason IS NOT NULL THEN RETURN; END IF;"

	"CREATE OR REPLACE FUNCTION call_event_key(id TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS"
	"	$$ SELECT coalesce(id, '') $$;"
	"CREATE FUNCTION call_id_ms(id TEXT) RETURNS BIGINT LANGUAGE sql IMMUTABLE PARALLEL SAFE AS"
	"	$$ SELECT CASE WHEN id ~ '^[0-9a-f]{8}-[0-9a-f]{4}-7' THEN"
	"	('x' || substr(id, 1, 8) || substr(id, 10, 4))::bit(48)::bigint ELSE 0 END $$;"
	"CREATE FUNCTION call_now_us() RETURNS BIGINT LANGUAGE sql STABLE AS"
	"	$$ SELECT (extract(epoch FROM now()) * 1000000)::bigint $$;"

	/* What is not of a chunk's order is found by the numbers that it reaches from and to. */
	"SET LOCAL timescaledb.enable_chunk_skipping = on;"
	"BEGIN"
	"	EXECUTE format('ALTER DATABASE %I SET timescaledb.enable_chunk_skipping = on',"
	"		current_database());"
	"EXCEPTION WHEN insufficient_privilege THEN"
	"	EXECUTE format('ALTER ROLE %I IN DATABASE %I SET timescaledb.enable_chunk_skipping"
	"		= on', current_user, current_database());"
	"END;"

	"DROP TABLE call_event, transcript_turn;"
	"CREATE TABLE call_event ("
	"	seq BIGINT GENERATED BY DEFAULT AS IDENTITY,"
	"	tenant_id TEXT NOT NULL,"
	"	call_id TEXT COLLATE \"C\" NOT NULL,"
	"	type TEXT NOT NULL,"
	"	at BIGINT NOT NULL,"
	"	data TEXT NOT NULL);"
	"CREATE INDEX call_event_by_call ON call_event (tenant_id, call_id, seq);"
	"CREATE UNIQUE INDEX call_event_by_seq ON call_event (seq, call_id);"
	"CREATE TABLE transcript_turn ("
	"	tenant_id TEXT NOT NULL,"
	"	call_id TEXT COLLATE \"C\" NOT NULL,"
	"	ordinal BIGINT NOT NULL,"
	"	speaker TEXT NOT NULL CHECK (speaker IN ('agent', 'user')),"
	"	text TEXT NOT NULL,"
	"	confidence DOUBLE PRECISION,"
	"	final BIGINT NOT NULL,"
	"	at BIGINT NOT NULL,"
	"	timing TEXT,"
	"	PRIMARY KEY (tenant_id, call_id, ordinal));"
	HYPERTABLE("call_event", "", "seq")
	HYPERTABLE("transcript_turn", "tenant_id", "call_id, ordinal")
	"PERFORM enable_chunk_skipping('call_event', 'seq');"

	/* TimescaleDB's own policy does not know columns of text. The chunk of 1970 stays as it is. */
	"CREATE PROCEDURE call_chunks_compress(job INT, config JSONB) LANGUAGE plpgsql AS $$ DECLARE"
	"	before BIGINT := (extract(epoch FROM now()) * 1000)::bigint -"
	"		(config->>'days')::bigint * 86400000;"
	"	c REGCLASS;"
	"BEGIN"
	"	FOR c IN SELECT show_chunks(t, older_than => before, newer_than => 86400000::bigint)"
	"		FROM (VALUES ('call_event'), ('transcript_turn')) v (t) LOOP"
	"		PERFORM compress_chunk(c, if_not_compressed => true);"
	"		COMMIT;"
	"	END LOOP; END $$;"
	"PERFORM add_job('call_chunks_compress', '1 hour', config => '{\"days\": 7}');"
	"CREATE TRIGGER call_event_stays BEFORE UPDATE OF seq, tenant_id, call_id, type, at"
	"	ON call_event FOR EACH ROW EXECUTE FUNCTION call_event_stays();"

	"CREATE FUNCTION call_is_there() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
	"	IF NEW.call_id = '' THEN"
	"		PERFORM 1 FROM tenant WHERE id = NEW.tenant_id FOR KEY SHARE;"
	"	ELSE"
	"		PERFORM 1 FROM call " OF_CALL " FOR KEY SHARE;"
	"	END IF;"
	"	IF NOT FOUND THEN RAISE foreign_key_violation USING MESSAGE ="
	"		'the call is not there'; END IF;"
	"	RETURN NEW; END $$;"
	"CREATE TRIGGER call_event_of_call BEFORE INSERT ON call_event"
	"	FOR EACH ROW EXECUTE FUNCTION call_is_there();"
	"CREATE TRIGGER transcript_turn_of_call BEFORE INSERT ON transcript_turn"
	"	FOR EACH ROW EXECUTE FUNCTION call_is_there();"
	"CREATE FUNCTION call_is_alone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
	"	" CALL_GONE("call_event") CALL_GONE("transcript_turn")
	"	RETURN NULL; END $$;"
	/* Not of the rows that call_partition_make() moves: it disables the triggers meanwhile. */
	"CREATE TRIGGER call_alone AFTER DELETE ON call"
	"	FOR EACH ROW EXECUTE FUNCTION call_is_alone();"

	"CREATE TABLE call_volume ("
	"	tenant_id TEXT NOT NULL,"
	"	at BIGINT NOT NULL,"
	"	direction TEXT NOT NULL,"
	"	agent TEXT NOT NULL,"
	"	status TEXT NOT NULL,"
	"	sentiment TEXT NOT NULL,"
	"	calls BIGINT NOT NULL,"
	"	answered BIGINT NOT NULL,"
	"	talk_s BIGINT NOT NULL);"
	"PERFORM create_hypertable('call_volume', 'at', chunk_time_interval =>"
	"	604800000000::bigint, create_default_indexes => false);"
	"PERFORM set_integer_now_func('call_volume', 'call_now_us');"
	"ALTER TABLE call_volume SET (timescaledb.compress, timescaledb.compress_segmentby ="
	"	'tenant_id', timescaledb.compress_orderby = 'at');"
	"PERFORM add_compression_policy('call_volume', 604800000000::bigint);"
	"CREATE FUNCTION call_volume_add() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
	"	INSERT INTO call_volume VALUES (NEW.tenant_id, NEW.hour, NEW.direction, NEW.agent,"
	"		NEW.status, NEW.sentiment, NEW.calls, NEW.answered, NEW.talk_s);"
	"	RETURN NULL; END $$;"
	"CREATE TRIGGER call_volume_added AFTER INSERT ON call_rollup_delta"
	"	FOR EACH ROW EXECUTE FUNCTION call_volume_add();"
	"CREATE MATERIALIZED VIEW call_volume_hour WITH (timescaledb.continuous,"
	"	timescaledb.materialized_only = false) AS SELECT tenant_id,"
	"	time_bucket(3600000000::bigint, at) AS hour, direction, agent, status, sentiment,"
	"	sum(calls) AS calls, sum(answered) AS answered, sum(talk_s) AS talk_s"
	"	FROM call_volume GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(calls) <> 0 WITH NO DATA;"
	"PERFORM add_continuous_aggregate_policy('call_volume_hour', start_offset => NULL::bigint,"
	"	end_offset => 3600000000::bigint, schedule_interval => interval '15 minutes');"

	/* The functions of schema_partition.c, without the tables that are hypertables. */
	"FOR f IN SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace ="
	"	current_schema()::regnamespace AND proname IN ('call_partition_make',"
	"	'call_partition_drop') LOOP"
	"	f := regexp_replace(f, '\\(2, ''call_event'',\\s+''call_id''\\), \\(3,"
	" ''transcript_turn'', ''call_id''\\), ', '', 'g');"
	"	f := replace(f, 'call, call_event, transcript_turn, ', 'call, ');"
	"	f := replace(f, 'call_default, call_event_default, transcript_turn_default,',"
	"		'call_default,');"
	"	IF f ~ 'call_event|transcript_turn' THEN"
	"		RAISE 'a function keeps the partitions of a hypertable'; END IF;"
	"	EXECUTE f;"
	"END LOOP;"
	"CREATE FUNCTION call_chunks_drop() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE"
	"	low TEXT := " SCHEMA_BOUND("OLD.low_at") ";"
	"	high TEXT := " SCHEMA_BOUND("OLD.high_at") ";"
	"BEGIN "
	DROP_CHUNKS("call_event") DROP_CHUNKS("transcript_turn")
	SWEEP("call_event") SWEEP("transcript_turn")
	"	RETURN NULL; END $$;"
	"CREATE TRIGGER call_partition_gone AFTER DELETE ON call_partition"
	"	FOR EACH ROW EXECUTE FUNCTION call_chunks_drop();"
	"END $timescale$;"
	"DROP FUNCTION timescale_refusal();";
/* clang-format on */
