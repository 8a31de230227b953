#include "platform/store/audit_log.h"

void store_audit_insert(struct batch *batch, const struct store_audit_entry *entry)
{
	BATCH_ADD(batch,
		  "INSERT INTO audit_log (tenant_id, id, at, actor_kind, actor_id, action, "
		  "object_kind, object_id, detail, remote) "
		  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		  1, db_text(entry->tenant_id), db_text(entry->id), db_int(entry->at),
		  db_text(entry->actor_kind), db_text(entry->actor_id), db_text(entry->action),
		  db_text(entry->object_kind), db_text(entry->object_id), db_text(entry->detail),
		  db_text(entry->remote));
}

static const char *or_any(const char *text)
{
	return text ? text : "";
}

/* Ids sort by the time they were made, and every id is below '~'. */
void store_audit_list(struct batch *batch, const struct store_audit_filter *filter)
{
	BATCH_ADD(batch,
		  "SELECT id, at, actor_kind, actor_id, action, object_kind, object_id, detail, "
		  "remote FROM audit_log WHERE tenant_id = $1 AND id < $2 AND at >= $3 AND at < $4 "
		  "AND (CAST($5 AS TEXT) = '' OR action = $6) "
		  "AND (CAST($7 AS TEXT) = '' OR object_kind = $8) "
		  "AND (CAST($9 AS TEXT) = '' OR object_id = $10) "
		  "AND (CAST($11 AS TEXT) = '' OR actor_id = $12) ORDER BY id DESC LIMIT $13",
		  DB_ANY_ROWS, db_text(filter->tenant_id),
		  db_text(filter->before_id ? filter->before_id : "~"), db_int(filter->from),
		  db_int(filter->to ? filter->to : INT64_MAX), db_text(or_any(filter->action)),
		  db_text(or_any(filter->action)), db_text(or_any(filter->object_kind)),
		  db_text(or_any(filter->object_kind)), db_text(or_any(filter->object_id)),
		  db_text(or_any(filter->object_id)), db_text(or_any(filter->actor_id)),
		  db_text(or_any(filter->actor_id)), db_int(filter->limit));
}
