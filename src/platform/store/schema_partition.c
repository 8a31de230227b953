#include "platform/store/schema_priv.h"

/*
 * PostgreSQL: call and the four tables of what belongs to a call are partitioned alike, by ranges
 * of the call's id, whose first twelve digits are the millisecond in which it was made (UUIDv7).
 * So a partition holds a period's calls with all that belongs to them, keys and statements stay as
 * they are, and what is found by an id is found in one partition. Ids of another kind, of imported
 * calls, and events about no call are in the DEFAULT partitions.
 *
 * call_partition says which partitions there are: TABLE_SUFFIX for each of the five tables, calls
 * made from low_at to before high_at (milliseconds).
 *
 * A unique index of a partitioned table has to have its key in it, so the carrier's and the
 * engine's ids are kept unique, and found, in call_ref.
 *
 * The functions return -2 when another process is at it. What they lock, they wait for two seconds
 * at most.
 */

/* The five tables and the column that they are partitioned by, those that are referred to first. */
#define EACH_TABLE                                                                        \
	"FOR t, k IN SELECT v.t, v.k FROM (VALUES (1, 'call', 'id'), (2, 'call_event', "  \
	"'call_id'), (3, 'transcript_turn', 'call_id'), (4, 'call_summary', 'call_id'), " \
	"(5, 'recording', 'call_id')) v (n, t, k) ORDER BY v.n "
#define ALONE                            \
	"SET LOCAL lock_timeout = '2s';" \
	"IF NOT pg_try_advisory_xact_lock(7310036842219462) THEN RETURN -2; END IF;"

