/*
 * The partitions of call and what belongs to it (schema_partition.c); of PostgreSQL only. These
 * statements are about all tenants.
 */
#pragma once

#include "platform/store/batch.h"

/* suffix, low_at, high_at (milliseconds) of each, in order. */
void store_partition_select(struct batch *batch);

/*
 * One row: the least id from low to before high (milliseconds) of a call outside of the partitions,
 * NULL when there is none.
 */
void store_partition_stray(struct batch *batch, int64_t low_ms, int64_t high_ms);

/* One row: see the functions call_partition_make() and call_partition_drop(). */
void store_partition_make(struct batch *batch, const char *suffix, int64_t low_ms, int64_t high_ms);
void store_partition_drop(struct batch *batch, const char *suffix, int64_t before_us);

/* tenant_id, call_id, path of recordings that have a file, of calls made from low to before high.
 */
void store_partition_recordings(struct batch *batch, int64_t low_ms, int64_t high_ms,
				int64_t limit);

/* Forget one of them. */
void store_partition_forget(struct batch *batch, const char *tenant_id, const char *call_id);

/* One row when a call made from low to before high is not over, or not older than before_us. */
void store_partition_busy(struct batch *batch, int64_t low_ms, int64_t high_ms, int64_t before_us);
