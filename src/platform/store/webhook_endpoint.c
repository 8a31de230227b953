#include "platform/store/webhook_endpoint.h"

#define RETURNING " RETURNING " STORE_WEBHOOK_COLUMNS

void store_webhook_insert(struct batch *batch, const struct store_webhook *endpoint, int64_t limit,
			  int64_t now)
{
	BATCH_ADD(batch,
		  "INSERT INTO webhook_endpoint (tenant_id, id, url, description, events, secret, "
		  "previous_until, max_concurrency, state, paused_at, failures, failing_since, "
		  "last_success_at, last_failure_at, not_before, lease_until, created_at, "
		  "updated_at) SELECT t.id, CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), "
		  "CAST($4 AS TEXT), CAST($5 AS TEXT), 0, CAST($6 AS BIGINT), 'active', 0, 0, 0, "
		  "0, 0, 0, 0, CAST($7 AS BIGINT), CAST($8 AS BIGINT) FROM tenant t "
		  "WHERE t.id = $9 AND (SELECT count(*) FROM webhook_endpoint e "
		  "WHERE e.tenant_id = t.id) < $10" RETURNING,
		  1, db_text(endpoint->id), db_text(endpoint->url), db_text(endpoint->description),
		  db_text(endpoint->events),
		  db_sealed(endpoint->tenant_id, endpoint->id, endpoint->secret),
		  db_int(endpoint->max_concurrency), db_int(now), db_int(now),
		  db_text(endpoint->tenant_id), db_int(limit));
}

void store_webhook_select(struct batch *batch, const char *tenant_id, const char *id)
{
	BATCH_ADD(batch,
		  "SELECT " STORE_WEBHOOK_COLUMNS
		  " FROM webhook_endpoint WHERE tenant_id = $1 AND id = $2",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(id));
}

void store_webhook_expect(struct batch *batch, const char *tenant_id, const char *id)
{
	BATCH_ADD(batch, "SELECT id FROM webhook_endpoint WHERE tenant_id = $1 AND id = $2", 1,
		  db_text(tenant_id), db_text(id));
}

void store_webhook_list(struct batch *batch, const char *tenant_id)
{
	BATCH_ADD(batch,
		  "SELECT " STORE_WEBHOOK_COLUMNS
		  " FROM webhook_endpoint WHERE tenant_id = $1 ORDER BY id",
		  DB_ANY_ROWS, db_text(tenant_id));
}

void store_webhook_update(struct batch *batch, const struct store_webhook *endpoint, int64_t now)
{
	BATCH_ADD(batch,
		  "UPDATE webhook_endpoint SET url = coalesce(CAST($1 AS TEXT), url), "
		  "description = coalesce(CAST($2 AS TEXT), description), "
		  "events = coalesce(CAST($3 AS TEXT), events), "
		  "max_concurrency = coalesce(nullif(CAST($4 AS BIGINT), 0), max_concurrency), "
		  "updated_at = $5 WHERE tenant_id = $6 AND id = $7" RETURNING,
		  1, db_text(endpoint->url), db_text(endpoint->description),
		  db_text(endpoint->events), db_int(endpoint->max_concurrency), db_int(now),
		  db_text(endpoint->tenant_id), db_text(endpoint->id));
}

void store_webhook_delete(struct batch *batch, const char *tenant_id, const char *id)
{
	BATCH_ADD(batch, "DELETE FROM webhook_endpoint WHERE tenant_id = $1 AND id = $2" RETURNING,
		  1, db_text(tenant_id), db_text(id));
}

void store_webhook_rotate(struct batch *batch, const char *tenant_id, const char *id,
			  const char *secret, int64_t previous_until, int64_t now)
{
	BATCH_ADD(batch,
		  "UPDATE webhook_endpoint SET previous_secret = secret, secret = $1, "
		  "previous_until = $2, updated_at = $3 WHERE tenant_id = $4 AND id = $5" RETURNING,
		  1, db_sealed(tenant_id, id, secret), db_int(previous_until), db_int(now),
		  db_text(tenant_id), db_text(id));
}

void store_webhook_secret(struct batch *batch, const char *tenant_id, const char *id)
{
	BATCH_ADD(batch, "SELECT secret FROM webhook_endpoint WHERE tenant_id = $1 AND id = $2", 1,
		  db_text(tenant_id), db_text(id));
}

void store_webhook_pause(struct batch *batch, const char *tenant_id, const char *id, int64_t now)
{
	BATCH_ADD(batch,
		  "UPDATE webhook_endpoint SET state = 'paused', pause_reason = 'user', "
		  "paused_at = $1, updated_at = $2 WHERE tenant_id = $3 AND id = $4" RETURNING,
		  1, db_int(now), db_int(now), db_text(tenant_id), db_text(id));
}

