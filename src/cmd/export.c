/* voiceai export: what the database holds, as an archive or as a call_records.json. */
#include "cmd/cmd.h"

#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "loop/loop.h"
#include "platform/archive.h"
#include "platform/record.h"
#include "platform/store/answer.h"
#include "platform/store/call.h"
#include "platform/store/call_list.h"
#include "platform/store/store.h"
#include "platform/vault.h"
#include "platform/store/turn.h"
#include "platform/summary.h"
#include "platform/transcript.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One statement a call reads its transcript, so a page is what one batch takes. */
enum { PAGE = DB_MAX_STATEMENTS };

static const char usage[] =
	"usage: voiceai export [--format archive|records] [--tenant ID] [FILE]\n"
	"\n"
	"Write what the database (DATABASE_URL) holds to FILE (\"-\" for stdout), for "
	"`voiceai import`.\n"
	"\n"
	"  archive  everything, as lines of JSON: every row of every table, to be moved into "
	"another\n"
	"           database, also of the other kind; the default. It holds what the database "
	"does,\n"
	"           secrets too. Files in DATA_DIR (recordings, secrets.env, master.key) are not "
	"in it.\n"
	"  records  a JSON array of call records with transcript and summary, newest first; "
	"without FILE\n"
	"           to CALL_RECORDS_FILE_PATH\n"
	"\n"
	"--tenant takes one tenant's rows only. The file is readable by its owner only, and "
	"replaced as a\n"
	"whole when everything has been written. To move for good, stop the servers first: rows "
	"that come\n"
	"while they are read may be missing.\n";

struct export
{
	struct loop *loop;
	struct db *db;
	const char *path;
	const char *tenant_id; /* NULL: all */
	bool records;
	struct catalog *catalog;
	FILE *out;
	char error[ARCHIVE_ERROR_SIZE];
	size_t count;
	/* where the page before ended */
	int64_t after_at;
	char after_id[UUID_SIZE];
};

static const char *tenant_of(const struct export *export)
{
	return export->tenant_id ? export->tenant_id : STORE_TENANT;
}

static int write_call(struct export *export, const struct db_result *page, size_t row,
		      const struct call *call, const struct db_result *turns)
{
	json_t *auto_json transcript = transcript_rows(turns);
	json_t *auto_json summary = summary_row(page, row, STORE_CALL_COLUMN_COUNT);
	json_t *auto_json view = record_view(call, transcript, summary);
	char *auto_free text = json_text(view);

	return fprintf(export->out, "%s%s", export->count++ ? ",\n" : "[\n", text) < 0 ? -EIO : 0;
}

/* Returns the number of calls written, or a negative errno. */
static int write_page(struct export *export)
{
	struct store_call_filter filter = {.tenant_id = tenant_of(export), .limit = PAGE};
	struct batch auto_batch list = {0}, auto_batch transcripts = {0};
	struct answer auto_answer page = {0}, auto_answer turns = {0};
	struct call *calls[PAGE] = {NULL};
	size_t rows;
	int err;

	if (export->after_id[0]) {
		filter.after_at = export->after_at;
		filter.after_id = export->after_id;
	}
	store_call_list(&list, &filter);
	err = answer_wait(&page, export->loop, export->db, &list);
	rows = err ? 0 : db_rows(page.results[0]);
	if (!rows)
		return err;
	for (size_t i = 0; i < rows; i++) {
		calls[i] = store_call_load(page.results[0], i);
		store_turn_select(&transcripts, tenant_of(export), calls[i]->id);
	}
	err = answer_wait(&turns, export->loop, export->db, &transcripts);
	for (size_t i = 0; i < rows; i++) {
		if (!err)
			err = write_call(export, page.results[0], i, calls[i], turns.results[i]);
		export->after_at = calls[i]->created_at;
		str_copy(export->after_id, sizeof(export->after_id), calls[i]->id);
		mem_unref(calls[i]);
	}
	return err ? err : (int)rows;
}

