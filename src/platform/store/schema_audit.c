#include "platform/store/schema_priv.h"

/* Rows stay as they are written; what is too old is dropped by whoever keeps to a retention. */
#define TABLE                                                        \
	"CREATE TABLE audit_log ("                                   \
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"           \
	"	id TEXT NOT NULL,"                                         \
	"	at BIGINT NOT NULL,"                                       \
	"	actor_kind TEXT NOT NULL,"                                 \
	"	actor_id TEXT NOT NULL,"                                   \
	"	action TEXT NOT NULL,"                                     \
	"	object_kind TEXT NOT NULL,"                                \
	"	object_id TEXT NOT NULL,"                                  \
	"	detail TEXT NOT NULL,"                                     \
	"	remote TEXT NOT NULL,"                                     \
	"	PRIMARY KEY (tenant_id, id));"                             \
	"CREATE INDEX audit_log_by_object ON audit_log (tenant_id, " \
	"	object_kind, object_id, id);"

const char schema_audit_sqlite[] =
	TABLE "CREATE TRIGGER audit_log_stays BEFORE UPDATE ON audit_log BEGIN"
	      "	SELECT raise(ABORT, 'audit_log is append-only'); END;";

const char schema_audit_postgres[] =
	TABLE "CREATE FUNCTION audit_log_stays() RETURNS trigger LANGUAGE plpgsql AS $$"
	      " BEGIN RAISE EXCEPTION 'audit_log is append-only'; END $$;"
	      "CREATE TRIGGER audit_log_stays BEFORE UPDATE ON audit_log"
	      " FOR EACH ROW EXECUTE FUNCTION audit_log_stays();";
