#include "platform/store/store.h"

#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "platform/store/schema.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

char *store_url(const struct settings *settings)
{
	return str_is_empty(settings->database_url)
		       ? mem_printf("sqlite:%s/voiceai.db", settings->data_dir)
		       : mem_strdup(settings->database_url);
}

const char *store_prelude(const struct settings *settings)
{
	return str_equal(settings->timescaledb, "off") ? "SET voiceai.timescaledb = 'off'" : NULL;
}

int store_connect(struct db **ret_db, struct loop *loop, const struct db_conf *conf,
		  char error[256])
{
	int err = db_open(ret_db, loop, conf);

	/* The url may hold a password: it is not repeated here. */
	if (err)
		snprintf(error, 256, "the database cannot be opened: %s",
			 err == -EINVAL
				 ? "DATABASE_URL must be sqlite:PATH or postgresql://..., and "
				   "DATABASE_READ_URL a replica of the latter"
				 : strerror(-err));
	return err;
}

int store_check_schema(struct db *db, char error[256])
{
	int64_t level;
	int err = db_level(db, &level, error);

	if (err || level == (int64_t)schema_migration_count)
		return err;
	snprintf(error, 256, "the database is at version %lld, this program needs %zu%s",
		 (long long)level, schema_migration_count,
		 level < (int64_t)schema_migration_count ? ": run voiceai migrate" : "");
	return -EPERM;
}

int store_open(struct db **ret_db, struct loop *loop, const struct db_conf *conf, char error[256])
{
	struct db *db;
	int err = store_connect(&db, loop, conf, error);

	if (err)
		return err;
	err = db_migrate(db, schema_migrations, schema_migration_count, error);
	if (err) {
		mem_unref(db);
		return err;
	}
	*ret_db = db;
	return 0;
}
