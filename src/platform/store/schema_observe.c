#include "platform/store/schema_priv.h"

/* Few of many: found without passing over the jobs that are done. */
const char schema_dead_jobs[] =
	"CREATE INDEX job_dead ON job (tenant_id, updated_at) WHERE state = 'dead';";

/* W3C traceparents: of who asked for the call, and of what added the job or told of an event. */
const char schema_trace[] = "ALTER TABLE call ADD COLUMN traceparent TEXT;"
			    "ALTER TABLE job ADD COLUMN traceparent TEXT;"
			    "ALTER TABLE webhook_delivery ADD COLUMN traceparent TEXT;";
