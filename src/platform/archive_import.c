#include "platform/archive.h"

#include "core/buf.h"
#include "core/encoding.h"
#include "core/list.h"
#include "core/mem.h"
#include "core/str.h"
#include "loop/loop.h"
#include "platform/store/answer.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

enum {
	ROWS = DB_MAX_STATEMENTS, /* of a batch */
	MAX_BATCHES = 32,         /* under way */
	MAX_WAITING = 10000,      /* rows whose parent has not come yet */
	TRIES = 5,
	COMPLAINT_SIZE = 400,
};

struct import {
	const struct archive_store *store;
	struct archive_reader *reader;
	const struct catalog_table *table; /* of the rows that come now */
	size_t *order;                     /* of the table's columns in the archive's rows */
	struct rows *rows;                 /* not yet sent */
	size_t batches;                    /* under way */
	struct list doubtful; /* struct row: their batch failed, or they changed nothing */
	struct list waiting;  /* struct row: what they refer to is not there yet */
	struct archive_counts counts;
	archive_complain_h *complainh;
	void *arg;
	int err; /* of the database: the end */
};

struct row {
	struct list_node node;
	const struct catalog_table *table;
	size_t line;
	bool known;   /* it was tried, and something like it is there */
	json_t *json; /* values in the order of the table's columns */
};

struct rows {
	struct import *import;
	struct row *rows[ROWS];
	size_t count;
};

static void row_destroy(void *data)
{
	struct row *row = data;

	json_decref(row->json);
}

static void complain(struct import *import, const struct row *row, const char *reason)
{
	char line[COMPLAINT_SIZE];

	if (!import->complainh)
		return;
	snprintf(line, sizeof(line), "line %zu, table %s: %s", row->line, row->table->name, reason);
	import->complainh(line, import->arg);
}

/* ---- values ---- */

static bool is_of_type(const json_t *value, enum db_type type)
{
	switch (type) {
	case DB_INT:
		return json_is_integer(value);
	case DB_REAL:
		return json_is_number(value);
	case DB_TEXT:
		return json_is_string(value);
	case DB_BLOB:
		return json_get_str(value, "base64", NULL) != NULL;
	case DB_NULL:
		break;
	}
	return false;
}

/* blobs: what decoded bytes are kept in. Returns false when the value does not fit the column. */
static bool take_value(struct db_value *ret_value, const json_t *value, enum db_type type,
		       struct buf *blobs)
{
	const char *text = json_get_str(value, "base64", "");

	*ret_value = db_null();
	if (json_is_null(value))
		return true;
	if (!is_of_type(value, type))
		return false;
	if (type == DB_INT)
		*ret_value = db_int(json_integer_value(value));
	else if (type == DB_REAL)
		*ret_value = db_real(json_number_value(value));
	else if (type == DB_TEXT)
		*ret_value = db_text(json_string_value(value));
	else if (base64_decode(blobs, text, strlen(text)))
		return false;
	else
		*ret_value = db_blob(blobs->data, blobs->len);
	return true;
}

struct values {
	struct db_value values[DB_MAX_PARAMS];
	struct buf blobs[DB_MAX_PARAMS];
};

static bool take_values(struct values *ret, const struct row *row)
{
	for (size_t i = 0; i < row->table->column_count; i++)
		if (!take_value(&ret->values[i], json_array_get(row->json, i),
				row->table->columns[i].type, &ret->blobs[i]))
			return false;
	return true;
}

static void values_free(struct values *values)
{
	for (size_t i = 0; i < DB_MAX_PARAMS; i++)
		buf_free(&values->blobs[i]);
}
#define auto_values __attribute__((cleanup(values_free)))

static bool is_equal(const struct db_value *value, const struct db_result *result, size_t column)
{
	size_t len = 0;
	const void *data = db_get_blob(result, 0, column, &len);

	if (db_type_of(result, 0, column) != value->type)
		return false;
	switch (value->type) {
	case DB_INT:
		return db_get_int(result, 0, column) == value->integer;
	case DB_REAL:
		return db_get_real(result, 0, column) == value->real;
	case DB_TEXT:
	case DB_BLOB:
		return len == value->len && (!len || !memcmp(data, value->data, len));
	case DB_NULL:
		break;
	}
	return true;
}

