/* Table idempotency_key: which call a client's Idempotency-Key has made. */
#pragma once

#include "platform/store/batch.h"

/* -EEXIST when the key was used. */
void store_idempotency_insert(struct batch *batch, const char *tenant_id, const char *key,
			      const char *request_digest, const char *call_id, int64_t at);

/* call_id, request_digest */
void store_idempotency_select(struct batch *batch, const char *tenant_id, const char *key);

/* Forget keys older than that, of all tenants. */
void store_idempotency_delete_before(struct batch *batch, int64_t at);
