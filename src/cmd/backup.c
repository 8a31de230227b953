/* voiceai backup: a copy of the embedded database. */
#include "cmd/cmd.h"

#include "cmd/progress.h"
#include "core/mem.h"
#include "core/setting.h"
#include "db/db.h"
#include "platform/store/store.h"

#include <stdio.h>
#include <sys/stat.h>

static const char usage[] =
	"usage: voiceai backup FILE\n"
	"\n"
	"Copy the embedded database (DATABASE_URL, sqlite:PATH) to FILE, as it is at one moment, "
	"while\n"
	"servers go on using it. The copy is checked, readable by its owner only, and replaces an "
	"older\n"
	"FILE as a whole. Recordings, secrets.env and master.key, in DATA_DIR, are files: copy "
	"them too.\n";

int cmd_backup(int argc, char **argv)
{
	struct settings *settings auto_unref = NULL;
	char *auto_free url = NULL;
	char error[256] = "";
	struct stat info = {0};

	if (cmd_help(argc, argv, usage))
		return CMD_OK;
	if (argc != 2 || argv[1][0] == '-')
		return cmd_misuse("backup", "takes one file");
	settings = cmd_settings();
	if (!settings)
		return CMD_USAGE;
	url = store_url(settings);
	if (db_backup(url, argv[1], progress_show, NULL, error)) {
		fprintf(stderr, "voiceai backup: %s\n", error);
		return CMD_FAILED;
	}
	(void)stat(argv[1], &info);
	printf("%lld bytes written to %s\n", (long long)info.st_size, argv[1]);
	return CMD_OK;
}
