/* voiceai import: an archive or a call_records.json into the database. */
#include "cmd/cmd.h"

#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "loop/loop.h"
#include "platform/archive.h"
#include "platform/record.h"
#include "platform/record_file.h"
#include "platform/retention.h"
#include "platform/rollup.h"
#include "platform/store/store.h"
#include "platform/vault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MAX_PENDING = 256, MAX_COMPLAINTS = 100 };

static const char usage[] =
	"usage: voiceai import [FILE]\n"
	"\n"
	"Read what `voiceai export` wrote, an archive or call records, from FILE (\"-\" for stdin, "
	"or\n"
	"CALL_RECORDS_FILE_PATH) into the database (DATABASE_URL). What is there already is left "
	"as "
	"it is,\n"
	"so that importing twice, or again after an interruption, does no harm.\n"
	"\n"
	"An archive has to come from the same schema version; one that is cut off or was changed "
	"is "
	"not\n"
	"taken (from stdin: up to there). Call records that are not valid are reported with their "
	"position,\n"
	"field and reason, and skipped; a call that was not over when it was written down is "
	"imported as\n"
	"FAILED, lost.\n"
	"\n"
	"Exit code: 0 all imported, 1 some were not.\n";

struct import {
	struct loop *loop;
	struct db *db;
	struct catalog *catalog;
	struct vault *vault;
	size_t read;
	size_t added;
	size_t known;
	size_t rejected;
};

/* One record on its way into the database, in as many batches as it takes. */
struct import_record {
	struct import *import;
	size_t index;
	size_t batches;
	bool first_done;
	bool added;
	bool failed;
};

static void complain(struct import *import, size_t index, const char *reason)
{
	if (++import->rejected <= MAX_COMPLAINTS)
		fprintf(stderr, "record %zu: %s\n", index, reason);
	else if (import->rejected == MAX_COMPLAINTS + 1)
		fprintf(stderr, "more records are not valid\n");
}

static void finish(struct import_record *record)
{
	if (record->added && !record->failed)
		record->import->added++;
	else if (!record->failed)
		record->import->known++;
	mem_free(record);
}

static void on_stored(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct import_record *record = arg;

	if (err && !record->failed) {
		record->failed = true;
		complain(record->import, record->index,
			 err == -EEXIST ? "twilio_call_sid or ultravox_call_id: belongs to "
					  "another call"
					: strerror(-err));
	}
	if (!err && !record->first_done)
		record->added = db_changes(results[0]) == 1;
	record->first_done = true;
	if (!--record->batches)
		finish(record);
}

static void wait_for(struct import *import, size_t pending)
{
	while (db_pending(import->db) > pending)
		loop_run_once(import->loop, 100);
}

static void store(struct import *import, const struct record *record, size_t index)
{
	struct import_record *state = mem_alloc(sizeof(*state));
	size_t next = 0;
	bool last = false;

	state->import = import;
	state->index = index;
	state->batches = 1;
	while (!last) {
		struct batch batch auto_batch = {0};

		last = record_store(record, &next, &batch);
		state->batches += last ? 0 : 1;
		batch_run(&batch, NULL, import->db, on_stored, state);
	}
	wait_for(import, MAX_PENDING);
}

static void take(struct import *import, const json_t *json)
{
	struct record record auto_record = {0};
	char error[RECORD_ERROR_SIZE];
	size_t index = import->read++;

	if (record_parse(&record, STORE_TENANT, json, error))
		complain(import, index, error);
	else
		store(import, &record, index);
}

static int read_records(struct import *import, const char *path)
{
	struct record_file *file auto_unref = NULL;
	char error[256] = "cannot be read";
	int more = record_file_open(&file, path);

	if (more) {
		fprintf(stderr, "voiceai import: %s: %s\n", path, strerror(-more));
		return CMD_FAILED;
	}
	do {
		json_t *auto_json json = NULL;

		more = record_file_next(file, &json, error);
		if (more > 0)
			take(import, json);
	} while (more > 0);
	wait_for(import, 0);
	if (!more)
		return CMD_OK;
	fprintf(stderr, "voiceai import: %s: %s\n", path, error);
	return CMD_FAILED;
}

