#include "carrier/rest.h"

#include "carrier/call_leg_book.h"
#include "carrier/call_leg_json.h"
#include "carrier/carrier_priv.h"
#include "carrier/rest_form.h"
#include "core/buf.h"
#include "core/digest.h"
#include "core/encoding.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "http/form.h"
#include "http/http_server.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PAGE_SIZE = 50, MAX_PAGE_SIZE = 1000, DAY_US_S = 86400 };

static const struct {
	enum rest_code code;
	int status;
} statuses[] = {
	{REST_AUTHENTICATE, 401}, {REST_NOT_FOUND, 404}, {REST_METHOD, 405},
	{REST_TOO_MANY, 429},     {REST_SERVER, 500},
};

static int status_of(enum rest_code code)
{
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i].code == code)
			return statuses[i].status;
	return 400;
}

static void reply_error(struct http_request *req, int code, int status, const char *message)
{
	auto_free char *info = mem_printf("https://www.twilio.com/docs/errors/%d", code);
	auto_json json_t *json = json_object();

	json_set_int(json, "code", code);
	json_set_str(json, "message", message);
	json_set_str(json, "more_info", info);
	json_set_int(json, "status", status);
	http_reply_json(req, status, json);
}

void rest_error(struct http_request *req, enum rest_code code, const char *fmt, ...)
{
	auto_free char *message = NULL;
	va_list ap;

	va_start(ap, fmt);
	message = mem_vprintf(fmt, ap);
	va_end(ap);
	/* What a peer sent may not be UTF-8, and then could not be said in JSON. */
	reply_error(req, (int)code, status_of(code),
		    str_is_utf8(message, strlen(message)) ? message : "A parameter is not UTF-8");
}

bool rest_refuse(struct http_request *req, bool good, const struct rest_fault *fault)
{
	if (!good)
		rest_error(req, fault->code, "%s", fault->message);
	return !good;
}

/* Errors of the HTTP server itself, in this API's shape. */
static void on_http_error(struct http_request *req, int status, const char *message, void *arg)
{
	int code = status == 404   ? REST_NOT_FOUND
		   : status == 405 ? REST_METHOD
		   : status >= 500 ? REST_SERVER
				   : REST_INVALID_PARAMETER;

	if (status == 404) {
		auto_free char *text = mem_printf("The requested resource %s was not found",
						  http_request_path(req));

		reply_error(req, code, status, str_is_utf8(text, strlen(text)) ? text : message);
	} else {
		reply_error(req, code, status, message);
	}
}

static bool credentials_match(const struct carrier *carrier, const char *header)
{
	const struct settings *s = carrier->settings;
	auto_free char *expected = mem_printf("%s:%s", s->twilio_account_sid, s->twilio_auth_token);
	auto_buf struct buf given = {0};

	if (!header || strncasecmp(header, "Basic ", 6) != 0 || str_is_empty(s->twilio_auth_token))
		return false;
	header += 6 + strspn(header + 6, " ");
	if (base64_decode(&given, header, strlen(header)))
		return false;
	return digest_equal(buf_str(&given), given.len, expected, strlen(expected));
}

bool rest_admit(const struct carrier *carrier, struct http_request *req)
{
	char account[REST_NAME_SIZE];

	if (!credentials_match(carrier, http_request_header(req, "authorization"))) {
		http_reply_header(req, "WWW-Authenticate", "Basic realm=\"Twilio API\"");
		rest_error(req, REST_AUTHENTICATE, "Authenticate");
		return false;
	}
	rest_name(req, "account", account);
	if (!str_equal(account, carrier->settings->twilio_account_sid)) {
		rest_error(req, REST_NOT_FOUND, "The requested resource %s was not found",
			   http_request_path(req));
		return false;
	}
	return true;
}

void rest_name(const struct http_request *req, const char *name, char out[REST_NAME_SIZE])
{
	if (!str_copy(out, REST_NAME_SIZE, http_request_param(req, name)))
		*out = '\0';
	if (str_has_suffix(out, ".json"))
		out[strlen(out) - strlen(".json")] = '\0';
}

struct call_leg *rest_leg(struct carrier *carrier, struct http_request *req)
{
	struct call_leg *leg;
	char sid[REST_NAME_SIZE];

	if (!rest_admit(carrier, req))
		return NULL;
	rest_name(req, "call", sid);
	leg = call_leg_book_find(carrier->book, sid);
	if (!leg)
		rest_error(req, REST_NOT_FOUND, "The requested resource %.200s was not found",
			   http_request_path(req));
	return leg;
}

struct form *rest_form(struct http_request *req)
{
	struct form *form;
	size_t len;
	const char *body = http_request_body(req, &len);
	int err = form_parse(&form, body, len);

