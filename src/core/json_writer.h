/*
 * Writes JSON text straight into a buffer, for answers that are made often: nothing is allocated
 * for a member, and JSON that is stored as text is passed on without being parsed. The caller opens
 * and closes objects and arrays in the right order; commas are set by the writer.
 *
 *	struct json_writer w = {.out = &buf};
 *	json_write_open(&w, NULL, '{');
 *	json_write_str(&w, "status", "RINGING");
 *	json_write_close(&w, '}');
 *
 * key: NULL for the outermost value and in arrays; ASCII without '"' and '\', written as it is.
 */
#pragma once

#include "core/buf.h"
#include "core/json.h"

#include <stdbool.h>
#include <stdint.h>

struct json_writer {
	struct buf *out;
	bool comma; /* a value stands before the next one */
};

void json_write_open(struct json_writer *writer, const char *key, char bracket);
void json_write_close(struct json_writer *writer, char bracket);

/* null when str is NULL or not UTF-8, as json_set_str() does. */
void json_write_str(struct json_writer *writer, const char *key, const char *str);
void json_write_int(struct json_writer *writer, const char *key, int64_t value);
void json_write_bool(struct json_writer *writer, const char *key, bool value);
/* null when it is NaN or infinite. */
void json_write_number(struct json_writer *writer, const char *key, double value);
/* An RFC 3339 time, or null when us is 0. */
void json_write_time(struct json_writer *writer, const char *key, int64_t us);
/* text: one JSON value, checked when it was stored; otherwise (a literal) when it is empty. */
void json_write_raw(struct json_writer *writer, const char *key, const char *text,
		    const char *otherwise);
void json_write_json(struct json_writer *writer, const char *key, const json_t *json);

/* What was written, for those who go on with it as json_t. A new reference; never NULL. */
json_t *json_written(const struct buf *text);
