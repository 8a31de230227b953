/* voiceai restore: a backup becomes the embedded database. */
#include "cmd/cmd.h"

#include "cmd/progress.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "db/db.h"
#include "platform/store/schema.h"
#include "platform/store/store.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"usage: voiceai restore FILE\n"
	"\n"
	"Put FILE, made by `voiceai backup`, in the place of the embedded database (DATABASE_URL, "
	"sqlite:PATH).\n"
	"No server may be running on it. FILE is copied and checked first; the database that was "
	"there is\n"
	"kept beside it as PATH.TIME.old. A backup with an older schema is brought up to date by "
	"the next\n"
	"start, or by `voiceai migrate`.\n";

/* PATH.20260201T103000Z.old */
static char *keep_path(const char *url)
{
	char time[TIMESTAMP_SIZE], compact[TIMESTAMP_SIZE];
	size_t len = 0;

	timestamp_iso(time, clock_wall_us());
	for (const char *c = time; *c && *c != '.'; c++)
		if (*c != '-' && *c != ':')
			compact[len++] = *c;
	compact[len] = '\0';
	return mem_printf("%s.%sZ.old", strchr(url, ':') ? strchr(url, ':') + 1 : url, compact);
}

static int restore(const char *url, const char *from)
{
	char *auto_free keep = keep_path(url);
	struct db_restore_params params = {
		.from = from,
		.keep = keep,
		.max_level = (int64_t)schema_migration_count,
		.progressh = progress_show,
	};
	char error[256] = "";
	int64_t level = 0;

	if (db_restore(url, &params, &level, error)) {
		fprintf(stderr, "voiceai restore: %s\n", error);
		return CMD_FAILED;
	}
	printf("restored from %s, schema version %lld\n", from, (long long)level);
	if (!access(keep, F_OK))
		printf("what was there before is %s\n", keep);
	return CMD_OK;
}

int cmd_restore(int argc, char **argv)
{
	struct settings *settings auto_unref = NULL;
	char *auto_free url = NULL;

	if (cmd_help(argc, argv, usage))
		return CMD_OK;
	if (argc != 2 || argv[1][0] == '-')
		return cmd_misuse("restore", "takes one file");
	settings = cmd_settings();
	if (!settings)
		return CMD_USAGE;
	url = store_url(settings);
	return restore(url, argv[1]);
}
