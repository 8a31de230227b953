#include "platform/store/schema.h"

#include "platform/store/schema_priv.h"

/*
 * Keys begin with the tenant, so that no row of one can refer to a row of another. Times are UTC
 * microseconds, 0 for "not yet"; ids, enumerations and JSON are text.
 */
#define CALL_TABLES(id_, end_)                                                                     \
	"CREATE TABLE tenant ("                                                                    \
	"	id TEXT PRIMARY KEY,"                                                                    \
	"	name TEXT NOT NULL,"                                                                     \
	"	created_at BIGINT NOT NULL);"                                                            \
	"INSERT INTO tenant VALUES ('default', 'default', 0);"                                     \
	"CREATE TABLE call ("                                                                      \
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"                                         \
	"	id " id_ " NOT NULL,"                                                              \
	"	status TEXT NOT NULL CHECK (status IN ('PENDING', 'INITIATING', 'RINGING',"              \
	"		'IN_PROGRESS', 'COMPLETED', 'FAILED', 'NO_ANSWER', 'BUSY')),"                           \
	"	direction TEXT NOT NULL CHECK (direction IN ('INBOUND', 'OUTBOUND')),"                   \
	"	phone_number TEXT NOT NULL,"                                                             \
	"	from_number TEXT,"                                                                       \
	"	ultravox_call_id TEXT,"                                                                  \
	"	twilio_call_sid TEXT,"                                                                   \
	"	join_url TEXT,"                                                                          \
	"	data_token TEXT,"                                                                        \
	"	agent TEXT,"                                                                             \
	"	model TEXT,"                                                                             \
	"	system_prompt TEXT,"                                                                     \
	"	first_message TEXT,"                                                                     \
	"	voice TEXT,"                                                                             \
	"	language TEXT,"                                                                          \
	"	temperature DOUBLE PRECISION,"                                                           \
	"	max_duration_s BIGINT NOT NULL,"                                                         \
	"	metadata TEXT,"                                                                          \
	"	outcome TEXT,"                                                                           \
	"	answered_by TEXT,"                                                                       \
	"	end_reason TEXT,"                                                                        \
	"	end_hint TEXT,"                                                                          \
	"	end_detail TEXT,"                                                                        \
	"	created_at BIGINT NOT NULL,"                                                             \
	"	started_at BIGINT NOT NULL,"                                                             \
	"	ended_at BIGINT NOT NULL,"                                                               \
	"	updated_at BIGINT NOT NULL,"                                                             \
	"	deadline_at BIGINT NOT NULL,"                                                            \
	"	deadline_misses BIGINT NOT NULL,"                                                        \
	"	duration_s BIGINT NOT NULL,"                                                             \
	"	version BIGINT NOT NULL,"                                                                \
	"	PRIMARY KEY (tenant_id, id)," /* A call that is over has a reason and no deadline, \
						 any other a deadline and no reason. */            \
	"	CHECK ((status IN ('COMPLETED', 'FAILED', 'NO_ANSWER', 'BUSY'))"                         \
	"		= (end_reason IS NOT NULL)),"                                                           \
	"	CHECK ((end_reason IS NULL) = (deadline_at > 0)))" end_ ";"                        \
	"CREATE INDEX call_by_time ON call (tenant_id, created_at, id);"                           \
	"CREATE INDEX call_by_status ON call (tenant_id, status, created_at, id);"                 \
	"CREATE INDEX call_by_number ON call (tenant_id, phone_number, created_at);"               \
	"CREATE INDEX call_by_deadline ON call (deadline_at) WHERE deadline_at > 0;"

#define EVENT_TABLE(seq_, id_, to_call_, end_)              \
	"CREATE TABLE call_event ("                         \
	"	seq " seq_ ","                              \
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"  \
	"	call_id " id_ "," /* NULL: about no call */ \
	"	type TEXT NOT NULL,"                              \
	"	at BIGINT NOT NULL,"                              \
	"	data TEXT NOT NULL" to_call_ ")" end_ ";"   \
	"CREATE INDEX call_event_by_call ON call_event (tenant_id, call_id, seq);"

