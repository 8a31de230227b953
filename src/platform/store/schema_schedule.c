/* Calls for later, and calls that are made again. */
#include "platform/store/schema_priv.h"

const char schema_schedule[] =
	"ALTER TABLE call ADD COLUMN scheduled_at BIGINT NOT NULL DEFAULT 0;"
	"ALTER TABLE call ADD COLUMN retry TEXT;"    /* JSON, see retry_policy.h */
	"ALTER TABLE call ADD COLUMN retry_of TEXT;" /* the first call of them */
	"ALTER TABLE call ADD COLUMN attempt BIGINT NOT NULL DEFAULT 1;"
	"CREATE INDEX call_scheduled ON call (scheduled_at)"
	"	WHERE status = 'PENDING' AND scheduled_at > 0;"
	"CREATE INDEX call_by_retry ON call (tenant_id, retry_of) WHERE retry_of IS NOT NULL;";