/* ---- a row by itself ---- */

static void add_insert(struct batch *batch, const struct row *row, const struct values *values)
{
	batch_add(batch, row->table->insert_sql, DB_ANY_ROWS, values->values,
		  row->table->column_count);
}

static void reject(struct import *import, const struct row *row, const char *reason)
{
	import->counts.rejected++;
	complain(import, row, reason);
}

/* Something with its key, or with another of its unique values, is there. */
static int compare(struct import *import, const struct row *row, const struct values *values)
{
	const struct catalog_table *table = row->table;
	struct batch batch auto_batch = {0};
	struct answer answer auto_answer = {0};
	struct db_value key[CATALOG_MAX_KEY];
	int err;

	for (size_t i = 0; i < table->key_count; i++)
		key[i] = values->values[table->key[i]];
	batch_add(&batch, table->find_sql, DB_ANY_ROWS, key, table->key_count);
	err = answer_wait(&answer, import->store->loop, import->store->db, &batch);
	if (err)
		return err;
	if (!db_rows(answer.results[0])) {
		reject(import, row, "a unique value of it belongs to another row");
		return 0;
	}
	for (size_t i = 0; i < table->column_count; i++) {
		if (is_equal(&values->values[i], answer.results[0], i))
			continue;
		import->counts.different++;
		return 0;
	}
	import->counts.known++;
	return 0;
}

static bool is_passing(int err)
{
	return err == -EBUSY || err == -EINPROGRESS || err == -EAGAIN;
}

static int insert_alone(struct import *import, const struct row *row, const struct values *values,
			bool *ret_added)
{
	int err = -EBUSY;

	for (int i = 0; i < TRIES && is_passing(err); i++) {
		struct batch batch auto_batch = {0};
		struct answer answer auto_answer = {0};

		add_insert(&batch, row, values);
		err = answer_wait(&answer, import->store->loop, import->store->db, &batch);
		*ret_added = !err && db_changes(answer.results[0]) == 1;
	}
	return err;
}

/* Returns 0, -ENOENT (its parent is not there: the row is the caller's still), or what ends all. */
static int settle_row(struct import *import, struct row *row)
{
	struct values values auto_values = {0};
	bool added = false;
	int err = 0;

	if (!take_values(&values, row)) {
		reject(import, row, "a value is not of its column's type");
		return 0;
	}
	if (!row->known)
		err = insert_alone(import, row, &values, &added);
	if (err == -EINVAL || err == -EEXIST || err == -E2BIG) {
		reject(import, row, "the database does not take it");
		return 0;
	}
	if (!err && added)
		import->counts.added++;
	else if (!err)
		err = compare(import, row, &values);
	return err;
}

/* A row's parent may come later: tables may refer to each other in a circle, rows to their own. */
static void settle_doubtful(struct import *import)
{
	struct row *row;

	while (!import->err && (row = list_pop(&import->doubtful))) {
		int err = settle_row(import, row);

		if (err == -ENOENT && import->waiting.len < MAX_WAITING) {
			list_append(&import->waiting, &row->node, row);
			continue;
		}
		if (err == -ENOENT)
			import->counts.orphans++;
		else if (err)
			import->err = err;
		mem_unref(row);
	}
}

/* At the end: as long as that brings a parent in, others may follow. */
static void settle_waiting(struct import *import)
{
	size_t before;

	do {
		before = import->waiting.len;
		for (size_t i = 0; i < before; i++) {
			struct row *row = list_pop(&import->waiting);

			list_append(&import->doubtful, &row->node, row);
		}
		settle_doubtful(import);
	} while (!import->err && import->waiting.len && import->waiting.len < before);
	for (struct row *row; (row = list_pop(&import->waiting)); mem_unref(row)) {
		import->counts.orphans++;
		complain(import, row, "what it refers to is not there");
	}
}