/* clang-format off */
const char schema_partition_postgres[] =
	"CREATE TABLE call_partition ("
	"	suffix TEXT PRIMARY KEY,"
	"	low_at BIGINT NOT NULL,"
	"	high_at BIGINT NOT NULL);"

	"CREATE TABLE call_ref ("
	"	tenant_id TEXT NOT NULL,"
	"	kind TEXT NOT NULL,"
	"	ref TEXT NOT NULL,"
	"	call_id TEXT COLLATE \"C\" NOT NULL,"
	"	PRIMARY KEY (tenant_id, kind, ref));"
	"CREATE INDEX call_ref_by_call ON call_ref (call_id);"

	/* A taken id fails as an index would: the statement that brings it is answered -EEXIST. */
	"CREATE FUNCTION call_refer() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
	"	IF TG_OP <> 'INSERT' THEN"
	"		DELETE FROM call_ref WHERE tenant_id = OLD.tenant_id AND kind = 'sid'"
	"			AND ref = OLD.twilio_call_sid;"
	"		DELETE FROM call_ref WHERE tenant_id = OLD.tenant_id AND kind = 'session'"
	"			AND ref = OLD.ultravox_call_id;"
	"	END IF;"
	"	IF TG_OP <> 'DELETE' THEN"
	"		INSERT INTO call_ref SELECT NEW.tenant_id, kind, ref, NEW.id FROM (VALUES"
	"			('sid', NEW.twilio_call_sid), ('session', NEW.ultravox_call_id))"
	"			v (kind, ref) WHERE ref IS NOT NULL;"
	"	END IF;"
	"	RETURN NULL; END $$;"
	"CREATE TRIGGER call_referred AFTER INSERT ON call FOR EACH ROW"
	"	WHEN (NEW.twilio_call_sid IS NOT NULL OR NEW.ultravox_call_id IS NOT NULL)"
	"	EXECUTE FUNCTION call_refer();"
	"CREATE TRIGGER call_referred_anew AFTER UPDATE ON call FOR EACH ROW"
	"	WHEN (OLD.twilio_call_sid IS DISTINCT FROM NEW.twilio_call_sid"
	"		OR OLD.ultravox_call_id IS DISTINCT FROM NEW.ultravox_call_id)"
	"	EXECUTE FUNCTION call_refer();"
	"CREATE TRIGGER call_unreferred AFTER DELETE ON call FOR EACH ROW"
	"	WHEN (OLD.twilio_call_sid IS NOT NULL OR OLD.ultravox_call_id IS NOT NULL)"
	"	EXECUTE FUNCTION call_refer();"
	"INSERT INTO call_ref SELECT tenant_id, 'sid', twilio_call_sid, id FROM call"
	"	WHERE twilio_call_sid IS NOT NULL;"
	"INSERT INTO call_ref SELECT tenant_id, 'session', ultravox_call_id, id FROM call"
	"	WHERE ultravox_call_id IS NOT NULL;"

	/*
	 * Make the partitions of a period; what the DEFAULT ones hold of it moves over. Moving is
	 * no change, so no trigger sees it. Returns the number of calls moved, or -1 when there are
	 * such partitions.
	 */
	"CREATE FUNCTION call_partition_make(name TEXT, low_ms BIGINT, high_ms BIGINT)"
	"	RETURNS BIGINT LANGUAGE plpgsql AS $$ DECLARE"
	"	low TEXT := " SCHEMA_BOUND("low_ms") ";"
	"	high TEXT := " SCHEMA_BOUND("high_ms") ";"
	"	t TEXT; k TEXT; n BIGINT; moved BIGINT := 0;"
	"BEGIN " ALONE
	"	IF EXISTS (SELECT 1 FROM call_partition WHERE suffix = name) THEN"
	"		RETURN -1; END IF;"
	"	LOCK TABLE call, call_event, transcript_turn, call_summary, recording"
	"		IN SHARE UPDATE EXCLUSIVE MODE;"
	"	LOCK TABLE call_default, call_event_default, transcript_turn_default,"
	"		call_summary_default, recording_default IN ACCESS EXCLUSIVE MODE;"
	"	" EACH_TABLE "LOOP"
	"		EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING IDENTITY)',"
	"			t || '_' || name, t);"
	"		EXECUTE format('INSERT INTO %I SELECT * FROM %I WHERE %I >= $1 AND %I < $2',"
	"			t || '_' || name, t || '_default', k, k) USING low, high;"
	"		GET DIAGNOSTICS n = ROW_COUNT;"
	"		IF t = 'call' THEN moved := n; END IF;"
	"	END LOOP;"
	"	IF moved > 0 THEN " EACH_TABLE "DESC LOOP"
	"		EXECUTE format('ALTER TABLE %I DISABLE TRIGGER USER', t || '_default');"
	"		EXECUTE format('DELETE FROM %I WHERE %I >= $1 AND %I < $2',"
	"			t || '_default', k, k) USING low, high;"
	"		SET CONSTRAINTS ALL IMMEDIATE;"
	"		EXECUTE format('ALTER TABLE %I ENABLE TRIGGER USER', t || '_default');"
	"	END LOOP; END IF;"
	"	" EACH_TABLE "LOOP"
	"		EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L)"
	"			TO (%L)', t, t || '_' || name, low, high);"
	"		IF t <> 'call' THEN"
	"			EXECUTE format('ALTER TABLE %I ADD FOREIGN KEY (tenant_id, call_id)"
	"				REFERENCES %I (tenant_id, id)', t || '_' || name, 'call_' || name);"
	"		END IF;"
	"	END LOOP;"
	"	INSERT INTO call_partition VALUES (name, low_ms, high_ms);"
	"	RETURN moved; END $$;"

	/*
	 * Drop a period, and take its calls out of the figures. Returns the number of calls, or -1
	 * when one of them is not over or not older than before_us: then it stays.
	 */
	"CREATE FUNCTION call_partition_drop(name TEXT, before_us BIGINT)"
	"	RETURNS BIGINT LANGUAGE plpgsql AS $$ DECLARE"
	"	t TEXT; k TEXT; n BIGINT; busy BOOLEAN;"
	"BEGIN " ALONE
	"	IF NOT EXISTS (SELECT 1 FROM call_partition WHERE suffix = name) THEN"
	"		RETURN -1; END IF;"
	"	EXECUTE format('LOCK TABLE %I, %I IN SHARE ROW EXCLUSIVE MODE', 'call_' || name,"
	"		'call_summary_' || name);"
	"	EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I WHERE deadline_at > 0 OR"
	"		created_at >= $1)', 'call_' || name) INTO busy USING before_us;"
	"	IF busy THEN RETURN -1; END IF;"
	"	EXECUTE format('INSERT INTO call_rollup_delta (tenant_id, hour, direction, agent,"
	"		status, sentiment, calls, answered, talk_s) SELECT tenant_id,"
	"		created_at / 3600000000 * 3600000000, direction, coalesce(agent, ''''), status,"
	"		'''', -count(*), -count(*) FILTER (WHERE started_at > 0 AND ended_at > 0),"
	"		-coalesce(sum(duration_s) FILTER (WHERE started_at > 0 AND ended_at > 0), 0)"
	"		FROM %I GROUP BY 1, 2, 3, 4, 5', 'call_' || name);"
	"	EXECUTE format('INSERT INTO call_rollup_delta (tenant_id, hour, direction, agent,"
	"		status, sentiment, calls, answered, talk_s) SELECT c.tenant_id,"
	"		c.created_at / 3600000000 * 3600000000, c.direction, coalesce(c.agent, ''''),"
	"		'''', s.sentiment, -count(*), 0, 0 FROM %I c JOIN %I s ON s.tenant_id ="
	"		c.tenant_id AND s.call_id = c.id WHERE s.status = ''completed'' AND s.sentiment"
	"		IS NOT NULL GROUP BY 1, 2, 3, 4, 6', 'call_' || name, 'call_summary_' || name);"
	"	EXECUTE format('SELECT count(*) FROM %I', 'call_' || name) INTO n;"
	"	EXECUTE format('DELETE FROM call_ref r USING %I c WHERE r.call_id = c.id AND"
	"		r.tenant_id = c.tenant_id', 'call_' || name);"
	"	LOCK TABLE call, call_event, transcript_turn, call_summary, recording"
	"		IN ACCESS EXCLUSIVE MODE;"
	"	" EACH_TABLE "DESC LOOP"
	"		EXECUTE format('DROP TABLE %I', t || '_' || name);"
	"	END LOOP;"
	"	DELETE FROM call_partition WHERE suffix = name;"
	"	RETURN n; END $$;";
/* clang-format on */
