/* Table call_event: what happened, append-only; seq increases over all calls. */
#pragma once

#include "platform/store/batch.h"

/* Returns the statement's index; its result is one row with the new seq. call_id may be NULL. */
size_t store_event_insert(struct batch *batch, const char *tenant_id, const char *call_id,
			  const char *type, int64_t at, const char *data);

/* seq, call_id, type, at, data of events after since, oldest first; call_id NULL means all calls.
 */
void store_event_select(struct batch *batch, const char *tenant_id, const char *call_id,
			int64_t since, int64_t limit);
