/* Table webhook_receipt: callbacks that were applied, so that a repeated one is not. */
#pragma once

#include "platform/store/batch.h"

/* -EEXIST when it was there. */
void store_receipt_insert(struct batch *batch, const char *tenant_id, const char *receipt,
			  int64_t at);

/* Forget receipts older than that, of all tenants. */
void store_receipt_delete_before(struct batch *batch, int64_t at);