	if (!err)
		return form;
	rest_error(req, REST_INVALID_PARAMETER, "The body is not form data: %s",
		   err == -E2BIG ? "too many fields" : "bad encoding");
	return NULL;
}

/* ---- pages ---- */

static bool parse_number(int64_t *ret_value, struct http_request *req, const char *name,
			 int64_t min, int64_t max)
{
	const char *text = form_get(http_request_query(req), name);

	if (!text || !str_parse_int(ret_value, text, min, max))
		return true;
	rest_error(req, REST_INVALID_PARAMETER, "%s must be a number from %" PRId64 " to %" PRId64,
		   name, min, max);
	return false;
}

bool rest_page_parse(struct rest_page *ret_page, struct http_request *req)
{
	struct rest_page page = {.size = PAGE_SIZE};
	const char *token = form_get(http_request_query(req), "PageToken");
	char *end = NULL;

	if (!parse_number(&page.size, req, "PageSize", 1, MAX_PAGE_SIZE) ||
	    !parse_number(&page.number, req, "Page", 0, 1000000))
		return false;
	if (token && *token) {
		page.before = str_has_prefix(token, "PA") ? strtoull(token + 2, &end, 16) : 0;
		if (!page.before || !end || *end) {
			rest_error(req, REST_INVALID_PARAMETER, "PageToken is not valid");
			return false;
		}
	} else {
		page.skip = page.number * page.size;
	}
	*ret_page = page;
	return true;
}

/* The request's own URI with another page; every filter is kept. */
static char *page_uri(struct http_request *req, const struct rest_page *page, int64_t number,
		      uint64_t before)
{
	const struct form *query = http_request_query(req);
	auto_unref struct form *form = form_new();
	auto_buf struct buf uri = {0};
	char text[32];

	for (size_t i = 0; i < form_count(query); i++)
		if (!str_equal(form_name(query, i), "Page") &&
		    !str_equal(form_name(query, i), "PageSize") &&
		    !str_equal(form_name(query, i), "PageToken"))
			form_add(form, form_name(query, i), form_value(query, i));
	snprintf(text, sizeof(text), "%" PRId64, page->size);
	form_add(form, "PageSize", text);
	snprintf(text, sizeof(text), "%" PRId64, number);
	form_add(form, "Page", text);
	if (before) {
		snprintf(text, sizeof(text), "PA%016" PRIx64, before);
		form_add(form, "PageToken", text);
	}
	buf_printf(&uri, "%s?", http_request_path(req));
	form_encode(form, &uri);
	return buf_steal(&uri);
}

static void set_uri(json_t *json, const char *key, char *uri)
{
	json_set_str(json, key, uri);
	mem_free(uri);
}

void rest_page_reply(struct http_request *req, const struct rest_page *page, const char *key,
		     json_t *items, uint64_t next_before)
{
	auto_json json_t *json = json_object();
	int64_t start = page->number * page->size;
	int64_t count = (int64_t)json_array_size(items);

	json_object_set_new(json, key, items);
	json_set_int(json, "page", page->number);
	json_set_int(json, "page_size", page->size);
	json_set_int(json, "start", start);
	json_set_int(json, "end", count ? start + count - 1 : start);
	set_uri(json, "uri", page_uri(req, page, page->number, page->before));
	set_uri(json, "first_page_uri", page_uri(req, page, 0, 0));
	set_uri(json, "next_page_uri",
		next_before ? page_uri(req, page, page->number + 1, next_before) : NULL);
	set_uri(json, "previous_page_uri",
		page->number ? page_uri(req, page, page->number - 1, 0) : NULL);
	http_reply_json(req, 200, json);
}

int rest_time_range(int64_t *ret_from, int64_t *ret_to, const char *text)
{
	auto_free char *whole = NULL;
	int64_t from;

	if (strlen(text) == 10) {
		whole = mem_printf("%sT00:00:00Z", text);
		if (timestamp_parse_iso(&from, whole))
			return -EINVAL;
		*ret_from = from;
		*ret_to = from + (int64_t)DAY_US_S * 1000000;
		return 0;
	}
	if (timestamp_parse_iso(&from, text))
		return -EINVAL;
	*ret_from = from;
	*ret_to = from + 1000000;
	return 0;
}

/* ---- account ---- */

static void get_account(struct http_request *req, void *arg)
{
	struct carrier *carrier = arg;
	auto_json json_t *json = NULL;

	if (!rest_admit(carrier, req))
		return;
	json = account_json(carrier);
	http_reply_json(req, 200, json);
}

void rest_routes(struct carrier *carrier)
{
	http_server_error_shape(carrier->server, on_http_error, carrier);
	http_server_route(carrier->server, "GET", "/2010-04-01/Accounts/{account}", get_account,
			  carrier);
	rest_call_routes(carrier);
	rest_recording_routes(carrier);
	rest_stream_routes(carrier);
	rest_number_routes(carrier);
}