/* ---- batches ---- */

static void on_inserted(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct rows *rows = arg;
	struct import *import = rows->import;

	import->batches--;
	for (size_t i = 0; i < rows->count; i++) {
		struct row *row = rows->rows[i];

		if (!err && db_changes(results[i]) == 1) {
			import->counts.added++;
			mem_unref(row);
			continue;
		}
		row->known = !err;
		list_append(&import->doubtful, &row->node, row);
	}
	mem_free(rows);
}

static void wait_until(struct import *import, size_t batches)
{
	while (import->batches > batches)
		loop_run_once(import->store->loop, 100);
	settle_doubtful(import);
}

static void send(struct import *import)
{
	struct batch batch auto_batch = {0};
	struct rows *rows = import->rows;
	size_t count = rows ? rows->count : 0;
	struct values *values;
	bool good = true;

	import->rows = NULL;
	if (!rows)
		return;
	values = mem_alloc(count * sizeof(*values));
	for (size_t i = 0; i < count; i++) {
		good = good &&
		       rows->rows[i]->table->column_count <= BATCH_MAX_PARAMS - batch.param_count;
		good = good && take_values(&values[i], rows->rows[i]);
		if (good)
			add_insert(&batch, rows->rows[i], &values[i]);
	}
	import->batches++;
	if (good)
		batch_run(&batch, NULL, import->store->db, on_inserted, rows);
	else
		on_inserted(-EINVAL, NULL, 0, rows);
	for (size_t i = 0; i < count; i++)
		values_free(&values[i]);
	mem_free(values);
	wait_until(import, MAX_BATCHES);
}

/* ---- lines ---- */

static int bad_line(const struct import *import, char error[ARCHIVE_ERROR_SIZE], const char *fmt,
		    ...) __attribute__((format(printf, 3, 4)));
static int bad_line(const struct import *import, char error[ARCHIVE_ERROR_SIZE], const char *fmt,
		    ...)
{
	int len = snprintf(error, ARCHIVE_ERROR_SIZE,
			   "line %zu: ", archive_line_number(import->reader));
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error + len, ARCHIVE_ERROR_SIZE - (size_t)len, fmt, ap);
	va_end(ap);
	return -EBADMSG;
}

/* Columns may stand in another order, for migrations may have added them in another. */
static int begin_table(struct import *import, const json_t *json, char error[ARCHIVE_ERROR_SIZE])
{
	const char *name = json_get_str(json, "table", "");
	const json_t *columns = json_object_get(json, "columns");
	const struct catalog_table *table = catalog_find(import->store->catalog, name);

	send(import);
	wait_until(import, 0);
	if (!table)
		return bad_line(import, error, "this store has no table %.80s", name);
	if (json_array_size(columns) != table->column_count)
		return bad_line(import, error, "table %s has other columns here", name);
	mem_free(import->order);
	import->order = mem_alloc(table->column_count * sizeof(*import->order));
	for (size_t i = 0; i < table->column_count; i++) {
		size_t at = 0;

		while (at < table->column_count &&
		       !str_equal(json_string_value(json_array_get(columns, at)),
				  table->columns[i].name))
			at++;
		if (at == table->column_count)
			return bad_line(import, error, "table %s has a column %s here", name,
					table->columns[i].name);
		import->order[i] = at;
	}
	import->table = table;
	return 0;
}

static int take_row(struct import *import, const json_t *json, char error[ARCHIVE_ERROR_SIZE])
{
	const struct catalog_table *table = import->table;
	struct row *row;

	if (!table)
		return bad_line(import, error, "a row comes before a table");
	if (json_array_size(json) != table->column_count)
		return bad_line(import, error, "the row has %zu values, not %zu",
				json_array_size(json), table->column_count);
	row = mem_new(sizeof(*row), row_destroy);
	row->table = table;
	row->line = archive_line_number(import->reader);
	row->json = json_array();
	for (size_t i = 0; i < table->column_count; i++)
		json_array_append(row->json, json_array_get(json, import->order[i]));
	if (!import->rows) {
		import->rows = mem_alloc(sizeof(*import->rows));
		import->rows->import = import;
	}
	import->rows->rows[import->rows->count++] = row;
	if (import->rows->count == ROWS ||
	    (import->rows->count + 1) * table->column_count > BATCH_MAX_PARAMS)
		send(import);
	return 0;
}

