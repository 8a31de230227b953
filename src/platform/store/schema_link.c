#include "platform/store/schema_priv.h"

/*
 * Links to calls that have not run out. They do not refer to call, whose rows of PostgreSQL go by
 * partitions: a link without a call opens nothing, and goes when its time is over.
 */
const char schema_link[] = "CREATE TABLE call_link ("
			   "	tenant_id TEXT NOT NULL REFERENCES tenant (id),"
			   "	id TEXT NOT NULL,"
			   "	call_id TEXT NOT NULL,"
			   "	scope TEXT NOT NULL,"        /* as in the token */
			   "	made_by_kind TEXT NOT NULL," /* as in audit_log */
			   "	made_by TEXT NOT NULL," /* user or key, '' when nobody signs in */
			   "	created_at BIGINT NOT NULL,"
			   "	expires_at BIGINT NOT NULL,"
			   "	PRIMARY KEY (tenant_id, id));"
			   "CREATE INDEX call_link_by_call ON call_link (tenant_id, call_id);"
			   "CREATE INDEX call_link_by_expiry ON call_link (expires_at);";