#define OTHER_TABLES(id_, to_call_, end_)                                             \
	"CREATE TABLE transcript_turn ("                                              \
	"	tenant_id TEXT NOT NULL,"                                                   \
	"	call_id " id_ " NOT NULL,"                                            \
	"	ordinal BIGINT NOT NULL,"                                                   \
	"	speaker TEXT NOT NULL CHECK (speaker IN ('agent', 'user')),"                \
	"	text TEXT NOT NULL,"                                                        \
	"	confidence DOUBLE PRECISION,"                                               \
	"	final BIGINT NOT NULL," /* 0: only its times are known yet */         \
	"	at BIGINT NOT NULL,"                                                        \
	"	timing TEXT,"                                                               \
	"	PRIMARY KEY (tenant_id, call_id, ordinal)" to_call_ ")" end_ ";"      \
	"CREATE TABLE call_summary ("                                                 \
	"	tenant_id TEXT NOT NULL,"                                                   \
	"	call_id " id_ " NOT NULL,"                                            \
	"	status TEXT NOT NULL CHECK (status IN ('pending', 'completed', 'failed'))," \
	"	summary TEXT,"                                                              \
	"	key_points TEXT NOT NULL,"                                                  \
	"	sentiment TEXT CHECK (sentiment IN ('positive', 'neutral', 'negative')),"   \
	"	action_items TEXT NOT NULL,"                                                \
	"	highlights TEXT NOT NULL,"                                                  \
	"	analyser TEXT,"                                                             \
	"	model TEXT,"                                                                \
	"	error TEXT,"                                                                \
	"	created_at BIGINT NOT NULL,"                                                \
	"	PRIMARY KEY (tenant_id, call_id)" to_call_ ")" end_ ";"               \
	"CREATE TABLE recording ("                                                    \
	"	tenant_id TEXT NOT NULL,"                                                   \
	"	call_id " id_ " NOT NULL,"                                            \
	"	status TEXT NOT NULL CHECK (status IN ('pending', 'available', 'failed'))," \
	"	provider_sid TEXT,"                                                         \
	"	url TEXT,"                                                                  \
	"	path TEXT,"                                                                 \
	"	error TEXT,"                                                                \
	"	duration_s BIGINT NOT NULL,"                                                \
	"	size_bytes BIGINT NOT NULL,"                                                \
	"	channels BIGINT NOT NULL,"                                                  \
	"	updated_at BIGINT NOT NULL,"                                                \
	"	PRIMARY KEY (tenant_id, call_id)" to_call_ ")" end_ ";"               \
	"CREATE TABLE job ("                                                          \
	"	id TEXT PRIMARY KEY,"                                                       \
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"                            \
	"	kind TEXT NOT NULL,"                                                        \
	"	call_id TEXT,"                                                              \
	"	unique_key TEXT,"                                                           \
	"	payload TEXT NOT NULL,"                                                     \
	"	state TEXT NOT NULL CHECK (state IN ('ready', 'running', 'done', 'dead'))," \
	"	attempt BIGINT NOT NULL,"                                                   \
	"	max_attempts BIGINT NOT NULL," /* 0: the kind's */                    \
	"	run_at BIGINT NOT NULL,"       /* running: when the lease passes */   \
	"	owner TEXT,"                                                                \
	"	last_error TEXT,"                                                           \
	"	created_at BIGINT NOT NULL,"                                                \
	"	updated_at BIGINT NOT NULL,"                                                \
	"	UNIQUE (tenant_id, unique_key));"                                           \
	"CREATE INDEX job_due ON job (run_at) WHERE state IN ('ready', 'running');"   \
	"CREATE INDEX job_by_call ON job (tenant_id, call_id);"                       \
	"CREATE TABLE webhook_receipt ("                                              \
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"                            \
	"	receipt TEXT NOT NULL,"                                                     \
	"	received_at BIGINT NOT NULL,"                                               \
	"	PRIMARY KEY (tenant_id, receipt));"                                         \
	"CREATE INDEX webhook_receipt_by_time ON webhook_receipt (received_at);"      \
	"CREATE TABLE idempotency_key ("                                              \
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"                            \
	"	idempotency_key TEXT NOT NULL,"                                             \
	"	request_digest TEXT NOT NULL,"                                              \
	"	call_id TEXT NOT NULL,"                                                     \
	"	created_at BIGINT NOT NULL,"                                                \
	"	PRIMARY KEY (tenant_id, idempotency_key));"                                 \
	"CREATE INDEX idempotency_key_by_time ON idempotency_key (created_at);"

/* Of PostgreSQL, each partition has it for itself. */
#define TO_CALL         ", FOREIGN KEY (tenant_id, call_id) REFERENCES call (tenant_id, id)"
#define TO_CALL_DEFAULT "FOREIGN KEY (tenant_id, call_id) REFERENCES call_default (tenant_id, id)"

