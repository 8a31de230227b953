/* Outgoing webhooks: who is told, what, and how it went. */
#include "platform/store/schema_priv.h"

const char schema_webhook[] =
	"CREATE TABLE webhook_endpoint ("
	"	tenant_id TEXT NOT NULL REFERENCES tenant (id),"
	"	id TEXT NOT NULL,"
	"	url TEXT NOT NULL,"
	"	description TEXT NOT NULL,"
	"	events TEXT NOT NULL," /* names between spaces: ' call.status webhook.* ' */
	"	secret TEXT NOT NULL,"
	"	previous_secret TEXT," /* signs too, until then */
	"	previous_until BIGINT NOT NULL,"
	"	max_concurrency BIGINT NOT NULL,"
	"	state TEXT NOT NULL CHECK (state IN ('active', 'paused')),"
	"	pause_reason TEXT CHECK (pause_reason IN ('user', 'failing', 'gone')),"
	"	paused_at BIGINT NOT NULL,"
	"	failures BIGINT NOT NULL,"      /* since the last success */
	"	failing_since BIGINT NOT NULL," /* the first of them */
	"	last_success_at BIGINT NOT NULL,"
	"	last_failure_at BIGINT NOT NULL,"
	"	last_error TEXT,"
	"	not_before BIGINT NOT NULL," /* it is left alone until then */
	"	lease_owner TEXT,"           /* the process that sends to it */
	"	lease_until BIGINT NOT NULL,"
	"	created_at BIGINT NOT NULL,"
	"	updated_at BIGINT NOT NULL,"
	"	PRIMARY KEY (tenant_id, id),"
	"	CHECK ((state = 'paused') = (pause_reason IS NOT NULL)));"

	"CREATE TABLE webhook_delivery ("
	"	tenant_id TEXT NOT NULL,"
	"	endpoint_id TEXT NOT NULL,"
	"	event_id TEXT NOT NULL,"
	"	event_type TEXT NOT NULL,"
	"	event_at BIGINT NOT NULL,"
	"	call_id TEXT,"
	"	data TEXT NOT NULL,"
	"	state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),"
	"	attempts BIGINT NOT NULL,"  /* ever */
	"	tries BIGINT NOT NULL,"     /* since it was queued */
	"	queued_at BIGINT NOT NULL," /* made, or replayed */
	"	next_at BIGINT NOT NULL,"   /* pending: when it is tried */
	"	finished_at BIGINT NOT NULL,"
	"	last_status BIGINT NOT NULL," /* 0: no answer */
	"	last_error TEXT,"
	"	PRIMARY KEY (tenant_id, endpoint_id, event_id),"
	"	FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoint (tenant_id, id)"
	"		ON DELETE CASCADE);"
	"CREATE INDEX webhook_delivery_due ON webhook_delivery"
	"	(tenant_id, endpoint_id, next_at, event_id) WHERE state = 'pending';"
	"CREATE INDEX webhook_delivery_waiting ON webhook_delivery (queued_at)"
	"	WHERE state = 'pending';"
	"CREATE INDEX webhook_delivery_by_time ON webhook_delivery"
	"	(tenant_id, endpoint_id, event_at, event_id);"
	"CREATE INDEX webhook_delivery_by_call ON webhook_delivery (tenant_id, call_id);"
	"CREATE INDEX webhook_delivery_by_age ON webhook_delivery (event_at);"

	"CREATE TABLE webhook_attempt ("
	"	tenant_id TEXT NOT NULL,"
	"	endpoint_id TEXT NOT NULL,"
	"	event_id TEXT NOT NULL,"
	"	attempt BIGINT NOT NULL,"
	"	at BIGINT NOT NULL,"
	"	took_ms BIGINT NOT NULL,"
	"	status BIGINT NOT NULL,"
	"	error TEXT,"
	"	response TEXT," /* the beginning of what the receiver answered */
	"	PRIMARY KEY (tenant_id, endpoint_id, event_id, at, attempt),"
	"	FOREIGN KEY (tenant_id, endpoint_id, event_id)"
	"		REFERENCES webhook_delivery (tenant_id, endpoint_id, event_id)"
	"		ON DELETE CASCADE);";
