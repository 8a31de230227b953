/* The JSON body of a request, checked; each answers 400 and says so when it is not as it must be.
 */
#pragma once

#include "core/json.h"

#include <stddef.h>

struct http_request;

/* Any JSON value; the Content-Type must be application/json. NULL: answered. A new reference. */
json_t *body_json(struct http_request *req);

/* An object that has none but these fields; optional: no body is an empty object. */
json_t *body_object(struct http_request *req, const char *const *fields, size_t count,
		    bool optional);

/* The field as text of 1 to max bytes; left alone when it is absent or null. False: answered. */
bool body_text(struct http_request *req, const json_t *body, const char *field, size_t max,
	       const char **value);
bool body_int(struct http_request *req, const json_t *body, const char *field, int64_t min,
	      int64_t max, int64_t *value);
/* The field as one of values, which are static; left alone when it is absent or null. */
bool body_choice(struct http_request *req, const json_t *body, const char *field,
		 const char *const *values, size_t count, const char **value);
/* An RFC 3339 time with an offset or Z; UTC microseconds. */
bool body_time(struct http_request *req, const json_t *body, const char *field, int64_t *ret_us);
