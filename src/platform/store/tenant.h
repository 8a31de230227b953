/* Table tenant. */
#pragma once

#include "platform/store/batch.h"

void store_tenant_insert(struct batch *batch, const char *id, const char *name, int64_t now);

/* Rows of the two below: id, name, status, settings, created_at, updated_at. */
void store_tenant_select(struct batch *batch, const char *id);
/* In order of their ids, those after one ("" for all). */
void store_tenant_list(struct batch *batch, const char *after_id, int64_t limit);

/* settings of active tenants that say something about leads. */
void store_tenant_with_leads(struct batch *batch, int64_t limit);

/* NULL leaves a value as it is; expects the tenant to be there. */
struct store_tenant_change {
	const char *id;
	const char *name;
	const char *status;
	const char *settings;
	int64_t at;
};
void store_tenant_update(struct batch *batch, const struct store_tenant_change *change);
