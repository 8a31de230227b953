#include "platform/store/secret_check.h"

#define INSERT "INSERT INTO secret_check (name, hash, updated_at) VALUES ($1, $2, $3) ON CONFLICT "

static void select_hash(struct batch *batch, const char *name)
{
	BATCH_ADD(batch, "SELECT hash FROM secret_check WHERE name = $1", 1, db_text(name));
}

void store_secret_note(struct batch *batch, const char *name, const char *hash, int64_t now)
{
	BATCH_ADD(batch, INSERT "DO NOTHING", DB_ANY_ROWS, db_text(name), db_text(hash),
		  db_int(now));
	select_hash(batch, name);
}

void store_secret_replace(struct batch *batch, const char *name, const char *hash, int64_t now)
{
	BATCH_ADD(batch,
		  INSERT "(name) DO UPDATE SET hash = excluded.hash, "
			 "updated_at = excluded.updated_at",
		  1, db_text(name), db_text(hash), db_int(now));
	select_hash(batch, name);
}
