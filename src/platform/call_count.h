/*
 * How many calls are not over: the gauge call_active_count (of all tenants), and the live event
 * "counters", which tells each tenant of its own. Counted up and down as calls begin and end here,
 * and set right from the database, which knows what other pods did.
 */
#pragma once

#include <stdint.h>

struct call_count;
struct db_result;
struct live;

/* live may be NULL. Owned by the caller. */
struct call_count *call_count_new(struct live *live);

void call_count_add(struct call_count *count, const char *tenant_id, int64_t change);
/* Rows: tenant_id, count; tenants that are not there have none. */
void call_count_set(struct call_count *count, const struct db_result *result);