/* clang-format off */
static const char first[] =
	CALL_TABLES("TEXT", "")
	"CREATE UNIQUE INDEX call_by_sid ON call (tenant_id, twilio_call_sid);"
	"CREATE UNIQUE INDEX call_by_session ON call (tenant_id, ultravox_call_id);"
	EVENT_TABLE("INTEGER PRIMARY KEY AUTOINCREMENT", "TEXT", TO_CALL, "")
	"CREATE TRIGGER call_event_stays BEFORE UPDATE ON call_event BEGIN"
	"	SELECT raise(ABORT, 'call_event is append-only'); END;"
	OTHER_TABLES("TEXT", TO_CALL, "");

/*
 * PostgreSQL gives out seq before a transaction commits: with several processes a row with a lower
 * number may appear after one with a higher. Within one process numbers appear in order, because
 * one connection writes.
 *
 * Calls and what belongs to them are partitioned by the time in their ids (schema_partition.c).
 */
#define ID "TEXT COLLATE \"C\""

static const char first_postgres[] =
	CALL_TABLES(ID, " PARTITION BY RANGE (id)")
	EVENT_TABLE("BIGINT GENERATED BY DEFAULT AS IDENTITY", ID, "", " PARTITION BY RANGE (call_id)")
	"CREATE UNIQUE INDEX call_event_by_seq ON call_event (seq, call_id) NULLS NOT DISTINCT;"
	"CREATE FUNCTION call_event_stays() RETURNS trigger LANGUAGE plpgsql AS"
	"	$$ BEGIN RAISE EXCEPTION 'call_event is append-only'; END $$;"
	"CREATE TRIGGER call_event_stays BEFORE UPDATE ON call_event"
	"	FOR EACH ROW EXECUTE FUNCTION call_event_stays();"
	OTHER_TABLES(ID, "", " PARTITION BY RANGE (call_id)")
	"CREATE TABLE call_default PARTITION OF call DEFAULT;"
	"CREATE TABLE call_event_default PARTITION OF call_event DEFAULT;"
	"CREATE TABLE transcript_turn_default PARTITION OF transcript_turn DEFAULT;"
	"CREATE TABLE call_summary_default PARTITION OF call_summary DEFAULT;"
	"CREATE TABLE recording_default PARTITION OF recording DEFAULT;"
	"ALTER TABLE call_event_default ADD " TO_CALL_DEFAULT ";"
	"ALTER TABLE transcript_turn_default ADD " TO_CALL_DEFAULT ";"
	"ALTER TABLE call_summary_default ADD " TO_CALL_DEFAULT ";"
	"ALTER TABLE recording_default ADD " TO_CALL_DEFAULT ";";
/* clang-format on */

/*
 * Each kind is claimed by itself: its jobs that are due are found without passing over all those of
 * the other kinds.
 */
static const char second[] =
	"CREATE INDEX job_due_by_kind ON job (kind, run_at) WHERE state IN ('ready', 'running');";

const struct db_migration schema_migrations[] = {
	{1, "calls", first, first_postgres},
	{2, "jobs due by kind", second},
	{3, "cost", schema_cost},
	{4, "rollups", schema_rollup_sqlite, schema_rollup_postgres},
	{5, "agents", schema_agent},
	{6, "dead jobs", schema_dead_jobs},
	{7, "vault", schema_vault_sqlite, schema_vault_postgres},
	{8, "audit log", schema_audit_sqlite, schema_audit_postgres},
	{9, "outgoing webhooks", schema_webhook},
	{10, "traces", schema_trace},
	{11, "partitions", "", schema_partition_postgres},
	{12, "phone numbers", schema_number},
	{13, "access", schema_access},
	{14, "scheduled calls", schema_schedule},
	{15, "call limits", schema_limit},
	{16, "figures", schema_figure_sqlite, schema_figure_postgres},
	{17, "payloads", schema_payload_sqlite, schema_payload_postgres},
	{18, "secret checks", schema_secret},
	{19, "timescaledb", "", schema_timescale_postgres},
	{20, "leads", schema_lead},
	{21, "links", schema_link},
	{22, "recordings of other pods", schema_recording_gone},
};
const size_t schema_migration_count = sizeof(schema_migrations) / sizeof(*schema_migrations);