/* Sealed values of an archive come as they were stored; records are sealed here. */
static int import_records(struct import *import, const struct settings *settings, const char *path)
{
	char error[256] = "";
	int code;

	if (vault_attach(&import->vault, import->loop, import->db, settings, error)) {
		fprintf(stderr, "voiceai import: %s\n", error);
		return CMD_FAILED;
	}
	code = read_records(import, path);
	printf("%zu imported, %zu already there, %zu rejected\n", import->added, import->known,
	       import->rejected);
	return code == CMD_OK && import->rejected ? CMD_FAILED : code;
}

/* ---- archives ---- */

static void complain_row(const char *line, void *arg)
{
	struct import *import = arg;

	if (++import->rejected <= MAX_COMPLAINTS)
		fprintf(stderr, "%s\n", line);
}

static int import_archive(struct import *import, FILE *file, const char *path)
{
	struct archive_store store = {.loop = import->loop, .db = import->db};
	struct archive_counts counts = {0};
	char error[ARCHIVE_ERROR_SIZE] = "";
	int err = catalog_load(&import->catalog, import->loop, import->db, error);

	store.catalog = import->catalog;
	if (!err)
		err = archive_import(&counts, &store, file, complain_row, import, error);
	if (err)
		fprintf(stderr, "voiceai import: %s: %s\n", path, error);
	printf("%zu rows imported, %zu already there, %zu there but different, %zu without what "
	       "they refer to, %zu rejected\n",
	       counts.added, counts.known, counts.different, counts.orphans, counts.rejected);
	return err || counts.orphans || counts.rejected ? CMD_FAILED : CMD_OK;
}

/* ---- which of the two? ---- */

/* An archive begins with an object, records with an array. */
static bool is_archive(FILE *file)
{
	int c;

	do
		c = getc(file);
	while (c == ' ' || c == '\n' || c == '\r' || c == '\t');
	ungetc(c, file);
	return c == '{';
}

static int import_from(struct import *import, const struct settings *settings, const char *path)
{
	FILE *file = str_equal(path, "-") ? stdin : fopen(path, "re");
	int code;

	if (!file) {
		fprintf(stderr, "voiceai import: %s: %s\n", path, strerror(errno));
		return CMD_FAILED;
	}
	code = is_archive(file) ? import_archive(import, file, path)
				: import_records(import, settings, path);
	if (file != stdin)
		fclose(file);
	if (rollup_fold_all(import->loop, import->db))
		fprintf(stderr, "voiceai import: the calls are counted when a server runs\n");
	if (retention_again(import->loop, import->db)) {
		fprintf(stderr, "voiceai import: what is kept for so long only may stay until "
				"its days are set again (PUT /api/v1/retention)\n");
		code = CMD_FAILED;
	}
	return code;
}

int cmd_import(int argc, char **argv)
{
	struct settings *settings auto_unref = NULL;
	char *auto_free url = NULL;
	struct import import = {0};
	char error[256] = "";
	int code = CMD_FAILED;

	if (cmd_help(argc, argv, usage))
		return CMD_OK;
	if (argc > 2 || (argc == 2 && argv[1][0] == '-' && argv[1][1]))
		return cmd_misuse("import", "takes one file");
	settings = cmd_settings();
	if (!settings)
		return CMD_USAGE;
	url = store_url(settings);
	import.loop = loop_new();
	if (store_open(&import.db, import.loop,
		       &(struct db_conf){.url = url, .prelude = store_prelude(settings)}, error))
		fprintf(stderr, "voiceai import: %s\n", error);
	else
		code = import_from(&import, settings,
				   argc == 2 ? argv[1] : settings->call_records_file_path);
	mem_unref(import.vault);
	mem_unref(import.db);
	mem_unref(import.catalog);
	mem_unref(import.loop);
	return code;
}
