/*
 * Errors of the API, one row each: what a client can be told, and with which status (spec, appendix
 * B). The body is {"error":{"code":"invalid_field","message":"...","field":"limit"}}.
 */
#pragma once

#include <stddef.h>

struct http_request;
struct http_server;

/* API_ERROR(id, status, code, message): the message is used when the caller gives none. */
#define API_ERRORS(X)                                                                      \
	X(INVALID_FIELD, 400, "invalid_field", "A field has a value that is not allowed.") \
	X(MISSING_FIELD, 400, "missing_field", "A required field is missing.")             \
	X(UNKNOWN_FIELD, 400, "unknown_field", "There is no such field.")                  \
	X(INVALID_JSON, 400, "invalid_json", "The body is not valid JSON.")                \
	X(INVALID_FORM, 400, "invalid_form", "The body is not a valid form.")              \
	X(BAD_REQUEST, 400, "bad_request", "The request cannot be understood.")            \
	X(BAD_SIGNATURE, 403, "invalid_signature", "The signature is missing or wrong.")   \
	X(NOT_FOUND, 404, "not_found", "There is nothing at this address.")                \
	X(CALL_NOT_FOUND, 404, "call_not_found", "There is no call with this id.")         \
	X(NO_SUMMARY, 404, "summary_not_available", "The call has not been analysed yet.") \
	X(NO_RECORDING, 404, "recording_not_available", "The call has no recording.")      \
	X(METHOD, 405, "method_not_allowed", "This address does not take this method.")    \
	X(CALL_NOT_OVER, 409, "call_not_ended", "The call has not ended yet.")             \
	X(KEY_REUSED, 409, "idempotency_key_reused",                                       \
	  "The Idempotency-Key was used for a different request.")                         \
	X(TOO_LARGE, 413, "body_too_large", "The body is too large.")                      \
	X(INTERNAL, 500, "internal_error", "Something went wrong on our side.")            \
	X(UNAVAILABLE, 503, "unavailable", "The service cannot answer right now; try again.")

enum api_error {
#define API_ERROR(id_, status_, code_, message_) API_##id_,
	API_ERRORS(API_ERROR)
#undef API_ERROR
		API_ERROR_COUNT
};

/* Answer req with the error. field may be NULL; message (printf) NULL takes the row's. */
void api_fail(struct http_request *req, enum api_error error, const char *field,
	      const char *message, ...) __attribute__((format(printf, 4, 5)));

/* The same for a negative errno of the database: -EBUSY 503, -ENOENT CALL_NOT_FOUND, others 500.
 * Logs. */
void api_fail_errno(struct http_request *req, int err);

/* Make the server's own errors look like ours. */
void api_error_shape(struct http_server *server);
