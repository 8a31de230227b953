#include "platform/store/schema_priv.h"

/* A number has one owner: whoever calls it reaches that tenant. */
const char schema_number[] =
	"CREATE TABLE phone_number ("
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"
	"	number TEXT NOT NULL,"
	"	agent TEXT," /* NULL: DEFAULT_AGENT */
	"	label TEXT,"
	"	provider_sid TEXT,"
	"	webhooks TEXT NOT NULL CHECK (webhooks IN ('unset', 'pending', 'set', 'failed')),"
	"	webhooks_detail TEXT,"
	"	webhooks_at BIGINT NOT NULL,"
	"	created_at BIGINT NOT NULL,"
	"	updated_at BIGINT NOT NULL,"
	"	PRIMARY KEY (tenant_id, number));"
	"CREATE UNIQUE INDEX phone_number_by_number ON phone_number (number);";
