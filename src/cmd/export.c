/* voiceai export: the calls of the database as a call_records.json. */
#include "cmd/cmd.h"

#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "loop/loop.h"
#include "platform/record.h"
#include "platform/store/call.h"
#include "platform/store/call_list.h"
#include "platform/store/store.h"
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
	"usage: voiceai export [FILE]\n"
	"\n"
	"Write all calls, with transcript and summary, as a JSON array of call records, newest "
	"first, to\n"
	"FILE (\"-\" for stdout, or CALL_RECORDS_FILE_PATH). The file is readable by its owner "
	"only, and\n"
	"replaced as a whole when everything has been written. `voiceai import` reads it.\n";

struct export
{
	struct loop *loop;
	struct db *db;
	FILE *out;
	size_t count;
	/* where the page before ended */
	int64_t after_at;
	char after_id[UUID_SIZE];
};

struct answer {
	bool done;
	int err;
	size_t count;
	struct db_result *results[DB_MAX_STATEMENTS];
};

static void on_answer(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct answer *answer = arg;

	answer->done = true;
	answer->err = err;
	for (size_t i = 0; !err && i < answer->count; i++)
		answer->results[i] = mem_ref(results[i]);
}

static void answer_free(struct answer *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		mem_unref(answer->results[i]);
}
#define auto_answer __attribute__((cleanup(answer_free)))

static int ask(struct export *export, struct batch *batch, struct answer *answer)
{
	answer->count = batch->count;
	batch_run(batch, NULL, export->db, on_answer, answer);
	while (!answer->done)
		loop_run_once(export->loop, 100);
	return answer->err;
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
	struct store_call_filter filter = {.tenant_id = STORE_TENANT, .limit = PAGE};
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
	err = ask(export, &list, &page);
	rows = err ? 0 : db_rows(page.results[0]);
	if (!rows)
		return err;
	for (size_t i = 0; i < rows; i++) {
		calls[i] = store_call_load(page.results[0], i);
		store_turn_select(&transcripts, STORE_TENANT, calls[i]->id);
	}
	err = ask(export, &transcripts, &turns);
	for (size_t i = 0; i < rows; i++) {
		if (!err)
			err = write_call(export, page.results[0], i, calls[i], turns.results[i]);
		export->after_at = calls[i]->created_at;
		str_copy(export->after_id, sizeof(export->after_id), calls[i]->id);
		mem_unref(calls[i]);
	}
	return err ? err : (int)rows;
}

static int write_all(struct export *export)
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

static int export_to(struct export *export, const char *path)
{
	int err;

	if (str_equal(path, "-")) {
		export->out = stdout;
		err = write_all(export);
	} else {
		err = write_file(export, path);
	}
	if (err) {
		fprintf(stderr, "voiceai export: %s: %s\n", path, strerror(-err));
		return CMD_FAILED;
	}
	fprintf(stderr, "%zu calls written to %s\n", export->count, path);
	return CMD_OK;
}

int cmd_export(int argc, char **argv)
{
	struct settings *settings auto_unref = NULL;
	struct export export = {0};
	char error[256];
	int code;

	if (cmd_help(argc, argv, usage))
		return CMD_OK;
	if (argc > 2 || (argc == 2 && argv[1][0] == '-' && argv[1][1]))
		return cmd_misuse("export", "takes one file");
	settings = cmd_settings();
	if (!settings)
		return CMD_USAGE;
	export.loop = loop_new();
	if (store_open(&export.db, export.loop, settings->database_url, error)) {
		fprintf(stderr, "voiceai export: %s\n", error);
		mem_unref(export.loop);
		return CMD_FAILED;
	}
	code = export_to(&export, argc == 2 ? argv[1] : settings->call_records_file_path);
	mem_unref(export.db);
	mem_unref(export.loop);
	return code;
}
