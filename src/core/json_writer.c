#include "core/json_writer.h"

#include "core/mem.h"
#include "core/str.h"
#include "core/timestamp.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static void begin_value(struct json_writer *writer, const char *key)
{
	size_t len = key ? strlen(key) : 0;
	char *at = buf_extend(writer->out, writer->comma + (key ? len + 3 : 0));

	if (writer->comma)
		*at++ = ',';
	writer->comma = true;
	if (!key)
		return;
	*at++ = '"';
	memcpy(at, key, len);
	memcpy(at + len, "\":", 2);
}

void json_write_open(struct json_writer *writer, const char *key, char bracket)
{
	begin_value(writer, key);
	buf_append_char(writer->out, bracket);
	writer->comma = false;
}

void json_write_close(struct json_writer *writer, char bracket)
{
	buf_append_char(writer->out, bracket);
	writer->comma = true;
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\';
}

/* RFC 8259, 7. */
static void append_escaped(struct buf *out, unsigned char c)
{
	static const char short_from[] = "\"\\\b\f\n\r\t", short_to[] = "\"\\bfnrt";
	const char *found = strchr(short_from, c);

	if (found && c) {
		buf_append_char(out, '\\');
		buf_append_char(out, short_to[found - short_from]);
	} else {
		buf_printf(out, "\\u%04X", c);
	}
}

static void append_quoted(struct buf *out, const char *str, size_t len)
{
	const char *end = str + len;

	buf_append_char(out, '"');
	while (str < end) {
		const char *run = str;

		while (str < end && is_plain((unsigned char)*str))
			str++;
		buf_append(out, run, (size_t)(str - run));
		if (str < end)
			append_escaped(out, (unsigned char)*str++);
	}
	buf_append_char(out, '"');
}

static void write_null(struct json_writer *writer, const char *key)
{
	begin_value(writer, key);
	buf_append(writer->out, "null", 4);
}

/* Printable ASCII that needs no escaping: what most texts are, looked at by eights. */
static bool is_plain_ascii(const char *str, size_t len)
{
	static const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
	uint64_t word, odd = 0;

	for (; len >= sizeof(word); str += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, str, sizeof(word));
		/* The top bit of a byte is set by itself, or as x - 1 does of a byte that is 0. */
		odd |= word | (word - ones * 0x20) | ((word ^ ones * '"') - ones) |
		       ((word ^ ones * '\\') - ones);
	}
	for (; len > 0; str++, len--)
		if (!is_plain((unsigned char)*str) || (unsigned char)*str >= 0x80)
			return false;
	return !(odd & tops);
}

static void append_plain(struct buf *out, const char *str, size_t len)
{
	char *at = buf_extend(out, len + 2);

	*at = '"';
	memcpy(at + 1, str, len);
	at[len + 1] = '"';
}

void json_write_str(struct json_writer *writer, const char *key, const char *str)
{
	size_t len = str ? strlen(str) : 0;
	bool plain = str && is_plain_ascii(str, len);

	if (!str || (!plain && !str_is_utf8(str, len))) {
		write_null(writer, key);
		return;
	}
	begin_value(writer, key);
	if (plain)
		append_plain(writer->out, str, len);
	else
		append_quoted(writer->out, str, len);
}

void json_write_int(struct json_writer *writer, const char *key, int64_t value)
{
	begin_value(writer, key);
	buf_append_int(writer->out, value);
}

void json_write_bool(struct json_writer *writer, const char *key, bool value)
{
	begin_value(writer, key);
	buf_append_str(writer->out, value ? "true" : "false");
}

void json_write_number(struct json_writer *writer, const char *key, double value)
{
	auto_json json_t *number = isfinite(value) ? json_real(value) : NULL;

	if (number)
		json_write_json(writer, key, number);
	else
		write_null(writer, key);
}

void json_write_time(struct json_writer *writer, const char *key, int64_t us)
{
	char text[TIMESTAMP_SIZE];

	if (!us) {
		write_null(writer, key);
		return;
	}
	timestamp_iso(text, us);
	begin_value(writer, key);
	append_plain(writer->out, text, strlen(text));
}

void json_write_raw(struct json_writer *writer, const char *key, const char *text,
		    const char *otherwise)
{
	begin_value(writer, key);
	buf_append_str(writer->out, str_is_empty(text) ? otherwise : text);
}

json_t *json_written(const struct buf *text)
{
	json_t *json = json_loadb(buf_str(text), text->len, JSON_DECODE_ANY, NULL);

	return json ? json : json_null();
}

void json_write_json(struct json_writer *writer, const char *key, const json_t *json)
{
	auto_free char *text = json_text(json);

	begin_value(writer, key);
	buf_append_str(writer->out, text);
}
