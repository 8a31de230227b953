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
/* The same, up to and including until. */
void store_event_select_until(struct batch *batch, const char *tenant_id, const char *call_id,
			      int64_t since, int64_t until, int64_t limit);

/* seq, data of the call's last events of one type, at most limit, newest first. */
void store_event_select_type(struct batch *batch, const char *tenant_id, const char *call_id,
			     const char *type, int64_t limit);

/* seq, tenant_id, call_id, type, at, data of events of all tenants after since, oldest first: what
 * one pod tells its readers of another's. */
void store_event_select_all(struct batch *batch, int64_t since, int64_t limit);

/* One row: the newest seq of all tenants, or NULL when it is before from. */
void store_event_newest(struct batch *batch, int64_t from);

/*
 * One row: the first transaction that is not over, and the first that has not begun; 0 and 0 where
 * rows appear in the order of their numbers.
 */
void store_event_horizon(struct batch *batch);
