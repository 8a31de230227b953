/* Table phone_number: numbers of ours, each with one tenant. */
#pragma once

#include "platform/store/batch.h"

/* Columns of a row, in this order. */
enum store_number_column {
	STORE_NUMBER_NUMBER,
	STORE_NUMBER_AGENT,
	STORE_NUMBER_LABEL,
	STORE_NUMBER_PROVIDER_SID,
	STORE_NUMBER_WEBHOOKS,
	STORE_NUMBER_WEBHOOKS_DETAIL,
	STORE_NUMBER_WEBHOOKS_AT,
	STORE_NUMBER_CREATED_AT,
	STORE_NUMBER_UPDATED_AT,
};

struct store_number {
	const char *tenant_id;
	const char *number;
	const char *agent;        /* NULL: none */
	const char *label;        /* NULL: none */
	const char *provider_sid; /* NULL: not known */
	int64_t at;
};

void store_number_select(struct batch *batch, const char *tenant_id, const char *number);

/* Numbers behind `after` ("" for all), in order. */
void store_number_list(struct batch *batch, const char *tenant_id, const char *after,
		       int64_t limit);

/* Of all tenants: tenant_id and agent of the number; no row when nobody has it. */
void store_number_owner(struct batch *batch, const char *number);

/* One row with the number when the tenant has it; number NULL: its oldest one. */
void store_number_of_tenant(struct batch *batch, const char *tenant_id, const char *number);

/* -EEXIST when somebody has it, -ENOENT when there is no such tenant. */
void store_number_insert(struct batch *batch, const struct store_number *number);

/*
 * The same for one the carrier's account has: a row with created_at, which is number->at when it is
 * new; one that the tenant had gets the SID; no row when it is another tenant's.
 */
void store_number_import(struct batch *batch, const struct store_number *number);

/* Expects one row. */
void store_number_update(struct batch *batch, const struct store_number *number, bool set_agent,
			 bool set_label);
void store_number_delete(struct batch *batch, const char *tenant_id, const char *number);

/* Changes no row when the tenant does not have it. state: "unset", "pending", "set", "failed".
 * detail may be NULL; provider_sid NULL stays. */
void store_number_webhooks(struct batch *batch, const char *tenant_id, const char *number,
			   const char *state, const char *detail, const char *provider_sid,
			   int64_t at);