void store_webhook_resume(struct batch *batch, const char *tenant_id, const char *id, int64_t now)
{
	BATCH_ADD(batch,
		  "UPDATE webhook_endpoint SET state = 'active', pause_reason = NULL, "
		  "paused_at = 0, failures = 0, failing_since = 0, not_before = 0, "
		  "updated_at = $1 WHERE tenant_id = $2 AND id = $3" RETURNING,
		  1, db_int(now), db_text(tenant_id), db_text(id));
}

void store_webhook_claim(struct batch *batch, const char *owner, int64_t now, int64_t lease_until,
			 int64_t limit)
{
	BATCH_ADD(batch,
		  "UPDATE webhook_endpoint SET lease_owner = $1, lease_until = $2 "
		  "WHERE (tenant_id, id) IN (SELECT e.tenant_id, e.id FROM webhook_endpoint e "
		  "WHERE e.state = 'active' AND e.lease_until <= $3 AND e.not_before <= $4 AND "
		  "EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.tenant_id = e.tenant_id AND "
		  "d.endpoint_id = e.id AND d.state = 'pending' AND d.next_at <= $5) "
		  "ORDER BY e.lease_until LIMIT $6 /*pg FOR UPDATE SKIP LOCKED */) "
		  "RETURNING tenant_id, id",
		  DB_ANY_ROWS, db_text(owner), db_int(lease_until), db_int(now), db_int(now),
		  db_int(now), db_int(limit));
}

void store_webhook_renew(struct batch *batch, const char *owner, int64_t lease_until)
{
	BATCH_ADD(batch, "UPDATE webhook_endpoint SET lease_until = $1 WHERE lease_owner = $2",
		  DB_ANY_ROWS, db_int(lease_until), db_text(owner));
}

void store_webhook_release(struct batch *batch, const char *owner, const char *tenant_id,
			   const char *id, int64_t now)
{
	if (id)
		BATCH_ADD(batch,
			  "UPDATE webhook_endpoint SET lease_owner = NULL, lease_until = $1 "
			  "WHERE tenant_id = $2 AND id = $3 AND lease_owner = $4",
			  DB_ANY_ROWS, db_int(now), db_text(tenant_id), db_text(id),
			  db_text(owner));
	else
		BATCH_ADD(batch,
			  "UPDATE webhook_endpoint SET lease_owner = NULL, lease_until = $1 "
			  "WHERE lease_owner = $2",
			  DB_ANY_ROWS, db_int(now), db_text(owner));
}

void store_webhook_target(struct batch *batch, const char *owner, const char *tenant_id,
			  const char *id)
{
	BATCH_ADD(batch,
		  "SELECT url, secret, previous_secret, previous_until, max_concurrency, failures, "
		  "not_before FROM webhook_endpoint WHERE tenant_id = $1 AND id = $2 AND "
		  "lease_owner = $3 AND state = 'active'",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(id), db_text(owner));
}

void store_webhook_succeeded(struct batch *batch, const char *tenant_id, const char *id,
			     int64_t now)
{
	BATCH_ADD(batch,
		  "UPDATE webhook_endpoint SET failures = 0, failing_since = 0, not_before = 0, "
		  "last_success_at = $1 WHERE tenant_id = $2 AND id = $3",
		  DB_ANY_ROWS, db_int(now), db_text(tenant_id), db_text(id));
}

void store_webhook_failed(struct batch *batch, const char *tenant_id, const char *id,
			  const char *error, int64_t not_before, int64_t now)
{
	BATCH_ADD(batch,
		  "UPDATE webhook_endpoint SET failures = failures + 1, "
		  "failing_since = CASE WHEN failing_since = 0 THEN CAST($1 AS BIGINT) ELSE "
		  "failing_since END, "
		  "last_failure_at = $2, last_error = $3, "
		  "not_before = CASE WHEN not_before > $4 THEN not_before ELSE CAST($5 AS BIGINT) "
		  "END "
		  "WHERE tenant_id = $6 AND id = $7 RETURNING url, failures, failing_since",
		  DB_ANY_ROWS, db_int(now), db_int(now), db_text(error), db_int(not_before),
		  db_int(not_before), db_text(tenant_id), db_text(id));
}

void store_webhook_give_up(struct batch *batch, const char *tenant_id, const char *id,
			   const char *reason, int64_t now)
{
	BATCH_ADD(batch,
		  "UPDATE webhook_endpoint SET state = 'paused', pause_reason = $1, "
		  "paused_at = $2, updated_at = $3 "
		  "WHERE tenant_id = $4 AND id = $5 AND state = 'active'",
		  1, db_text(reason), db_int(now), db_int(now), db_text(tenant_id), db_text(id));
}
