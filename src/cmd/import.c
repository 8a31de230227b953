/* voiceai import: calls from a call_records.json into the database. */
#include "cmd/cmd.h"

#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "loop/loop.h"
#include "platform/record.h"
#include "platform/record_file.h"
#include "platform/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MAX_PENDING = 256, MAX_COMPLAINTS = 100 };

static const char usage[] = "usage: voiceai import [FILE]\n"
			    "\n"
			    "Read calls, with transcript and summary, from a JSON array of call "
			    "records (FILE, \"-\" for\n"
			    "stdin, or CALL_RECORDS_FILE_PATH) into the database. Calls that are "
			    "there already, by call_id,\n"
			    "are left as they are, so that importing twice does no harm. Records "
			    "that are not valid are\n"
			    "reported with their position, field and reason, and skipped. A call "
			    "that was not over when\n"
			    "it was written down is imported as FAILED, lost.\n"
			    "\n"
			    "Exit code: 0 all imported, 1 some were not.\n";

struct import {
	struct loop *loop;
	struct db *db;
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

static int read_all(struct import *import, const char *path)
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

int cmd_import(int argc, char **argv)
{
	struct settings *settings auto_unref = NULL;
	struct import import = {0};
	char error[256];
	int code;

	if (cmd_help(argc, argv, usage))
		return CMD_OK;
	if (argc > 2 || (argc == 2 && argv[1][0] == '-' && argv[1][1]))
		return cmd_misuse("import", "takes one file");
	settings = cmd_settings();
	if (!settings)
		return CMD_USAGE;
	import.loop = loop_new();
	if (store_open(&import.db, import.loop, settings->database_url, error)) {
		fprintf(stderr, "voiceai import: %s\n", error);
		mem_unref(import.loop);
		return CMD_FAILED;
	}
	code = read_all(&import, argc == 2 ? argv[1] : settings->call_records_file_path);
	printf("%zu imported, %zu already there, %zu rejected\n", import.added, import.known,
	       import.rejected);
	mem_unref(import.db);
	mem_unref(import.loop);
	return code == CMD_OK && import.rejected ? CMD_FAILED : code;
}
