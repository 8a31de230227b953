#include "platform/store/schema_priv.h"

/*
 * call_limit: a tenant's own limits. call_usage: what its outbound calls of a day ("2026-01-31")
 * and of a month ("2026-01", both UTC, of their creation) came to; kept from the moment the tenant
 * has a cap. Money is in millionths: reserved for calls that are not over (call_reservation says
 * how much for which), spent for those that are. call_attempt: calls to one number, which is kept
 * as a keyed hash, on a day (since 1970).
 */
const char schema_limit[] = "CREATE TABLE call_limit ("
			    "	tenant_id TEXT PRIMARY KEY REFERENCES tenant (id),"
			    "	limits TEXT NOT NULL,"
			    "	updated_at BIGINT NOT NULL);"
			    "CREATE TABLE call_usage ("
			    "	tenant_id TEXT NOT NULL REFERENCES tenant (id),"
			    "	period TEXT NOT NULL,"
			    "	calls BIGINT NOT NULL,"
			    "	reserved BIGINT NOT NULL,"
			    "	spent BIGINT NOT NULL,"
			    "	PRIMARY KEY (tenant_id, period));"
			    "CREATE TABLE call_reservation ("
			    "	tenant_id TEXT NOT NULL REFERENCES tenant (id),"
			    "	call_id TEXT NOT NULL,"
			    "	micros BIGINT NOT NULL,"
			    "	PRIMARY KEY (tenant_id, call_id));"
			    "CREATE TABLE call_attempt ("
			    "	tenant_id TEXT NOT NULL REFERENCES tenant (id),"
			    "	day BIGINT NOT NULL,"
			    "	number TEXT NOT NULL,"
			    "	attempts BIGINT NOT NULL,"
			    "	PRIMARY KEY (tenant_id, day, number));"
			    "CREATE INDEX call_attempt_by_day ON call_attempt (day);";
