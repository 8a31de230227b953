/* voiceai migrate: the schema of the database. */
#include "cmd/cmd.h"

#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "loop/loop.h"
#include "platform/store/answer.h"
#include "platform/store/call_storage.h"
#include "platform/store/schema.h"
#include "platform/store/store.h"

#include <stdio.h>

static const char usage[] =
	"usage: voiceai migrate [--status | --dry-run]\n"
	"\n"
	"Bring the schema of the database (DATABASE_URL) up to date, one transaction a migration.\n"
	"Servers do so when they start, unless MIGRATE_AT_START is false. Several may do it at "
	"once:\n"
	"each migration is applied once.\n"
	"\n"
	"  --status   list the migrations, and when they were applied\n"
	"  --dry-run  print the SQL that would be run, and run nothing\n";

struct migrate {
	struct loop *loop;
	struct db *db;
	int64_t level;
};

static int fail(const char *error)
{
	fprintf(stderr, "voiceai migrate: %s\n", error);
	return CMD_FAILED;
}

/* ---- --status ---- */

static void print_time(int64_t at)
{
	char text[TIMESTAMP_SIZE];

	timestamp_iso(text, at);
	printf("%s", text);
}

/* What became of the choice that a migration made. */
static int print_storage(struct migrate *migrate)
{
	struct batch batch auto_batch = {0};
	struct answer answer auto_answer = {0};

	if (db_is_embedded(migrate->db) || migrate->level < CALL_STORAGE_MIGRATION)
		return CMD_OK;
	store_call_storage(&batch);
	if (answer_wait(&answer, migrate->loop, migrate->db, &batch))
		return fail("the table call_storage cannot be read");
	printf("events and turns are in %s: %s\n", db_get_text(answer.results[0], 0, 0),
	       db_get_text(answer.results[0], 0, 1));
	return CMD_OK;
}

static int status(struct migrate *migrate)
{
	struct batch batch auto_batch = {0};
	struct answer answer auto_answer = {0};
	size_t applied;

	batch_add(&batch, "SELECT number, name, applied_at FROM schema_migration ORDER BY number",
		  DB_ANY_ROWS, NULL, 0);
	if (answer_wait(&answer, migrate->loop, migrate->db, &batch))
		return fail("the table schema_migration cannot be read");
	applied = db_rows(answer.results[0]);
	for (size_t i = 0; i < applied; i++) {
		printf("%3lld  ", (long long)db_get_int(answer.results[0], i, 0));
		print_time(db_get_int(answer.results[0], i, 2));
		printf("  %s\n", db_get_text(answer.results[0], i, 1));
	}
	for (size_t i = applied; i < schema_migration_count; i++)
		printf("%3u  %-27s  %s\n", schema_migrations[i].number, "pending",
		       schema_migrations[i].name);
	if (applied > schema_migration_count)
		return fail("the database is newer than this program");
	return print_storage(migrate);
}

/* ---- --dry-run ---- */

/* The texts have no line breaks of their own. */
static void print_sql(const char *sql)
{
	for (const char *c = sql; *c; c++) {
		if (*c == '\t')
			putchar('\n');
		putchar(*c);
		if (*c == ';')
			putchar('\n');
	}
	putchar('\n');
}

static int dry_run(struct migrate *migrate)
{
	for (size_t i = (size_t)migrate->level; i < schema_migration_count; i++) {
		printf("-- %u %s\n", schema_migrations[i].number, schema_migrations[i].name);
		print_sql(db_migration_sql(migrate->db, &schema_migrations[i]));
	}
	return CMD_OK;
}

/* ---- applying ---- */

static int apply(struct migrate *migrate)
{
	char error[256] = "";

	for (size_t i = (size_t)migrate->level; i < schema_migration_count; i++)
		printf("%3u  %s\n", schema_migrations[i].number, schema_migrations[i].name);
	fflush(stdout);
	if (db_migrate(migrate->db, schema_migrations, schema_migration_count, error))
		return fail(error);
	printf("the database is at version %zu\n", schema_migration_count);
	return CMD_OK;
}

static int run(struct migrate *migrate, const struct db_conf *conf,
	       int (*action)(struct migrate *migrate))
{
	char error[256] = "";

	if (store_connect(&migrate->db, migrate->loop, conf, error) ||
	    db_level(migrate->db, &migrate->level, error))
		return fail(error);
	return action(migrate);
}

int cmd_migrate(int argc, char **argv)
{
	struct settings *settings auto_unref = NULL;
	struct migrate migrate = {0};
	int (*action)(struct migrate * migrate) = apply;
	char *auto_free url = NULL;
	int code;

	if (cmd_help(argc, argv, usage))
		return CMD_OK;
	if (argc == 2 && str_equal(argv[1], "--status"))
		action = status;
	else if (argc == 2 && str_equal(argv[1], "--dry-run"))
		action = dry_run;
	else if (argc != 1)
		return cmd_misuse("migrate", "takes --status, --dry-run or nothing");
	settings = cmd_settings();
	if (!settings)
		return CMD_USAGE;
	url = store_url(settings);
	migrate.loop = loop_new();
	code = run(&migrate, &(struct db_conf){.url = url, .prelude = store_prelude(settings)},
		   action);
	mem_unref(migrate.db);
	mem_unref(migrate.loop);
	return code;
}
