#include "platform/store/data_key.h"

#define COLUMNS "id, tenant_id, purpose, wrapped, master, created_at"

/* No row of this table holds anything sealed, and the vault reads it while others wait for it. */
static void mark_raw(struct batch *batch, size_t index)
{
	batch->statements[index].raw = true;
}

void store_data_key_insert(struct batch *batch, const struct data_key_row *row)
{
	mark_raw(batch, BATCH_ADD(batch,
				  "INSERT INTO data_key (" COLUMNS ") "
				  "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
				  DB_ANY_ROWS, db_text(row->id), db_text(row->tenant_id),
				  db_text(row->purpose), db_text(row->wrapped),
				  db_text(row->master), db_int(row->created_at)));
}

void store_data_key_wrap(struct batch *batch, const char *id, const char *wrapped,
			 const char *master)
{
	mark_raw(batch,
		 BATCH_ADD(batch, "UPDATE data_key SET wrapped = $1, master = $2 WHERE id = $3",
			   DB_ANY_ROWS, db_text(wrapped), db_text(master), db_text(id)));
}

void store_data_key_of_tenant(struct batch *batch, const char *tenant_id)
{
	mark_raw(batch, BATCH_ADD(batch,
				  "SELECT " COLUMNS " FROM data_key WHERE tenant_id = $1 "
				  "ORDER BY created_at, id",
				  DB_ANY_ROWS, db_text(tenant_id)));
}

void store_data_key_by_id(struct batch *batch, const char *id)
{
	mark_raw(batch, BATCH_ADD(batch, "SELECT " COLUMNS " FROM data_key WHERE id = $1",
				  DB_ANY_ROWS, db_text(id)));
}

void store_data_key_foreign(struct batch *batch, const char *master, int64_t limit)
{
	mark_raw(batch, BATCH_ADD(batch,
				  "SELECT " COLUMNS " FROM data_key WHERE master <> $1 "
				  "ORDER BY id LIMIT $2",
				  DB_ANY_ROWS, db_text(master), db_int(limit)));
}
