#include "platform/archive.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/encoding.h"
#include "core/json_writer.h"
#include "core/mem.h"
#include "core/str.h"
#include "platform/store/answer.h"

#include <errno.h>
#include <string.h>

/* Rows of a page; fewer when they are so large that an answer cannot hold them. */
enum { PAGE = 500 };

struct archive {
	const struct archive_store *store;
	const char *tenant_id;
	FILE *out;
	size_t rows;
	uint8_t digest[SHA256_LEN];
	struct buf line;
};

static void begin_line(struct archive *archive, struct json_writer *writer)
{
	buf_clear(&archive->line);
	*writer = (struct json_writer){.out = &archive->line};
}

/* buf_append: the digest is taken of the digest before and the line, as one piece. */
static int end_line(struct archive *archive)
{
	struct buf auto_buf both = {0};

	buf_append_char(&archive->line, '\n');
	buf_append(&both, archive->digest, SHA256_LEN);
	buf_append(&both, archive->line.data, archive->line.len);
	digest_sha256(archive->digest, both.data, both.len);
	if (fwrite(archive->line.data, 1, archive->line.len, archive->out) != archive->line.len)
		return -EIO;
	return 0;
}

static int write_header(struct archive *archive, int64_t level)
{
	struct json_writer writer;

	begin_line(archive, &writer);
	json_write_open(&writer, NULL, '{');
	json_write_str(&writer, "archive", "voiceai");
	json_write_int(&writer, "version", ARCHIVE_VERSION);
	json_write_int(&writer, "schema", level);
	json_write_time(&writer, "made_at", clock_wall_us());
	json_write_str(&writer, "tenant", archive->tenant_id);
	json_write_close(&writer, '}');
	return end_line(archive);
}

static int write_end(struct archive *archive)
{
	char hex[2 * SHA256_LEN + 1];
	struct json_writer writer;

	hex_encode(hex, archive->digest, SHA256_LEN);
	begin_line(archive, &writer);
	json_write_open(&writer, NULL, '{');
	json_write_bool(&writer, "end", true);
	json_write_int(&writer, "rows", (int64_t)archive->rows);
	json_write_str(&writer, "digest", hex);
	json_write_close(&writer, '}');
	if (end_line(archive) || fflush(archive->out))
		return -EIO;
	return 0;
}

static int write_table(struct archive *archive, const struct catalog_table *table)
{
	struct json_writer writer;

	begin_line(archive, &writer);
	json_write_open(&writer, NULL, '{');
	json_write_str(&writer, "table", table->name);
	json_write_open(&writer, "columns", '[');
	for (size_t i = 0; i < table->column_count; i++)
		json_write_str(&writer, NULL, table->columns[i].name);
	json_write_close(&writer, ']');
	json_write_close(&writer, '}');
	return end_line(archive);
}

/* ---- rows ---- */

static void write_blob(struct json_writer *writer, const void *data, size_t len)
{
	struct buf auto_buf text = {0};

	base64_encode(&text, data, len);
	json_write_open(writer, NULL, '{');
	json_write_str(writer, "base64", buf_str(&text));
	json_write_close(writer, '}');
}

/* Text that JSON cannot hold must not get lost without a word. */
static int write_value(struct json_writer *writer, const struct db_result *result, size_t row,
		       size_t column)
{
	size_t len = 0;
	const char *data = db_get_blob(result, row, column, &len);

	switch (db_type_of(result, row, column)) {
	case DB_INT:
		json_write_int(writer, NULL, db_get_int(result, row, column));
		return 0;
	case DB_REAL:
		json_write_number(writer, NULL, db_get_real(result, row, column));
		return 0;
	case DB_BLOB:
		write_blob(writer, data, len);
		return 0;
	case DB_TEXT:
		if (strlen(data) != len || !str_is_utf8(data, len))
			return -EILSEQ;
		json_write_str(writer, NULL, data);
		return 0;
	case DB_NULL:
		break;
	}
	json_write_str(writer, NULL, NULL);
	return 0;
}

