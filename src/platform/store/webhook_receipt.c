#include "platform/store/webhook_receipt.h"

void store_receipt_insert(struct batch *batch, const char *tenant_id, const char *receipt,
			  int64_t at)
{
	BATCH_ADD(
		batch,
		"INSERT INTO webhook_receipt (tenant_id, receipt, received_at) VALUES ($1, $2, $3)",
		1, db_text(tenant_id), db_text(receipt), db_int(at));
}

void store_receipt_delete_before(struct batch *batch, int64_t at)
{
	BATCH_ADD(batch, "DELETE FROM webhook_receipt WHERE received_at < $1", DB_ANY_ROWS,
		  db_int(at));
}
