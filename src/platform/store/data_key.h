/* Table data_key: the keys that values are sealed under, wrapped by the master key. */
#pragma once

#include "platform/store/batch.h"

/* purpose: "seal", or "hash" for looking sealed values up; a tenant has one for hashing. */
struct data_key_row {
	const char *id; /* 16 hex digits */
	const char *tenant_id;
	const char *purpose;
	const char *wrapped; /* base64 */
	const char *master;  /* the master key's id */
	int64_t created_at;
};

/* Adds nothing when the tenant has its hash key already. */
void store_data_key_insert(struct batch *batch, const struct data_key_row *row);
void store_data_key_wrap(struct batch *batch, const char *id, const char *wrapped,
			 const char *master);

/* id, tenant_id, purpose, wrapped, master, created_at; oldest first */
void store_data_key_of_tenant(struct batch *batch, const char *tenant_id);
void store_data_key_by_id(struct batch *batch, const char *id);
/* Of all tenants, those that are not wrapped by master, at most limit. */
void store_data_key_foreign(struct batch *batch, const char *master, int64_t limit);