/* ---- all of it ---- */

/* A regular file is read twice, so that nothing of a damaged one is taken. */
static int check_all(FILE *file, char error[ARCHIVE_ERROR_SIZE])
{
	struct archive_reader *reader auto_unref = archive_reader_new(file);
	enum archive_line line = ARCHIVE_LINE_TABLE;
	off_t start = ftello(file);
	int err = 0;

	if (start < 0 || fseeko(file, start, SEEK_SET))
		return 0;
	while (!err && line != ARCHIVE_LINE_END) {
		auto_json json_t *json = NULL;

		err = archive_next(reader, &line, &json, error);
	}
	return err || fseeko(file, start, SEEK_SET) ? -EBADMSG : 0;
}

static int check_schema(const struct import *import, char error[ARCHIVE_ERROR_SIZE])
{
	char reason[256] = "";
	int64_t level = 0;
	int err = db_level(import->store->db, &level, reason);

	if (!err && level != archive_schema(import->reader)) {
		snprintf(error, ARCHIVE_ERROR_SIZE,
			 "the archive is of schema version %lld, this database is at %lld: make "
			 "both the same with voiceai migrate",
			 (long long)archive_schema(import->reader), (long long)level);
		return -EPERM;
	}
	if (err)
		snprintf(error, ARCHIVE_ERROR_SIZE, "%s", reason);
	return err;
}

static int read_all(struct import *import, char error[ARCHIVE_ERROR_SIZE])
{
	enum archive_line line = ARCHIVE_LINE_TABLE;
	bool first = true;
	int err = 0;

	while (!err && !import->err && line != ARCHIVE_LINE_END) {
		auto_json json_t *json = NULL;

		err = archive_next(import->reader, &line, &json, error);
		if (!err && first)
			err = check_schema(import, error);
		first = false;
		if (!err && line == ARCHIVE_LINE_TABLE)
			err = begin_table(import, json, error);
		else if (!err && line == ARCHIVE_LINE_ROW)
			err = take_row(import, json, error);
	}
	send(import);
	wait_until(import, 0);
	return err;
}

static int renumber(struct import *import)
{
	const struct catalog *catalog = import->store->catalog;
	int err = 0;

	for (size_t i = 0; !err && i < catalog->count; i++) {
		struct batch batch auto_batch = {0};
		struct answer answer auto_answer = {0};

		if (!catalog->tables[i].renumber_sql)
			continue;
		batch_add(&batch, catalog->tables[i].renumber_sql, DB_ANY_ROWS, NULL, 0);
		err = answer_wait(&answer, import->store->loop, import->store->db, &batch);
	}
	return err;
}

int archive_import(struct archive_counts *ret_counts, const struct archive_store *store, FILE *file,
		   archive_complain_h *complainh, void *arg, char error[ARCHIVE_ERROR_SIZE])
{
	struct import import = {.store = store, .complainh = complainh, .arg = arg};
	int err = check_all(file, error);

	if (err)
		return err;
	import.reader = archive_reader_new(file);
	err = read_all(&import, error);
	if (!import.err)
		settle_waiting(&import);
	if (!err && !import.err)
		import.err = renumber(&import);
	if (!err && import.err) {
		err = import.err;
		snprintf(error, ARCHIVE_ERROR_SIZE, "the database: %s", strerror(-err));
	}
	for (struct row *row; (row = list_pop(&import.doubtful));)
		mem_unref(row);
	for (struct row *row; (row = list_pop(&import.waiting));)
		mem_unref(row);
	mem_free(import.order);
	mem_unref(import.reader);
	*ret_counts = import.counts;
	return err;
}