static int write_records(struct export *export)
{
	int rows;

	do
		rows = write_page(export);
	while (rows == PAGE);
	if (rows < 0)
		return rows;
	if (fputs(export->count ? "\n]\n" : "[]\n", export->out) < 0 || fflush(export->out))
		return -EIO;
	return 0;
}

/* The catalog's statements are known to the database until it is closed. */
static int write_archive(struct export *export)
{
	struct archive_store store = {.loop = export->loop, .db = export->db};
	struct archive_totals totals = {0};
	int err = catalog_load(&export->catalog, export->loop, export->db, export->error);

	store.catalog = export->catalog;
	if (!err)
		err = archive_write(&totals, &store, export->tenant_id, export->out, export->error);
	export->count = totals.rows;
	return err;
}

static int write_all(struct export *export)
{
	return export->records ? write_records(export) : write_archive(export);
}

/* Into a file beside it first: whoever has the old one keeps a whole one. */
static int write_file(struct export *export, const char *path)
{
	char *auto_free draft = mem_printf("%s.%d.tmp", path, (int)getpid());
	int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int err;

	if (fd < 0)
		return -errno;
	export->out = fdopen(fd, "w");
	err = write_all(export);
	if (!err && fsync(fd))
		err = -errno;
	if (fclose(export->out) && !err)
		err = -errno;
	if (!err && rename(draft, path))
		err = -errno;
	if (err)
		unlink(draft);
	return err;
}

static int export_to(struct export *export)
{
	int err;

	if (str_equal(export->path, "-")) {
		export->out = stdout;
		err = write_all(export);
	} else {
		err = write_file(export, export->path);
	}
	if (err) {
		fprintf(stderr, "voiceai export: %s: %s\n", export->path,
			*export->error ? export->error : strerror(-err));
		return CMD_FAILED;
	}
	fprintf(stderr, "%zu %s written to %s\n", export->count, export->records ? "calls" : "rows",
		export->path);
	return CMD_OK;
}

/* Returns what is wrong, or NULL. */
static const char *read_arguments(struct export *export, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (str_equal(argv[i], "--format") && value) {
			export->records = str_equal(value, "records");
			if (!export->records && !str_equal(value, "archive"))
				return "--format is archive or records";
			i++;
		} else if (str_equal(argv[i], "--tenant") && value) {
			export->tenant_id = value;
			i++;
		} else if (export->path || (argv[i][0] == '-' && argv[i][1])) {
			return "takes one file, --format and --tenant";
		} else {
			export->path = argv[i];
		}
	}
	return export->path || export->records ? NULL : "an archive needs a file, or - for stdout";
}

int cmd_export(int argc, char **argv)
{
	struct settings *settings auto_unref = NULL;
	char *auto_free url = NULL;
	struct export export = {0};
	struct vault *vault = NULL;
	const char *wrong;
	int code = CMD_FAILED;

	if (cmd_help(argc, argv, usage))
		return CMD_OK;
	wrong = read_arguments(&export, argc, argv);
	if (wrong)
		return cmd_misuse("export", wrong);
	settings = cmd_settings();
	if (!settings)
		return CMD_USAGE;
	if (!export.path)
		export.path = settings->call_records_file_path;
	url = store_url(settings);
	export.loop = loop_new();
	/* An archive holds sealed values as they are stored. */
	if (store_open(&export.db, export.loop,
		       &(struct db_conf){.url = url, .prelude = store_prelude(settings)},
		       export.error) ||
	    (export.records &&
	     vault_attach(&vault, export.loop, export.db, settings, export.error)))
		fprintf(stderr, "voiceai export: %s\n", export.error);
	else
		code = export_to(&export);
	mem_unref(vault);
	mem_unref(export.db);
	mem_unref(export.catalog);
	mem_unref(export.loop);
	return code;
}
