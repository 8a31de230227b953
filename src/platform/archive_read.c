#include "platform/archive.h"

#include "core/buf.h"
#include "core/encoding.h"
#include "core/mem.h"
#include "core/str.h"

#include <errno.h>
#include <stdarg.h>

struct archive_reader {
	FILE *file;
	struct buf line; /* the digest of all before it, then the line */
	size_t number;
	size_t rows;
	int64_t schema;
	uint8_t digest[SHA256_LEN];
	bool begun;
	bool ended;
};

static void reader_destroy(void *data)
{
	buf_free(&((struct archive_reader *)data)->line);
}

struct archive_reader *archive_reader_new(FILE *file)
{
	struct archive_reader *reader = mem_new(sizeof(*reader), reader_destroy);

	reader->file = file;
	return reader;
}

int64_t archive_schema(const struct archive_reader *reader)
{
	return reader->schema;
}

size_t archive_line_number(const struct archive_reader *reader)
{
	return reader->number;
}

static int bad(const struct archive_reader *reader, char error[ARCHIVE_ERROR_SIZE], const char *fmt,
	       ...) __attribute__((format(printf, 3, 4)));
static int bad(const struct archive_reader *reader, char error[ARCHIVE_ERROR_SIZE], const char *fmt,
	       ...)
{
	int len = snprintf(error, ARCHIVE_ERROR_SIZE, "line %zu: ", reader->number);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error + len, ARCHIVE_ERROR_SIZE - (size_t)len, fmt, ap);
	va_end(ap);
	return -EBADMSG;
}

static int read_line(struct archive_reader *reader, char error[ARCHIVE_ERROR_SIZE])
{
	int c;

	buf_clear(&reader->line);
	buf_append(&reader->line, reader->digest, SHA256_LEN);
	reader->number++;
	while ((c = getc_unlocked(reader->file)) != '\n') {
		if (c == EOF)
			return bad(reader, error, "the archive is cut off");
		if (reader->line.len == ARCHIVE_MAX_LINE)
			return bad(reader, error, "the line is too long");
		buf_append_char(&reader->line, (char)c);
	}
	return 0;
}

static int read_json(struct archive_reader *reader, json_t **ret_json,
		     char error[ARCHIVE_ERROR_SIZE])
{
	char reason[JSON_ERROR_SIZE];
	int err = read_line(reader, error);

	if (!err && json_parse(ret_json, reader->line.data + SHA256_LEN,
			       reader->line.len - SHA256_LEN, reason))
		err = bad(reader, error, "%s", reason);
	return err;
}

static void take_into_digest(struct archive_reader *reader)
{
	buf_append_char(&reader->line, '\n');
	digest_sha256(reader->digest, reader->line.data, reader->line.len);
}

static int read_header(struct archive_reader *reader, char error[ARCHIVE_ERROR_SIZE])
{
	auto_json json_t *json = NULL;
	int err = read_json(reader, &json, error);

	if (!err && !str_equal(json_get_str(json, "archive", NULL), "voiceai"))
		err = bad(reader, error, "this is not an archive of voiceai");
	if (!err && json_get_int(json, "version", 0) != ARCHIVE_VERSION)
		err = bad(reader, error, "the archive's version is not %d", ARCHIVE_VERSION);
	if (err)
		return err;
	reader->schema = json_get_int(json, "schema", 0);
	reader->begun = true;
	take_into_digest(reader);
	return 0;
}

static int check_end(struct archive_reader *reader, const json_t *json,
		     char error[ARCHIVE_ERROR_SIZE])
{
	char hex[2 * SHA256_LEN + 1];

	hex_encode(hex, reader->digest, SHA256_LEN);
	if (json_get_int(json, "rows", -1) != (int64_t)reader->rows ||
	    !str_equal(json_get_str(json, "digest", NULL), hex))
		return bad(reader, error, "rows are missing or were changed");
	if (getc_unlocked(reader->file) != EOF)
		return bad(reader, error, "there is something after the end");
	reader->ended = true;
	return 0;
}

static int check_columns(struct archive_reader *reader, const json_t *json,
			 char error[ARCHIVE_ERROR_SIZE])
{
	const json_t *columns = json_object_get(json, "columns");

	if (!json_is_array(columns) || !json_array_size(columns))
		return bad(reader, error, "the table has no columns");
	for (size_t i = 0; i < json_array_size(columns); i++)
		if (!json_is_string(json_array_get(columns, i)))
			return bad(reader, error, "a column has no name");
	return 0;
}

static int take_line(struct archive_reader *reader, enum archive_line *ret_line, json_t *json,
		     char error[ARCHIVE_ERROR_SIZE])
{
	int err = 0;

	if (json_is_array(json)) {
		*ret_line = ARCHIVE_LINE_ROW;
		reader->rows++;
	} else if (json_get_str(json, "table", NULL)) {
		*ret_line = ARCHIVE_LINE_TABLE;
		err = check_columns(reader, json, error);
	} else if (json_get_bool(json, "end", false)) {
		*ret_line = ARCHIVE_LINE_END;
		return check_end(reader, json, error);
	} else {
		return bad(reader, error, "this is neither a table nor a row");
	}
	take_into_digest(reader);
	return err;
}

int archive_next(struct archive_reader *reader, enum archive_line *ret_line, json_t **ret_json,
		 char error[ARCHIVE_ERROR_SIZE])
{
	json_t *json = NULL;
	int err = 0;

	if (reader->ended)
		return bad(reader, error, "the archive has ended");
	if (!reader->begun)
		err = read_header(reader, error);
	if (!err)
		err = read_json(reader, &json, error);
	if (!err)
		err = take_line(reader, ret_line, json, error);
	if (err || *ret_line == ARCHIVE_LINE_END) {
		json_decref(json);
		json = NULL;
	}
	if (!err)
		*ret_json = json;
	return err;
}
