#include "platform/store/store.h"

#include "core/mem.h"
#include "core/str.h"
#include "platform/store/schema.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int store_open(struct db **ret_db, struct loop *loop, const char *url, char error[256])
{
	struct db *db;
	int err = db_open(&db, loop, url);

	if (err) {
		/* The url may hold a password: it is not repeated here. */
		snprintf(error, 256, "the database cannot be opened: %s",
			 err == -EINVAL ? "DATABASE_URL must be sqlite:PATH" : strerror(-err));
		return err;
	}
	err = db_migrate(db, schema_migrations, schema_migration_count, error);
	if (err) {
		mem_unref(db);
		return err;
	}
	*ret_db = db;
	return 0;
}
