#include "platform/api/body.h"

#include "core/str.h"
#include "core/timestamp.h"
#include "http/http_server.h"
#include "platform/api/error.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

json_t *body_json(struct http_request *req)
{
	const char *type = http_request_header(req, "content-type");
	char reason[JSON_ERROR_SIZE];
	json_t *body = NULL;
	size_t len;
	const char *text = http_request_body(req, &len);
	size_t name_len = type ? strcspn(type, "; \t") : 0;

	if (name_len != strlen("application/json") ||
	    strncasecmp(type, "application/json", name_len) != 0)
		api_fail(req, API_BAD_REQUEST, "Content-Type",
			 "Content-Type must be application/json.");
	else if (json_parse(&body, text, len, reason))
		api_fail(req, API_INVALID_JSON, NULL, "The body is not valid JSON: %s", reason);
	return body;
}

static bool is_known(const char *const *fields, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(fields[i], key))
			return true;
	return false;
}

json_t *body_object(struct http_request *req, const char *const *fields, size_t count,
		    bool optional)
{
	json_t *auto_json body = NULL;
	const char *key;
	json_t *value;
	size_t len;

	http_request_body(req, &len);
	if (!len && optional)
		return json_object();
	body = body_json(req);
	if (!body)
		return NULL;
	if (!json_is_object(body)) {
		api_fail(req, API_INVALID_JSON, NULL, "The body must be a JSON object.");
		return NULL;
	}
	json_object_foreach(body, key, value)
	{
		if (is_known(fields, count, key))
			continue;
		api_fail(req, API_UNKNOWN_FIELD, key, "There is no field \"%.64s\".", key);
		return NULL;
	}
	return json_incref(body);
}

bool body_text(struct http_request *req, const json_t *body, const char *field, size_t max,
	       const char **value)
{
	const json_t *text = json_object_get(body, field);

	if (!text || json_is_null(text))
		return true;
	if (!json_is_string(text) || !json_string_length(text) || json_string_length(text) > max) {
		api_fail(req, API_INVALID_FIELD, field, "%s must be a string of 1 to %zu bytes.",
			 field, max);
		return false;
	}
	*value = json_string_value(text);
	return true;
}

bool body_int(struct http_request *req, const json_t *body, const char *field, int64_t min,
	      int64_t max, int64_t *value)
{
	const json_t *number = json_object_get(body, field);

	if (!number || json_is_null(number))
		return true;
	if (!json_is_integer(number) || json_integer_value(number) < min ||
	    json_integer_value(number) > max) {
		api_fail(req, API_INVALID_FIELD, field,
			 "%s must be a whole number from %" PRId64 " to %" PRId64 ".", field, min,
			 max);
		return false;
	}
	*value = json_integer_value(number);
	return true;
}

bool body_choice(struct http_request *req, const json_t *body, const char *field,
		 const char *const *values, size_t count, const char **value)
{
	const json_t *text = json_object_get(body, field);

	if (!text || json_is_null(text))
		return true;
	for (size_t i = 0; i < count; i++) {
		if (!str_equal(json_string_value(text), values[i]))
			continue;
		*value = values[i];
		return true;
	}
	api_fail_choice(req, field, values, count);
	return false;
}

/* "Z", or an offset after the time of day. */
static bool has_offset(const char *text)
{
	const char *time = strpbrk(text, "Tt ");

	return time && strpbrk(time, "Zz+-");
}

bool body_time(struct http_request *req, const json_t *body, const char *field, int64_t *ret_us)
{
	const json_t *text = json_object_get(body, field);

	if (!text || json_is_null(text))
		return true;
	if (json_is_string(text) && has_offset(json_string_value(text)) &&
	    !timestamp_parse_iso(ret_us, json_string_value(text)))
		return true;
	api_fail(req, API_INVALID_FIELD, field,
		 "%s must be an RFC 3339 time with an offset, such as 2026-02-01T10:30:00+01:00.",
		 field);
	return false;
}
