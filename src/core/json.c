#include "core/json.h"

#include "core/mem.h"
#include "core/str.h"
#include "core/timestamp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MAX_DEPTH = 64 };

/* jansson recurses as deep as the text nests; look before it does. */
static bool too_deep(const char *text, size_t len)
{
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > MAX_DEPTH)
				return true;
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return false;
}

int json_parse(json_t **ret_json, const char *text, size_t len, char ret_error[JSON_ERROR_SIZE])
{
	json_error_t error;
	json_t *json;

	if (too_deep(text, len)) {
		if (ret_error)
			snprintf(ret_error, JSON_ERROR_SIZE, "nested more than %d deep", MAX_DEPTH);
		return -EBADMSG;
	}
	json = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!json) {
		if (ret_error)
			snprintf(ret_error, JSON_ERROR_SIZE, "line %d, column %d: %.100s",
				 error.line, error.column, error.text);
		return -EBADMSG;
	}
	*ret_json = json;
	return 0;
}

char *json_text(const json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);

	return text ? text : mem_strdup("null");
}

const char *json_get_str(const json_t *obj, const char *key, const char *otherwise)
{
	const json_t *value = json_object_get(obj, key);

	return json_is_string(value) ? json_string_value(value) : otherwise;
}

int64_t json_get_int(const json_t *obj, const char *key, int64_t otherwise)
{
	const json_t *value = json_object_get(obj, key);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

double json_get_number(const json_t *obj, const char *key, double otherwise)
{
	const json_t *value = json_object_get(obj, key);

	return json_is_number(value) ? json_number_value(value) : otherwise;
}

bool json_get_bool(const json_t *obj, const char *key, bool otherwise)
{
	const json_t *value = json_object_get(obj, key);

	return json_is_boolean(value) ? json_boolean_value(value) : otherwise;
}

void json_set_str(json_t *obj, const char *key, const char *str)
{
	json_t *value = str ? json_string(str) : NULL;

	json_object_set_new(obj, key, value ? value : json_null());
}

void json_set_int(json_t *obj, const char *key, int64_t value)
{
	json_object_set_new(obj, key, json_integer(value));
}

void json_set_bool(json_t *obj, const char *key, bool value)
{
	json_object_set_new(obj, key, json_boolean(value));
}

void json_set_number(json_t *obj, const char *key, double value)
{
	json_t *number = json_real(value);

	json_object_set_new(obj, key, number ? number : json_null());
}

void json_set_time(json_t *obj, const char *key, int64_t us)
{
	char text[TIMESTAMP_SIZE];

	if (!us) {
		json_object_set_new(obj, key, json_null());
		return;
	}
	timestamp_iso(text, us);
	json_set_str(obj, key, text);
}
