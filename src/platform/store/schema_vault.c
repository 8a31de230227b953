#include "platform/store/schema_priv.h"

/*
 * Keys of the vault, and what sealed numbers are looked up by: '' where the number was erased, NULL
 * where the call was stored before there were keys (reseal.h). An event keeps what it says for
 * ever, but may be sealed under another key.
 */
#define TABLES                                                                              \
	"CREATE TABLE data_key ("                                                           \
	"	id TEXT PRIMARY KEY,"                                                             \
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"                                  \
	"	purpose TEXT NOT NULL CHECK (purpose IN ('seal', 'hash')),"                       \
	"	wrapped TEXT NOT NULL,"                                                           \
	"	master TEXT NOT NULL,"                                                            \
	"	created_at BIGINT NOT NULL);"                                                     \
	"CREATE UNIQUE INDEX data_key_hash ON data_key (tenant_id) WHERE purpose = 'hash';" \
	"CREATE INDEX data_key_by_tenant ON data_key (tenant_id, created_at);"              \
	"ALTER TABLE call ADD COLUMN phone_hash TEXT;"                                      \
	"DROP INDEX call_by_number;"                                                        \
	"CREATE INDEX call_unsealed ON call (tenant_id, id) WHERE phone_hash IS NULL;"      \
	"CREATE INDEX call_by_phone_hash ON call (tenant_id, phone_hash, created_at);"      \
	"CREATE INDEX call_by_from_number ON call (tenant_id, from_number, created_at);"    \
	"CREATE TABLE retention ("                                                          \
	"	tenant_id TEXT PRIMARY KEY REFERENCES tenant (id),"                               \
	"	words_days BIGINT NOT NULL,"                                                      \
	"	recordings_days BIGINT NOT NULL,"                                                 \
	"	calls_days BIGINT NOT NULL,"                                                      \
	"	words_until BIGINT NOT NULL,"                                                     \
	"	recordings_until BIGINT NOT NULL,"                                                \
	"	updated_at BIGINT NOT NULL);"                                                     \
	"CREATE TABLE erasure ("                                                            \
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"                                  \
	"	id TEXT NOT NULL,"                                                                \
	"	phone_number TEXT,"                                                               \
	"	phone_hash TEXT NOT NULL,"                                                        \
	"	state TEXT NOT NULL CHECK (state IN ('pending', 'done')),"                        \
	"	requested_by TEXT NOT NULL,"                                                      \
	"	reason TEXT,"                                                                     \
	"	requested_at BIGINT NOT NULL,"                                                    \
	"	completed_at BIGINT NOT NULL,"                                                    \
	"	calls BIGINT NOT NULL,"                                                           \
	"	turns BIGINT NOT NULL,"                                                           \
	"	recordings BIGINT NOT NULL,"                                                      \
	"	proof TEXT,"                                                                      \
	"	PRIMARY KEY (tenant_id, id));"                                                    \
	"CREATE INDEX erasure_by_time ON erasure (tenant_id, requested_at, id);"

const char schema_vault_sqlite[] =
	TABLES "DROP TRIGGER call_event_stays;"
	       "CREATE TRIGGER call_event_stays BEFORE UPDATE OF seq, tenant_id, call_id, type, at "
	       "ON call_event BEGIN"
	       "	SELECT raise(ABORT, 'call_event is append-only'); END;";

const char schema_vault_postgres[] =
	TABLES "DROP TRIGGER call_event_stays ON call_event;"
	       "CREATE TRIGGER call_event_stays BEFORE UPDATE OF seq, tenant_id, call_id, type, at "
	       "ON call_event FOR EACH ROW EXECUTE FUNCTION call_event_stays();";
