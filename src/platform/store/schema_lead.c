#include "platform/store/schema_priv.h"

/*
 * What visitors of web sites sent. Who they are and what they write is sealed; email_hash and
 * phone_hash (NULL: no phone) are what they are looked up by. call_id is not a reference: calls go
 * when their own days are over. repeats: how often the same was sent again and not kept.
 */
const char schema_lead[] =
	"CREATE TABLE lead ("
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"
	"	id TEXT NOT NULL,"
	"	name TEXT NOT NULL,"
	"	email TEXT NOT NULL,"
	"	email_hash TEXT NOT NULL,"
	"	phone TEXT,"
	"	phone_hash TEXT,"
	"	company TEXT,"
	"	message TEXT,"
	"	consent BIGINT NOT NULL,"
	"	call_back BIGINT NOT NULL," /* was asked for */
	"	call_back_state TEXT NOT NULL"
	"		CHECK (call_back_state IN ('none', 'pending', 'placed', 'refused')),"
	"	call_back_detail TEXT,"
	"	call_id TEXT,"
	"	origin TEXT NOT NULL,"
	"	repeats BIGINT NOT NULL,"
	"	created_at BIGINT NOT NULL,"
	"	updated_at BIGINT NOT NULL,"
	"	PRIMARY KEY (tenant_id, id));"
	"CREATE INDEX lead_by_time ON lead (tenant_id, created_at, id);"
	"CREATE INDEX lead_by_email ON lead (tenant_id, email_hash, created_at);"
	"CREATE INDEX lead_by_phone ON lead (tenant_id, phone_hash, created_at);"
	"ALTER TABLE retention ADD COLUMN leads_days BIGINT NOT NULL DEFAULT 0;"
	"ALTER TABLE erasure ADD COLUMN leads BIGINT NOT NULL DEFAULT 0;";
