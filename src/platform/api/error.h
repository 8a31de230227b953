/*
 * Errors of the API, one row each: what a client can be told, and with which status (spec, appendix
 * B). The body is {"error":{"code":"invalid_field","message":"...","field":"limit"}}.
 */
#pragma once

#include <stddef.h>

struct http_request;
struct http_server;

/* API_ERROR(id, status, code, message): the message is used when the caller gives none. */
#define API_ERRORS(X)                                                                        \
	X(INVALID_FIELD, 400, "invalid_field", "A field has a value that is not allowed.")   \
	X(MISSING_FIELD, 400, "missing_field", "A required field is missing.")               \
	X(UNKNOWN_FIELD, 400, "unknown_field", "There is no such field.")                    \
	X(INVALID_JSON, 400, "invalid_json", "The body is not valid JSON.")                  \
	X(INVALID_FORM, 400, "invalid_form", "The body is not a valid form.")                \
	X(BAD_REQUEST, 400, "bad_request", "The request cannot be understood.")              \
	X(UNAUTHENTICATED, 401, "unauthenticated", "Sign in, or send an API key.")           \
	X(INVALID_CREDENTIALS, 401, "invalid_credentials", "Email or password is wrong.")    \
	X(SIGNED_OUT, 401, "signed_out", "The sign-in is over: sign in again.")              \
	X(FORBIDDEN, 403, "forbidden", "You are not permitted to do this.")                  \
	X(DESTINATION, 403, "destination_not_allowed", "Calls may not go there.")            \
	X(BAD_SIGNATURE, 403, "invalid_signature", "The signature is missing or wrong.")     \
	X(NOT_FOUND, 404, "not_found", "There is nothing at this address.")                  \
	X(CALL_NOT_FOUND, 404, "call_not_found", "There is no call with this id.")           \
	X(NO_SUMMARY, 404, "summary_not_available", "The call has not been analysed yet.")   \
	X(NO_RECORDING, 404, "recording_not_available", "The call has no recording.")        \
	X(AGENT_NOT_FOUND, 404, "agent_not_found", "There is no agent of that name.")        \
	X(VERSION_NOT_FOUND, 404, "version_not_found", "The agent has no such version.")     \
	X(VOICE_NOT_FOUND, 404, "voice_not_found", "There is no voice of that name.")        \
	X(WEBHOOK_NOT_FOUND, 404, "webhook_not_found", "There is no such webhook endpoint.") \
	X(LEAD_NOT_FOUND, 404, "lead_not_found", "There is no such lead.")                   \
	X(LEADS_OFF, 403, "leads_off", "Forms are not taken here.")                          \
	X(ORIGIN, 403, "origin_not_allowed", "Forms of this web site are not taken.")        \
	X(DELIVERY_NOT_FOUND, 404, "delivery_not_found", "There is no such delivery.")       \
	X(TOO_MANY_WEBHOOKS, 409, "too_many_webhooks",                                       \
	  "There are as many webhook endpoints as there may be.")                            \
	X(NUMBER_NOT_FOUND, 404, "number_not_found", "There is no such number of yours.")    \
	X(USER_NOT_FOUND, 404, "user_not_found", "There is no such user.")                   \
	X(SIGN_IN_NOT_FOUND, 404, "sign_in_not_found", "There is no such sign-in.")          \
	X(INVITATION_NOT_FOUND, 404, "invitation_not_found",                                 \
	  "There is no such invitation, or it was used, or it has run out.")                 \
	X(API_KEY_NOT_FOUND, 404, "api_key_not_found", "There is no such API key.")          \
	X(LINK_NOT_FOUND, 404, "link_not_found", "There is no such link to the call.")       \
	X(TENANT_NOT_FOUND, 404, "tenant_not_found", "There is no such tenant.")             \
	X(JOB_NOT_FOUND, 404, "job_not_found", "There is no dead job with this id.")         \
	X(METHOD, 405, "method_not_allowed", "This address does not take this method.")      \
	X(CALL_NOT_OVER, 409, "call_not_ended", "The call has not ended yet.")               \
	X(CALL_NOT_LIVE, 409, "call_not_live", "The call is not going on.")                  \
	X(KEY_REUSED, 409, "idempotency_key_reused",                                         \
	  "The Idempotency-Key was used for a different request.")                           \
	X(LAST_OWNER, 409, "last_owner", "A tenant has at least one active owner.")          \
	X(AGENT_EXISTS, 409, "agent_exists", "There is an agent of that name.")              \
	X(REVISION, 409, "revision_conflict", "Somebody else has changed it meanwhile.")     \
	X(NO_DRAFT, 409, "no_draft", "The agent has no draft to publish.")                   \
	X(IS_PUBLISHED, 409, "already_published", "That version is the published one.")      \
	X(CAP_REACHED, 429, "cap_reached", "What may be called or spent is used up.")        \
	X(RATE_LIMITED, 429, "rate_limited", "Too many requests; try again later.")          \
	X(QUIET_HOURS, 409, "quiet_hours", "No calls are placed at this time of the day.")   \
	X(NUMBER_TAKEN, 409, "number_taken", "The number belongs to somebody already.")      \
	X(AGENT_IN_USE, 409, "agent_in_use", "A phone number is assigned to the agent.")     \
	X(RECORDING_GONE, 410, "recording_gone",                                             \
	  "The file of the recording is not there any more.")                                \
	X(LINK_EXPIRED, 410, "link_expired", "The link has run out, or was taken back.")     \
	X(TOO_LARGE, 413, "body_too_large", "The body is too large.")                        \
	X(HEADERS_TOO_LARGE, 431, "headers_too_large",                                       \
	  "The headers of the request are too large, or too many.")                          \
	X(TOO_MANY_CALLS, 429, "too_many_calls",                                             \
	  "There are as many calls at once as there may be; try again.")                     \
	X(TOO_MANY_ATTEMPTS, 429, "too_many_attempts",                                       \
	  "Too many attempts have failed: try again later.")                                 \
	X(INTERNAL, 500, "internal_error", "Something went wrong on our side.")              \
	X(ENGINE, 502, "engine_error", "The engine did not do what it was asked.")           \
	X(CARRIER, 502, "carrier_error", "The carrier did not do what it was asked.")        \
	X(OVERLOADED, 503, "overloaded", "There is too much to do right now; try again.")    \
	X(RECORDING_ELSEWHERE, 503, "recording_elsewhere",                                   \
	  "The file of the recording is not on this pod; another one may have it.")          \
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

/* INVALID_FIELD: it must be one of values. */
void api_fail_choice(struct http_request *req, const char *field, const char *const *values,
		     size_t count);

int api_error_status(enum api_error error);
const char *api_error_message(enum api_error error);

/* OVERLOADED with Retry-After; reason is for the client to read. */
void api_fail_overloaded(struct http_request *req, const char *reason);

/* The same for a negative errno of the database: -EBUSY 503, -ENOENT CALL_NOT_FOUND, others 500.
 * Logs. */
void api_fail_errno(struct http_request *req, int err);

/* Make the server's own errors look like ours. */
void api_error_shape(struct http_server *server);
