#include "platform/store/schema_priv.h"

/*
 * An agent has at most one draft, and versions that are never changed: the published one is one of
 * them. A name that was deleted keeps its versions, for the calls that were made with them.
 */
const char schema_agent[] =
	"CREATE TABLE agent ("
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"
	"	name TEXT NOT NULL,"
	"	draft TEXT,"
	"	published_version BIGINT NOT NULL," /* 0: none yet */
	"	last_version BIGINT NOT NULL,"
	"	revision BIGINT NOT NULL," /* counts changes of this row */
	"	created_at BIGINT NOT NULL,"
	"	updated_at BIGINT NOT NULL,"
	"	updated_by TEXT NOT NULL,"
	"	deleted_at BIGINT NOT NULL," /* 0: it is there */
	"	PRIMARY KEY (tenant_id, name));"

	"CREATE TABLE agent_version ("
	"	tenant_id TEXT NOT NULL,"
	"	agent TEXT NOT NULL,"
	"	version BIGINT NOT NULL,"
	"	config TEXT NOT NULL,"
	"	note TEXT,"
	"	restored_from BIGINT NOT NULL," /* a roll-back: the version it repeats; else 0 */
	"	published_at BIGINT NOT NULL,"
	"	published_by TEXT NOT NULL,"
	"	PRIMARY KEY (tenant_id, agent, version),"
	"	FOREIGN KEY (tenant_id, agent) REFERENCES agent (tenant_id, name));"

	"ALTER TABLE call ADD COLUMN agent_version BIGINT NOT NULL DEFAULT 0;"
	"ALTER TABLE call ADD COLUMN wants_recording BIGINT NOT NULL DEFAULT 1;"
	"ALTER TABLE call ADD COLUMN tools TEXT;";
