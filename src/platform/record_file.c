#include "platform/record_file.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum where { BEFORE_ARRAY, BEFORE_ELEMENT, AFTER_ARRAY };

struct record_file {
	FILE *file;
	enum where where;
	bool first; /* "]" may follow "[" but not "," */
	unsigned long line;
	struct buf element;
};

static void file_destroy(void *data)
{
	struct record_file *file = data;

	if (file->file && file->file != stdin)
		fclose(file->file);
	buf_free(&file->element);
}

int record_file_open(struct record_file **ret_file, const char *path)
{
	struct record_file *file;
	FILE *stream = str_equal(path, "-") ? stdin : fopen(path, "re");

	if (!stream)
		return -errno;
	file = mem_new(sizeof(*file), file_destroy);
	file->file = stream;
	file->line = 1;
	file->first = true;
	*ret_file = file;
	return 0;
}

static int bad(struct record_file *file, const char *what, char error[256])
{
	snprintf(error, 256, "line %lu: %s", file->line, what);
	return -EBADMSG;
}

static int next_char(struct record_file *file)
{
	int c = getc_unlocked(file->file);

	if (c == '\n')
		file->line++;
	return c;
}

/* Past white space, and past a byte order mark at the very beginning. */
static int next_token(struct record_file *file)
{
	int c;

	do
		c = next_char(file);
	while (c == ' ' || c == '\t' || c == '\r' || c == '\n' ||
	       (file->where == BEFORE_ARRAY && (c == 0xef || c == 0xbb || c == 0xbf)));
	return c;
}

/*
 * Copy one value, which begins with c, up to the ',' or ']' behind it. Only strings and nesting
 * matter here; whether it is good JSON is for json_parse() to say. Returns what it ended with.
 */
static int copy_element(struct record_file *file, int c)
{
	bool string = false, escaped = false;
	size_t depth = 0;

	buf_clear(&file->element);
	for (; c != EOF; c = next_char(file)) {
		if (!string && !depth && (c == ',' || c == ']'))
			return c;
		if (escaped)
			escaped = false;
		else if (string)
			string = c != '"', escaped = c == '\\';
		else if (c == '"')
			string = true;
		else if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && depth)
			depth--;
		if (file->element.len == RECORD_FILE_MAX_ELEMENT)
			return -E2BIG;
		buf_append_char(&file->element, (char)c);
	}
	return EOF;
}

static int read_element(struct record_file *file, int c, json_t **ret_json, char error[256])
{
	unsigned long line = file->line;
	char reason[JSON_ERROR_SIZE];
	int end = copy_element(file, c);

	if (end == -E2BIG) {
		snprintf(error, 256, "line %lu: a record is larger than %d MiB", line,
			 RECORD_FILE_MAX_ELEMENT / 1024 / 1024);
		return -E2BIG;
	}
	if (end == EOF)
		return ferror(file->file) ? -EIO : bad(file, "the file ends in the middle", error);
	file->where = end == ']' ? AFTER_ARRAY : BEFORE_ELEMENT;
	file->first = false;
	if (!json_parse(ret_json, file->element.data, file->element.len, reason))
		return 1;
	snprintf(error, 256, "in the record at line %lu: %s", line, reason);
	return -EBADMSG;
}

static int read_end(struct record_file *file, char error[256])
{
	int c = next_token(file);

	if (c == EOF)
		return ferror(file->file) ? -EIO : 0;
	return bad(file, "there is something after the array", error);
}

int record_file_next(struct record_file *file, json_t **ret_json, char error[256])
{
	int c;

	*ret_json = NULL;
	if (file->where == AFTER_ARRAY)
		return read_end(file, error);
	if (file->where == BEFORE_ARRAY && next_token(file) != '[')
		return bad(file, "the file is not a JSON array", error);
	file->where = BEFORE_ELEMENT;
	c = next_token(file);
	if (c == ']' && file->first) {
		file->where = AFTER_ARRAY;
		return read_end(file, error);
	}
	if (c == EOF || c == ',' || c == ']')
		return bad(file, c == EOF ? "the file ends in the middle" : "a record is missing",
			   error);
	return read_element(file, c, ret_json, error);
}