static int write_row(struct archive *archive, const struct catalog_table *table,
		     const struct db_result *result, size_t row)
{
	struct json_writer writer;
	int err = 0;

	begin_line(archive, &writer);
	json_write_open(&writer, NULL, '[');
	for (size_t i = 0; !err && i < table->column_count; i++)
		err = write_value(&writer, result, row, i);
	json_write_close(&writer, ']');
	archive->rows++;
	return err ? err : end_line(archive);
}

static struct db_value value_of(const struct db_result *result, size_t row, size_t column)
{
	size_t len = 0;
	const void *data = db_get_blob(result, row, column, &len);

	switch (db_type_of(result, row, column)) {
	case DB_INT:
		return db_int(db_get_int(result, row, column));
	case DB_REAL:
		return db_real(db_get_real(result, row, column));
	case DB_TEXT:
		return db_text(db_get_text(result, row, column));
	case DB_BLOB:
		return db_blob(data, len);
	case DB_NULL:
		break;
	}
	return db_null();
}

/* last: the page before, whose last row this page comes after; NULL for the first one. */
static void select_page(struct archive *archive, struct batch *batch,
			const struct catalog_table *table, const struct db_result *last,
			int64_t limit)
{
	bool tenant = archive->tenant_id != NULL;
	struct db_value params[CATALOG_MAX_KEY + 2];
	const char *sql = tenant ? table->tenant_first_sql : table->first_sql;
	size_t count = 0;

	if (tenant)
		params[count++] = db_text(archive->tenant_id);
	for (size_t i = 0; last && i < table->key_count; i++)
		if (!tenant || (int)table->key[i] != table->tenant)
			params[count++] = value_of(last, db_rows(last) - 1, table->key[i]);
	if (last)
		sql = tenant ? table->tenant_next_sql : table->next_sql;
	params[count++] = db_int(limit);
	batch_add(batch, sql, DB_ANY_ROWS, params, count);
}

/* Returns 1 when there may be more, *last is the page then. */
static int write_page(struct archive *archive, const struct catalog_table *table,
		      struct db_result **last)
{
	struct answer answer auto_answer = {0};
	int64_t limit = PAGE;
	int err;

	do {
		struct batch batch auto_batch = {0};

		answer_free(&answer);
		select_page(archive, &batch, table, *last, limit);
		err = answer_wait(&answer, archive->store->loop, archive->store->db, &batch);
	} while (err == -E2BIG && (limit /= 4) > 0);
	for (size_t row = 0; !err && row < db_rows(answer.results[0]); row++)
		err = write_row(archive, table, answer.results[0], row);
	if (err)
		return err;
	mem_unref(*last);
	*last = mem_ref(answer.results[0]);
	return db_rows(*last) == (size_t)limit && (!archive->tenant_id || table->tenant_next_sql);
}

static int write_rows(struct archive *archive, const struct catalog_table *table,
		      char error[ARCHIVE_ERROR_SIZE])
{
	struct db_result *last = NULL;
	int more;

	do
		more = write_page(archive, table, &last);
	while (more > 0);
	mem_unref(last);
	if (more)
		snprintf(error, ARCHIVE_ERROR_SIZE, "table %s: %s", table->name,
			 more == -EILSEQ ? "there is text that is not UTF-8" : strerror(-more));
	return more;
}

int archive_write(struct archive_totals *ret_totals, const struct archive_store *store,
		  const char *tenant_id, FILE *out, char error[ARCHIVE_ERROR_SIZE])
{
	const struct catalog *catalog = store->catalog;
	struct archive archive = {.store = store, .tenant_id = tenant_id, .out = out};
	struct archive_totals totals = {0};
	int64_t level = 0;
	int err = db_level(store->db, &level, error);

	if (err)
		return err;
	snprintf(error, ARCHIVE_ERROR_SIZE, "the file cannot be written");
	err = write_header(&archive, level);
	for (size_t i = 0; !err && i < catalog->count; i++) {
		const struct catalog_table *table = &catalog->tables[i];

		if (tenant_id && !table->tenant_first_sql)
			continue;
		totals.tables++;
		err = write_table(&archive, table);
		if (!err)
			err = write_rows(&archive, table, error);
	}
	if (!err)
		err = write_end(&archive);
	buf_free(&archive.line);
	totals.rows = archive.rows;
	if (!err)
		*ret_totals = totals;
	return err;
}
