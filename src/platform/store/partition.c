#include "platform/store/partition.h"

#include "core/mem.h"

#include <stdio.h>

/* Where the ids of that millisecond begin. */
static struct db_value bound(struct batch *batch, int64_t ms)
{
	return db_text(batch_own(batch, mem_printf("%08llx-%04llx", (unsigned long long)ms >> 16,
						   (unsigned long long)ms & 0xffff)));
}

void store_partition_select(struct batch *batch)
{
	batch_add(batch, "SELECT suffix, low_at, high_at FROM call_partition ORDER BY low_at",
		  DB_ANY_ROWS, NULL, 0);
}

void store_partition_stray(struct batch *batch, int64_t low_ms, int64_t high_ms)
{
	BATCH_ADD(batch,
		  "SELECT min(id) FROM call_default WHERE id >= $1 AND id < $2 AND id ~ "
		  "'^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$'",
		  1, bound(batch, low_ms), bound(batch, high_ms));
}

void store_partition_make(struct batch *batch, const char *suffix, int64_t low_ms, int64_t high_ms)
{
	BATCH_ADD(batch, "SELECT call_partition_make($1, $2, $3)", 1, db_text(suffix),
		  db_int(low_ms), db_int(high_ms));
}

void store_partition_drop(struct batch *batch, const char *suffix, int64_t before_us)
{
	BATCH_ADD(batch, "SELECT call_partition_drop($1, $2)", 1, db_text(suffix),
		  db_int(before_us));
}

void store_partition_recordings(struct batch *batch, int64_t low_ms, int64_t high_ms, int64_t limit)
{
	BATCH_ADD(batch,
		  "SELECT tenant_id, call_id, path FROM recording WHERE call_id >= $1 AND call_id "
		  "< $2 AND path IS NOT NULL LIMIT $3",
		  DB_ANY_ROWS, bound(batch, low_ms), bound(batch, high_ms), db_int(limit));
}

void store_partition_forget(struct batch *batch, const char *tenant_id, const char *call_id)
{
	BATCH_ADD(batch, "DELETE FROM recording WHERE tenant_id = $1 AND call_id = $2", DB_ANY_ROWS,
		  db_text(tenant_id), db_text(call_id));
}

void store_partition_busy(struct batch *batch, int64_t low_ms, int64_t high_ms, int64_t before_us)
{
	BATCH_ADD(batch,
		  "SELECT 1 FROM call WHERE id >= $1 AND id < $2 AND (deadline_at > 0 OR "
		  "created_at >= $3) LIMIT 1",
		  DB_ANY_ROWS, bound(batch, low_ms), bound(batch, high_ms), db_int(before_us));
}
