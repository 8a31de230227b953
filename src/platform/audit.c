#include "platform/audit.h"

#include "core/clock.h"
#include "core/mem.h"
#include "platform/principal.h"
#include "platform/store/audit_log.h"

void audit_add_for(struct batch *batch, const char *tenant_id, const struct principal *by,
		   const char *action, const char *object_kind, const char *object_id,
		   const char *detail)
{
	char *id = mem_alloc(UUID_SIZE);
	struct store_audit_entry entry = {
		.tenant_id = tenant_id,
		.actor_kind = principal_kind_name(by->kind),
		.actor_id = by->id,
		.action = action,
		.object_kind = object_kind,
		.remote = by->remote,
		.at = clock_wall_us(),
	};

	uuid_new(id);
	entry.id = batch_own(batch, id);
	entry.object_id = batch_own(batch, mem_strdup(object_id ? object_id : ""));
	entry.detail = batch_own(batch, mem_strdup(detail ? detail : "{}"));
	store_audit_insert(batch, &entry);
}

void audit_add(struct batch *batch, const struct principal *by, const char *action,
	       const char *object_kind, const char *object_id, const char *detail)
{
	audit_add_for(batch, by->tenant_id, by, action, object_kind, object_id, detail);
}
