/* Table audit_log: one row a change, append-only. */
#pragma once

#include "platform/store/batch.h"

struct store_audit_entry {
	const char *tenant_id;
	const char *id; /* UUIDv7 */
	const char *actor_kind;
	const char *actor_id;
	const char *action;
	const char *object_kind;
	const char *object_id;
	const char *detail; /* JSON object */
	const char *remote;
	int64_t at;
};
void store_audit_insert(struct batch *batch, const struct store_audit_entry *entry);

/* What to list; NULL for any. */
struct store_audit_filter {
	const char *tenant_id;
	const char *action;
	const char *object_kind;
	const char *object_id;
	const char *actor_id;
	const char *before_id; /* where the page before ended */
	int64_t from, to;      /* 0 for any */
	int64_t limit;
};

/* Newest first. Rows: id, at, actor_kind, actor_id, action, object_kind, object_id, detail, remote.
 */
void store_audit_list(struct batch *batch, const struct store_audit_filter *filter);
