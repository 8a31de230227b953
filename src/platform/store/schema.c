#include "platform/store/schema.h"

/*
 * Keys begin with the tenant, so that no row of one can refer to a row of another. Times are UTC
 * microseconds, 0 for "not yet"; ids, enumerations and JSON are text.
 */
static const char first[] =
	"CREATE TABLE tenant ("
	"	id TEXT PRIMARY KEY,"
	"	name TEXT NOT NULL,"
	"	created_at BIGINT NOT NULL);"
	"INSERT INTO tenant VALUES ('default', 'default', 0);"

	"CREATE TABLE call ("
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"
	"	id TEXT NOT NULL,"
	"	status TEXT NOT NULL CHECK (status IN ('PENDING', 'INITIATING', 'RINGING',"
	"		'IN_PROGRESS', 'COMPLETED', 'FAILED', 'NO_ANSWER', 'BUSY')),"
	"	direction TEXT NOT NULL CHECK (direction IN ('INBOUND', 'OUTBOUND')),"
	"	phone_number TEXT NOT NULL,"
	"	from_number TEXT,"
	"	ultravox_call_id TEXT,"
	"	twilio_call_sid TEXT,"
	"	join_url TEXT,"
	"	data_token TEXT,"
	"	agent TEXT,"
	"	model TEXT,"
	"	system_prompt TEXT,"
	"	first_message TEXT,"
	"	voice TEXT,"
	"	language TEXT,"
	"	temperature DOUBLE PRECISION,"
	"	max_duration_s BIGINT NOT NULL,"
	"	metadata TEXT,"
	"	outcome TEXT,"
	"	answered_by TEXT,"
	"	end_reason TEXT,"
	"	end_hint TEXT,"
	"	end_detail TEXT,"
	"	created_at BIGINT NOT NULL,"
	"	started_at BIGINT NOT NULL,"
	"	ended_at BIGINT NOT NULL,"
	"	updated_at BIGINT NOT NULL,"
	"	deadline_at BIGINT NOT NULL,"
	"	deadline_misses BIGINT NOT NULL,"
	"	duration_s BIGINT NOT NULL,"
	"	version BIGINT NOT NULL,"
	"	PRIMARY KEY (tenant_id, id),"
	/* A call that is over has a reason and no deadline, any other a deadline and no reason. */
	"	CHECK ((status IN ('COMPLETED', 'FAILED', 'NO_ANSWER', 'BUSY'))"
	"		= (end_reason IS NOT NULL)),"
	"	CHECK ((end_reason IS NULL) = (deadline_at > 0)));"
	"CREATE UNIQUE INDEX call_by_sid ON call (tenant_id, twilio_call_sid);"
	"CREATE UNIQUE INDEX call_by_session ON call (tenant_id, ultravox_call_id);"
	"CREATE INDEX call_by_time ON call (tenant_id, created_at, id);"
	"CREATE INDEX call_by_status ON call (tenant_id, status, created_at, id);"
	"CREATE INDEX call_by_number ON call (tenant_id, phone_number, created_at);"
	"CREATE INDEX call_by_deadline ON call (deadline_at) WHERE deadline_at > 0;"

	"CREATE TABLE call_event ("
	"	seq INTEGER PRIMARY KEY AUTOINCREMENT,"
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"
	"	call_id TEXT," /* NULL: about no call */
	"	type TEXT NOT NULL,"
	"	at BIGINT NOT NULL,"
	"	data TEXT NOT NULL,"
	"	FOREIGN KEY (tenant_id, call_id) REFERENCES call (tenant_id, id));"
	"CREATE INDEX call_event_by_call ON call_event (tenant_id, call_id, seq);"
	"CREATE TRIGGER call_event_stays BEFORE UPDATE ON call_event BEGIN"
	"	SELECT raise(ABORT, 'call_event is append-only'); END;"

	"CREATE TABLE transcript_turn ("
	"	tenant_id TEXT NOT NULL,"
	"	call_id TEXT NOT NULL,"
	"	ordinal BIGINT NOT NULL,"
	"	speaker TEXT NOT NULL CHECK (speaker IN ('agent', 'user')),"
	"	text TEXT NOT NULL,"
	"	confidence DOUBLE PRECISION,"
	"	final BIGINT NOT NULL," /* 0: only its times are known yet */
	"	at BIGINT NOT NULL,"
	"	timing TEXT,"
	"	PRIMARY KEY (tenant_id, call_id, ordinal),"
	"	FOREIGN KEY (tenant_id, call_id) REFERENCES call (tenant_id, id));"

	"CREATE TABLE call_summary ("
	"	tenant_id TEXT NOT NULL,"
	"	call_id TEXT NOT NULL,"
	"	status TEXT NOT NULL CHECK (status IN ('pending', 'completed', 'failed')),"
	"	summary TEXT,"
	"	key_points TEXT NOT NULL,"
	"	sentiment TEXT CHECK (sentiment IN ('positive', 'neutral', 'negative')),"
	"	action_items TEXT NOT NULL,"
	"	highlights TEXT NOT NULL,"
	"	analyser TEXT,"
	"	model TEXT,"
	"	error TEXT,"
	"	created_at BIGINT NOT NULL,"
	"	PRIMARY KEY (tenant_id, call_id),"
	"	FOREIGN KEY (tenant_id, call_id) REFERENCES call (tenant_id, id));"

	"CREATE TABLE recording ("
	"	tenant_id TEXT NOT NULL,"
	"	call_id TEXT NOT NULL,"
	"	status TEXT NOT NULL CHECK (status IN ('pending', 'available', 'failed')),"
	"	provider_sid TEXT,"
	"	url TEXT,"
	"	path TEXT,"
	"	error TEXT,"
	"	duration_s BIGINT NOT NULL,"
	"	size_bytes BIGINT NOT NULL,"
	"	channels BIGINT NOT NULL,"
	"	updated_at BIGINT NOT NULL,"
	"	PRIMARY KEY (tenant_id, call_id),"
	"	FOREIGN KEY (tenant_id, call_id) REFERENCES call (tenant_id, id));"

	"CREATE TABLE job ("
	"	id TEXT PRIMARY KEY,"
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"
	"	kind TEXT NOT NULL,"
	"	call_id TEXT,"
	"	unique_key TEXT,"
	"	payload TEXT NOT NULL,"
	"	state TEXT NOT NULL CHECK (state IN ('ready', 'running', 'done', 'dead')),"
	"	attempt BIGINT NOT NULL,"
	"	max_attempts BIGINT NOT NULL," /* 0: the kind's */
	"	run_at BIGINT NOT NULL,"       /* running: when the lease passes */
	"	owner TEXT,"
	"	last_error TEXT,"
	"	created_at BIGINT NOT NULL,"
	"	updated_at BIGINT NOT NULL,"
	"	UNIQUE (tenant_id, unique_key));"
	"CREATE INDEX job_due ON job (run_at) WHERE state IN ('ready', 'running');"
	"CREATE INDEX job_by_call ON job (tenant_id, call_id);"

	"CREATE TABLE webhook_receipt ("
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"
	"	receipt TEXT NOT NULL,"
	"	received_at BIGINT NOT NULL,"
	"	PRIMARY KEY (tenant_id, receipt));"
	"CREATE INDEX webhook_receipt_by_time ON webhook_receipt (received_at);"

	"CREATE TABLE idempotency_key ("
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"
	"	idempotency_key TEXT NOT NULL,"
	"	request_digest TEXT NOT NULL,"
	"	call_id TEXT NOT NULL,"
	"	created_at BIGINT NOT NULL,"
	"	PRIMARY KEY (tenant_id, idempotency_key));"
	"CREATE INDEX idempotency_key_by_time ON idempotency_key (created_at);";

/*
 * Each kind is claimed by itself: its jobs that are due are found without passing over all those of
 * the other kinds.
 */
static const char second[] =
	"CREATE INDEX job_due_by_kind ON job (kind, run_at) WHERE state IN ('ready', 'running');";

const struct db_migration schema_migrations[] = {
	{1, "calls", first},
	{2, "jobs due by kind", second},
};
const size_t schema_migration_count = sizeof(schema_migrations) / sizeof(*schema_migrations);
