/* Table webhook_endpoint: who is told of events, and how it fares. */
#pragma once

#include "platform/store/batch.h"

#define STORE_WEBHOOK_COLUMNS                                                                 \
	"id, url, description, events, max_concurrency, state, pause_reason, paused_at, "     \
	"failures, failing_since, last_success_at, last_failure_at, last_error, not_before, " \
	"previous_until, created_at, updated_at"
enum store_webhook_column {
	STORE_WEBHOOK_ID,
	STORE_WEBHOOK_URL,
	STORE_WEBHOOK_DESCRIPTION,
	STORE_WEBHOOK_EVENTS,
	STORE_WEBHOOK_MAX_CONCURRENCY,
	STORE_WEBHOOK_STATE,
	STORE_WEBHOOK_PAUSE_REASON,
	STORE_WEBHOOK_PAUSED_AT,
	STORE_WEBHOOK_FAILURES,
	STORE_WEBHOOK_FAILING_SINCE,
	STORE_WEBHOOK_LAST_SUCCESS_AT,
	STORE_WEBHOOK_LAST_FAILURE_AT,
	STORE_WEBHOOK_LAST_ERROR,
	STORE_WEBHOOK_NOT_BEFORE,
	STORE_WEBHOOK_PREVIOUS_UNTIL,
	STORE_WEBHOOK_CREATED_AT,
	STORE_WEBHOOK_UPDATED_AT,
};

struct store_webhook {
	const char *tenant_id;
	const char *id;
	const char *url;
	const char *description;
	const char *events; /* names between spaces, one at both ends too */
	const char *secret;
	int64_t max_concurrency;
};

/* Changes no row when the tenant has limit endpoints already. Returns columns, as all below do. */
void store_webhook_insert(struct batch *batch, const struct store_webhook *endpoint, int64_t limit,
			  int64_t now);
void store_webhook_select(struct batch *batch, const char *tenant_id, const char *id);
/* Expects the endpoint to be there. */
void store_webhook_expect(struct batch *batch, const char *tenant_id, const char *id);
void store_webhook_list(struct batch *batch, const char *tenant_id);
/* NULL and 0 leave the column as it is. */
void store_webhook_update(struct batch *batch, const struct store_webhook *endpoint, int64_t now);
void store_webhook_delete(struct batch *batch, const char *tenant_id, const char *id);

/* The secret becomes the previous one, which signs too until previous_until. */
void store_webhook_rotate(struct batch *batch, const char *tenant_id, const char *id,
			  const char *secret, int64_t previous_until, int64_t now);

/* One row: the secret. */
void store_webhook_secret(struct batch *batch, const char *tenant_id, const char *id);

/* Whatever state it is in; resuming forgets the failures. */
void store_webhook_pause(struct batch *batch, const char *tenant_id, const char *id, int64_t now);
void store_webhook_resume(struct batch *batch, const char *tenant_id, const char *id, int64_t now);

/* ---- for the sender; claiming and renewing concern all tenants ---- */

/*
 * Take up to limit active endpoints that have something due and nobody sends to, those served least
 * recently first. Rows: tenant_id, id.
 */
void store_webhook_claim(struct batch *batch, const char *owner, int64_t now, int64_t lease_until,
			 int64_t limit);
void store_webhook_renew(struct batch *batch, const char *owner, int64_t lease_until);
/* id NULL: all of the owner. */
void store_webhook_release(struct batch *batch, const char *owner, const char *tenant_id,
			   const char *id, int64_t now);
/*
 * Of an active endpoint that the owner holds: url, secret, previous_secret, previous_until,
 * max_concurrency, failures, not_before.
 */
void store_webhook_target(struct batch *batch, const char *owner, const char *tenant_id,
			  const char *id);

void store_webhook_succeeded(struct batch *batch, const char *tenant_id, const char *id,
			     int64_t now);
/* Returns url, failures, failing_since. */
void store_webhook_failed(struct batch *batch, const char *tenant_id, const char *id,
			  const char *error, int64_t not_before, int64_t now);
/* Expects the endpoint to be active. */
void store_webhook_give_up(struct batch *batch, const char *tenant_id, const char *id,
			   const char *reason, int64_t now);
