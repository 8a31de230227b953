#include "engine/schema.h"

#include "core/mem.h"
#include "core/str.h"
#include "core/uuid.h"
#include "engine/duration.h"
#include "http/http_url.h"

#include <stdio.h>
#include <string.h>

enum { MAX_STR = 100000, MAX_LIST = 1000 };

void schema_error(json_t *errors, const char *field, const char *message)
{
	json_t *list = json_object_get(errors, field);

	if (!json_is_array(list)) {
		list = json_array();
		json_object_set_new(errors, field, list);
	}
	json_array_append_new(list, json_string(message));
}

static bool is_one_of(const char *values, const char *text)
{
	size_t len = strlen(text);

	for (const char *pos = values; pos; pos = strchr(pos, '|')) {
		if (*pos == '|')
			pos++;
		if (strncmp(pos, text, len) == 0 && (pos[len] == '|' || pos[len] == '\0'))
			return len > 0;
	}
	return false;
}

static const char *check_str(const struct schema_field *field, const json_t *value, char *out)
{
	size_t len, max = field->max > 0 ? (size_t)field->max : MAX_STR;

	if (!json_is_string(value))
		return "Not a valid string.";
	len = json_string_length(value);
	if (len > max) {
		snprintf(out, 160, "Ensure this field has no more than %zu characters.", max);
		return out;
	}
	if (len < (size_t)field->min) {
		snprintf(out, 160, "Ensure this field has at least %.0f characters.", field->min);
		return out;
	}
	return NULL;
}

static const char *check_range(const struct schema_field *field, double number, const char *unit,
			       char *out)
{
	if ((field->min == 0 && field->max == 0) || (number >= field->min && number <= field->max))
		return NULL;
	snprintf(out, 160, "Ensure this value is between %g%s and %g%s.", field->min, unit,
		 field->max, unit);
	return out;
}

static const char *check_duration(const struct schema_field *field, const json_t *value, char *out)
{
	int64_t us;

	if (!json_is_string(value) || duration_parse(&us, json_string_value(value)) != 0)
		return "Not a valid duration: decimal seconds with the suffix s, such as \"30s\".";
	return check_range(field, (double)us / 1e6, "s", out);
}

static const char *check_url(const struct schema_field *field, const json_t *value, char *out)
{
	struct http_url url;

	if (!json_is_string(value) || http_url_parse(&url, json_string_value(value)) != 0)
		return "Enter a valid URL.";
	if (!is_one_of(field->values, url.scheme)) {
		snprintf(out, 160, "The URL's scheme must be one of: %s.", field->values);
		return out;
	}
	return check_str(field, value, out);
}

static const char *check_enum(const struct schema_field *field, const json_t *value, char *out)
{
	if (json_is_string(value) && is_one_of(field->values, json_string_value(value)))
		return NULL;
	snprintf(out, 160, "Not a valid choice. Must be one of: %s.", field->values);
	return out;
}

static const char *check_str_list(const struct schema_field *field, const json_t *value, char *out)
{
	size_t i;
	json_t *entry;

	if (!json_is_array(value))
		return "Expected a list of items.";
	if (json_array_size(value) > 100)
		return "Ensure this field has no more than 100 elements.";
	json_array_foreach(value, i, entry)
	{
		const char *wrong = field->values ? check_enum(field, entry, out)
						  : check_str(field, entry, out);

		if (wrong)
			return wrong;
	}
	return NULL;
}

static const char *check_str_map(const json_t *value)
{
	const char *key;
	json_t *entry;

	if (!json_is_object(value))
		return "Expected an object.";
	if (json_object_size(value) > 200)
		return "Ensure this field has no more than 200 entries.";
	json_object_foreach((json_t *)value, key, entry)
	{
		if (!json_is_string(entry))
			return "All values must be strings.";
	}
	return NULL;
}

static const char *check_list(const struct schema_field *field, const json_t *value, char *out,
			      json_t *nested)
{
	size_t i, max = field->max > 0 ? (size_t)field->max : MAX_LIST;
	json_t *entry;

	if (!json_is_array(value))
		return "Expected a list of items.";
	if (json_array_size(value) > max) {
		snprintf(out, 160, "Ensure this field has no more than %zu elements.", max);
		return out;
	}
	json_array_foreach(value, i, entry)
	{
		if (!json_is_object(entry))
			return "Expected a list of objects.";
		if (field->fields && !schema_check(field->fields, entry, nested))
			return NULL;
	}
	return NULL;
}

static const char *check_value(const struct schema_field *field, const json_t *value, char *out,
			       json_t *nested)
{
	switch (field->type) {
	case SCHEMA_STR:
		return check_str(field, value, out);
	case SCHEMA_NUMBER:
		return json_is_number(value) ? check_range(field, json_number_value(value), "", out)
					     : "A valid number is required.";
	case SCHEMA_INT:
		return json_is_integer(value)
			       ? check_range(field, (double)json_integer_value(value), "", out)
			       : "A valid integer is required.";
	case SCHEMA_BOOL:
		return json_is_boolean(value) ? NULL : "Must be a valid boolean.";
	case SCHEMA_DURATION:
		return check_duration(field, value, out);
	case SCHEMA_ENUM:
		return check_enum(field, value, out);
	case SCHEMA_URL:
		return check_url(field, value, out);
	case SCHEMA_UUID:
		return json_is_string(value) && uuid_is_valid(json_string_value(value))
			       ? NULL
			       : "Must be a valid UUID.";
	case SCHEMA_OBJECT:
		if (!json_is_object(value))
			return "Expected an object.";
		if (field->fields)
			schema_check(field->fields, value, nested);
		return NULL;
	case SCHEMA_LIST:
		return check_list(field, value, out, nested);
	case SCHEMA_STR_LIST:
		return check_str_list(field, value, out);
	case SCHEMA_STR_MAP:
		return check_str_map(value);
	}
	return NULL;
}

bool schema_check(const struct schema_field *fields, const json_t *json, json_t *errors)
{
	bool good = true;

	for (const struct schema_field *field = fields; field->name; field++) {
		const json_t *value = json_object_get(json, field->name);
		auto_json json_t *nested = json_object();
		char out[160];
		const char *wrong = NULL;

		if (value && !json_is_null(value))
			wrong = check_value(field, value, out, nested);
		else if (field->required)
			wrong = "This field is required.";
		if (wrong)
			schema_error(errors, field->name, wrong);
		else if (json_object_size(nested) > 0)
			json_object_set(errors, field->name, nested);
		good = good && !wrong && json_object_size(nested) == 0;
	}
	return good;
}
