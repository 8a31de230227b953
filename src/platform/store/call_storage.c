#include "platform/store/call_storage.h"

void store_call_storage(struct batch *batch)
{
	batch_add(batch, "SELECT kind, reason FROM call_storage", 1, NULL, 0);
}
