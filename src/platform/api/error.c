#include "platform/api/error.h"

#include "core/buf.h"
#include "core/json.h"
#include "core/log.h"
#include "core/mem.h"
#include "http/http_server.h"
#include "platform/overload.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static const struct {
	int status;
	const char *code;
	const char *message;
} errors[] = {
#define API_ERROR(id_, status_, code_, message_) [API_##id_] = {status_, code_, message_},
	API_ERRORS(API_ERROR)
#undef API_ERROR
};

static const struct log log_api = {.service = "api"};

int api_error_status(enum api_error error)
{
	return errors[error].status;
}

const char *api_error_message(enum api_error error)
{
	return errors[error].message;
}

static void reply(struct http_request *req, int status, const char *code, const char *message,
		  const char *field)
{
	json_t *auto_json body = json_object();
	json_t *error = json_object();

	json_set_str(error, "code", code);
	json_set_str(error, "message", message);
	if (field)
		json_set_str(error, "field", field);
	json_object_set_new(body, "error", error);
	http_reply_json(req, status, body);
}

void api_fail(struct http_request *req, enum api_error error, const char *field,
	      const char *message, ...)
{
	char *auto_free text = NULL;
	va_list ap;

	if (message) {
		va_start(ap, message);
		text = mem_vprintf(message, ap);
		va_end(ap);
	}
	reply(req, errors[error].status, errors[error].code, text ? text : errors[error].message,
	      field);
}

static char *listed(const char *const *values, size_t count)
{
	struct buf text = {0};

	for (size_t i = 0; i < count; i++)
		buf_printf(&text, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " or ", values[i]);
	return buf_steal(&text);
}

void api_fail_choice(struct http_request *req, const char *field, const char *const *values,
		     size_t count)
{
	char *auto_free all = listed(values, count);

	api_fail(req, API_INVALID_FIELD, field, "%s must be %s.", field, all);
}

void api_fail_errno(struct http_request *req, int err)
{
	enum api_error error = API_INTERNAL;

	if (err == -ENOENT)
		error = API_CALL_NOT_FOUND;
	else if (err == -EBUSY || err == -EINPROGRESS)
		error = API_UNAVAILABLE;
	if (error != API_CALL_NOT_FOUND)
		LOG_ERROR(&log_api, "request_failed", LOG_ERR(err),
			  LOG_STR("route", http_request_route(req)));
	api_fail(req, error, NULL, NULL);
}

void api_fail_overloaded(struct http_request *req, const char *reason)
{
	char seconds[16];

	snprintf(seconds, sizeof(seconds), "%d", OVERLOAD_RETRY_S);
	http_reply_header(req, "Retry-After", seconds);
	api_fail(req, API_OVERLOADED, NULL, "There is too much to do right now (%s); try again.",
		 reason);
}

/* The server knows only a status; the row that has it knows the rest. */
static void on_server_error(struct http_request *req, int status, const char *message, void *arg)
{
	static const enum api_error known[] = {API_BAD_REQUEST, API_NOT_FOUND,         API_METHOD,
					       API_TOO_LARGE,   API_HEADERS_TOO_LARGE, API_INTERNAL,
					       API_UNAVAILABLE};
	const char *code = status < 500 ? "bad_request" : "internal_error";

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (errors[known[i]].status == status)
			code = errors[known[i]].code;
	reply(req, status, code, message, NULL);
}

void api_error_shape(struct http_server *server)
{
	http_server_error_shape(server, on_server_error, NULL);
}
