/*
 * The columns that hold sealed values, for bringing them under another key. Each table is read in
 * the order of its key, a page at a time, as it is stored.
 */
#pragma once

#include "platform/store/batch.h"

#include <stdbool.h>
#include <stdint.h>

enum { SEALED_MAX_COLUMNS = 6, SEALED_PAGE = 100 };

/* Where a page begins: after the row with this key. All zero: at the start. */
struct sealed_cursor {
	size_t table; /* 0 to store_sealed_tables() - 1 */
	/* The key within the tenant, texts before numbers; "" and 0 where it has fewer. */
	char texts[2][64];
	int64_t numbers[2];
};

size_t store_sealed_tables(void);
const char *store_sealed_table_name(size_t table);

/* SEALED_PAGE rows after the cursor: see store_sealed_row(). */
void store_sealed_page(struct batch *batch, const char *tenant_id,
		       const struct sealed_cursor *after);

/* A row of such a page; the strings are the result's. */
struct sealed_row {
	struct sealed_cursor key;
	int64_t guard;    /* changes when somebody else changes the row */
	char context[96]; /* its values' place, see db_sealed() */
	size_t column_count;
	const char *values[SEALED_MAX_COLUMNS]; /* as stored; NULL stays NULL */
};
void store_sealed_row(struct sealed_row *ret_row, size_t table, const struct db_result *result,
		      size_t row);

/*
 * Write values (column_count of them, as they are to be stored) if the row is still as it was read.
 * phone_hash: of calls, what the number is looked up by; NULL otherwise.
 */
void store_sealed_write(struct batch *batch, const char *tenant_id, const struct sealed_row *row,
			const char *const *values, struct db_value phone_hash);

/* One row a tenant: tenant_id of those with calls that have no phone_hash. */
void store_sealed_none(struct batch *batch);
