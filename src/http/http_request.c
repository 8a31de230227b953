#include "core/clock.h"
#include "core/encoding.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "core/trace.h"
#include "http/form.h"
#include "http/http_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MAX_HEADER_VALUE = 4096,
	MAX_HEADERS = 64,
	MAX_HEADER_NAME = 64,
	MAX_EXTRA_HEAD = 8192,
	USUAL_HEAD = 512,
	MAX_TARGET = 8192,
};

static const struct {
	enum lws_token_indexes token;
	const char *name;
} methods[] = {
	{WSI_TOKEN_GET_URI, "GET"},         {WSI_TOKEN_HEAD_URI, "HEAD"},
	{WSI_TOKEN_POST_URI, "POST"},       {WSI_TOKEN_PUT_URI, "PUT"},
	{WSI_TOKEN_PATCH_URI, "PATCH"},     {WSI_TOKEN_DELETE_URI, "DELETE"},
	{WSI_TOKEN_OPTIONS_URI, "OPTIONS"},
};

/*
 * Read at once, in case the handler asks for them when the peer has gone, and because to look for
 * what is not there takes longest. Most have a token of the library, which finds them without a
 * search.
 */
static const struct {
	const char *name;
	enum lws_token_indexes token; /* WSI_TOKEN_COUNT when there is none */
} usual_headers[] = {
	{"host", WSI_TOKEN_HOST},
	{"origin", WSI_TOKEN_ORIGIN},
	{"authorization", WSI_TOKEN_HTTP_AUTHORIZATION},
	{"content-type", WSI_TOKEN_HTTP_CONTENT_TYPE},
	{"accept", WSI_TOKEN_HTTP_ACCEPT},
	{"user-agent", WSI_TOKEN_HTTP_USER_AGENT},
	{"x-forwarded-for", WSI_TOKEN_X_FORWARDED_FOR},
	{"x-forwarded-proto", WSI_TOKEN_COUNT},
	{"x-twilio-signature", WSI_TOKEN_COUNT},
	{"idempotency-key", WSI_TOKEN_COUNT},
	{"cookie", WSI_TOKEN_HTTP_COOKIE},
	{"range", WSI_TOKEN_HTTP_RANGE},
	{"if-none-match", WSI_TOKEN_HTTP_IF_NONE_MATCH},
	{"x-api-key", WSI_TOKEN_COUNT},
	{"forwarded", WSI_TOKEN_COUNT},
	{"traceparent", WSI_TOKEN_COUNT},
};

static const struct {
	int status;
	const char *text;
} phrases[] = {
	{200, "OK"},
	{201, "Created"},
	{202, "Accepted"},
	{204, "No Content"},
	{206, "Partial Content"},
	{301, "Moved Permanently"},
	{302, "Found"},
	{303, "See Other"},
	{304, "Not Modified"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{411, "Length Required"},
	{413, "Content Too Large"},
	{414, "URI Too Long"},
	{415, "Unsupported Media Type"},
	{416, "Range Not Satisfiable"},
	{421, "Misdirected Request"},
	{422, "Unprocessable Content"},
	{425, "Too Early"},
	{426, "Upgrade Required"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
};

static const char *phrase(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(phrases); i++)
		if (phrases[i].status == status)
			return phrases[i].text;
	return "Status";
}

static const struct log *request_log(const struct http_request *req)
{
	static struct log log;

	log.service = req->server && req->server->conf.service ? req->server->conf.service : "http";
	return &log;
}

static void request_destroy(void *data)
{
	struct http_request *req = data;

	if (!req->answered && req->conn) {
		LOG_ERROR(request_log(req), "request_not_answered", LOG_STR("method", req->method),
			  LOG_STR("route", http_request_route(req)));
		http_request_fail(req, 500, "internal error");
	}
	mem_unref(req->span);
	mem_free(req->path);
	mem_free(req->target);
	mem_unref(req->query);
	mem_unref(req->headers);
	mem_unref(req->params);
	mem_unref(req->context);
	buf_free(&req->body);
	buf_free(&req->extra_head);
}

/* ---- reading ---- */

/* One of libwebsockets' own header tokens; NULL when absent or too long. */
static char *copy_token(struct lws *wsi, enum lws_token_indexes token)
{
	int len = lws_hdr_total_length(wsi, token);
	char *text;

	if (len <= 0 || len > MAX_HEADER_VALUE)
		return NULL;
	text = mem_alloc((size_t)len + 2);
	if (lws_hdr_copy(wsi, text, len + 2, token) < 0)
		return mem_free(text);
	return text;
}

/* WSI_TOKEN_COUNT when the library has none for it. */
static enum lws_token_indexes token_of(const char *name)
{
	size_t len = strlen(name);

	for (int i = 0; i < WSI_TOKEN_COUNT; i++) {
		const char *known = (const char *)lws_token_to_string((enum lws_token_indexes)i);

		if (known && !strncmp(known, name, len) && str_equal(known + len, ":"))
			return (enum lws_token_indexes)i;
	}
	return WSI_TOKEN_COUNT;
}

static char *read_header(struct lws *wsi, const char *name, enum lws_token_indexes token)
{
	char key[MAX_HEADER_NAME + 2];
	size_t name_len = strlen(name);
	char *text;
	int len;

	if (token != WSI_TOKEN_COUNT)
		return copy_token(wsi, token);
	if (name_len + 1 >= sizeof(key))
		return NULL;
	memcpy(key, name, name_len);
	memcpy(key + name_len, ":", 2);
	len = lws_hdr_custom_length(wsi, key, (int)strlen(key));
	if (len < 0 || len > MAX_HEADER_VALUE)
		return NULL;
	text = mem_alloc((size_t)len + 1);
	if (len && lws_hdr_custom_copy(wsi, text, len + 1, key, (int)strlen(key)) < 0)
		return mem_free(text);
	return text;
}

/* The values libwebsockets leaves at a header's end. */
static void trim_end(char *text)
{
	size_t len = strlen(text);

	while (len && strchr(" \t\r", text[len - 1]))
		text[--len] = '\0';
}

static void keep_header(const struct http_request *req, const char *name,
			enum lws_token_indexes token)
{
	auto_free char *value = read_header(req->wsi, name, token);

	if (!value)
		return;
	trim_end(value);
	form_add(req->headers, name, value);
}

static bool is_usual(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(usual_headers); i++)
		if (str_equal(usual_headers[i].name, name))
			return true;
	return false;
}

const char *http_request_header(const struct http_request *req, const char *name)
{
	const char *value = form_get(req->headers, name);

	if (value || !req->wsi || is_usual(name))
		return value;
	keep_header(req, name, token_of(name));
	return form_get(req->headers, name);
}

void http_request_forget(struct http_request *req)
{
	req->wsi = NULL;
}

/* libwebsockets keeps paths and queries decoded only; this writes them encoded again. */
static void encode_again(struct buf *out, const char *text, const char *keep)
{
	percent_encode_but(out, text, strlen(text), keep);
}

static int read_path(struct http_request *req, enum lws_token_indexes token)
{
	char *path = copy_token(req->wsi, token);

	if (!path)
		return lws_hdr_total_length(req->wsi, token) > MAX_HEADER_VALUE ? 414 : 400;
	req->path = path;
	if (*path != '/' || !str_is_utf8(path, strlen(path)) ||
	    (int)strlen(path) != lws_hdr_total_length(req->wsi, token)) /* %00 */
		return 400;
	for (char *c = path; *c; c++) {
		/* It reads '+' as a space, which only a query may do; numbers are in paths. */
		if (*c == ' ')
			*c = '+';
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return 400;
	}
	return 0;
}

static int read_query(struct http_request *req, struct buf *target)
{
	char text[MAX_HEADER_VALUE + 1];

	for (int i = 0; lws_hdr_total_length(req->wsi, WSI_TOKEN_HTTP_URI_ARGS) > 0; i++) {
		int len = lws_hdr_copy_fragment(req->wsi, text, sizeof(text),
						WSI_TOKEN_HTTP_URI_ARGS, i);
		char *equals;

		if (len < 0)
			break;
		buf_append_char(target, i ? '&' : '?');
		if (!len)
			continue;
		text[len] = '\0';
		/* It ends a target that has nothing after the last '?' or '&' with a '/'. */
		if (str_equal(text, "/") &&
		    !lws_hdr_fragment_length(req->wsi, WSI_TOKEN_HTTP_URI_ARGS, i + 1))
			break;
		if (strlen(text) != (size_t)len) /* %00 */
			return 400;
		equals = strchr(text, '=');
		if (equals)
			*equals = '\0';
		if (form_count(req->query) >= 512)
			return 400;
		form_add(req->query, text, equals ? equals + 1 : "");
		encode_again(target, text, "-._~!$'()*,:@/?");
		if (equals) {
			buf_append_char(target, '=');
			encode_again(target, equals + 1, "-._~!$'()*,:@/?=");
		}
	}
	return 0;
}

static int read_target(struct http_request *req)
{
	auto_buf struct buf target = {0};
	int status = 501;

	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (lws_hdr_total_length(req->wsi, methods[i].token) > 0) {
			req->method = methods[i].name;
			status = read_path(req, methods[i].token);
			break;
		}
	req->head_only = str_equal(req->method, "HEAD");
	if (status)
		return status;
	/* It takes an encoded line end in a path for a real one, and then there is no version. */
	if (lws_hdr_total_length(req->wsi, WSI_TOKEN_HTTP) <= 0)
		return 400;
	encode_again(&target, req->path, "-._~!$&'()*+,;=:@/");
	status = read_query(req, &target);
	if (!status && target.len > MAX_TARGET)
		status = 414;
	if (!status)
		req->target = buf_steal(&target);
	return status;
}

static int read_length(struct http_request *req)
{
	auto_free char *length = copy_token(req->wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH);
	auto_free char *coding = copy_token(req->wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING);
	bool takes_body = str_equal(req->method, "POST") || str_equal(req->method, "PUT") ||
			  str_equal(req->method, "PATCH");
	int64_t want;

	if (lws_hdr_total_length(req->wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0) {
		if (length || !takes_body)
			return 400;
		if (!coding || !str_equal_nocase(coding, "chunked"))
			return 501;
		req->chunked = req->conn->body_unknown = true;
		req->body_want = req->server->conf.max_body_bytes;
		return 0;
	}
	if (!length) {
		/* Without a length there is no body (RFC 9112, 6.3); libwebsockets waits for one.
		 */
		req->conn->body_unknown = takes_body;
		return 0;
	}
	if (strspn(length, "0123456789") != strlen(length) ||
	    str_parse_int(&want, length, 0, INT64_MAX))
		return 400;
	if ((uint64_t)want > req->server->conf.max_body_bytes)
		return 413;
	req->body_want = (size_t)want;
	return 0;
}

static bool wants_keep_alive(struct lws *wsi)
{
	auto_free char *version = copy_token(wsi, WSI_TOKEN_HTTP);
	auto_free char *connection = copy_token(wsi, WSI_TOKEN_CONNECTION);

	return version && str_has_prefix(version, "HTTP/1.1") &&
	       !(connection && str_equal_nocase(connection, "close"));
}

static bool is_http_1_0(struct lws *wsi)
{
	auto_free char *version = copy_token(wsi, WSI_TOKEN_HTTP);

	return !version || !str_has_prefix(version, "HTTP/1.1");
}

/* Who asks, and how it came, as far as the proxies between are believed. */
static void read_client(struct http_request *req)
{
	const struct http_edge *edge = req->server->conf.edge;
	const struct ip *peer = &req->conn->peer;
	const char *proto = http_request_header(req, "x-forwarded-proto");

	req->client = *peer;
	req->tls = req->server->conf.tls;
	if (edge && http_edge_trusts(edge, peer)) {
		req->client =
			http_edge_client(edge, peer, http_request_header(req, "x-forwarded-for"));
		if (proto)
			req->tls =
				str_equal_nocase(proto, "https") || str_equal_nocase(proto, "wss");
	}
	if (ip_equal(&req->client, peer))
		memcpy(req->remote, req->conn->peer_text, sizeof(req->remote));
	else
		ip_text(req->remote, &req->client);
}

/*
 * Those the library has a name for, over and over. Of any others it only tells those one asks for;
 * it closes the connection when it has no room for them.
 */
static bool has_too_many_headers(struct lws *wsi)
{
	int count = 0;

	for (int token = 0; token < WSI_TOKEN_COUNT; token++)
		for (int i = 0; lws_hdr_fragment_length(wsi, (enum lws_token_indexes)token, i); i++)
			count++;
	return count > MAX_HEADERS;
}

int http_request_read(struct http_request **ret_req, struct http_conn *conn, struct lws *wsi)
{
	struct http_request *req = mem_new(sizeof(*req), request_destroy);
	int status;

	req->conn = conn;
	req->server = conn->server;
	req->wsi = wsi;
	req->method = "";
	req->query = form_new();
	req->headers = form_new();
	req->params = form_new();
	req->started_us = (uint64_t)clock_mono_us();
	conn->body_unknown = false;
	req->keep_alive = wants_keep_alive(wsi);
	req->is_http_1_0 = is_http_1_0(wsi);
	for (size_t i = 0; i < ARRAY_LEN(usual_headers); i++)
		keep_header(req, usual_headers[i].name, usual_headers[i].token);
	read_client(req);
	status = has_too_many_headers(wsi) ? 431 : read_target(req);
	if (!status)
		status = read_length(req);
	if (!req->path)
		req->path = mem_strdup("/");
	if (!req->target)
		req->target = mem_strdup(req->path);
	*ret_req = req;
	return status;
}

/* ---- what handlers ask ---- */

const char *http_request_method(const struct http_request *req)
{
	return req->method;
}

const char *http_request_path(const struct http_request *req)
{
	return req->path;
}

const char *http_request_target(const struct http_request *req)
{
	return req->target;
}

const char *http_request_remote(const struct http_request *req)
{
	return req->remote;
}

const struct ip *http_request_ip(const struct http_request *req)
{
	return &req->client;
}

bool http_request_is_tls(const struct http_request *req)
{
	return req->tls;
}

const char *http_request_route(const struct http_request *req)
{
	return req->route ? req->route->pattern : "";
}

const char *http_request_param(const struct http_request *req, const char *name)
{
	return form_get(req->params, name);
}

const struct form *http_request_query(const struct http_request *req)
{
	return req->query;
}

void http_request_set_context(struct http_request *req, void *context)
{
	mem_unref(req->context);
	req->context = context;
}

void *http_request_context(const struct http_request *req)
{
	return req->context;
}

const char *http_request_body(const struct http_request *req, size_t *ret_len)
{
	if (ret_len)
		*ret_len = req->body.len;
	return buf_str(&req->body);
}

/* ---- answering ---- */

static bool is_token(const char *name)
{
	return *name && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789-_") == strlen(name);
}

void http_reply_header(struct http_request *req, const char *name, const char *value)
{
	if (!is_token(name) || strpbrk(value, "\r\n") ||
	    req->extra_head.len + strlen(name) + strlen(value) > MAX_EXTRA_HEAD)
		return;
	http_head_append(&req->extra_head, name, value);
}

static void count(const struct http_request *req, int status)
{
	static const char *const classes[] = {"0xx", "1xx", "2xx", "3xx", "4xx", "5xx"};
	const char *label = req->route ? req->route->pattern : "unknown";
	double took_s = (double)((uint64_t)clock_mono_us() - req->started_us) / 1e6;

	metric_observe(METRIC_API_DURATION, "", took_s);
	metric_observe(METRIC_API_ENDPOINT_DURATION, label, took_s);
	metric_add(METRIC_HTTP_RESPONSE, classes[status / 100 % ARRAY_LEN(classes)], 1);
	if (status >= 400)
		metric_add(METRIC_API_ERROR, label, 1);
}

/* What only says that we are well, again and again, is not worth a trace. */
static bool is_traced(const struct http_request *req)
{
	static const char *const quiet[] = {"/health", "/ready", "/metrics"};

	for (size_t i = 0; i < ARRAY_LEN(quiet); i++)
		if (str_equal(req->route->pattern, quiet[i]))
			return false;
	return true;
}

void http_request_trace(struct http_request *req)
{
	struct trace_context parent;
	bool remote;
	char name[160];

	if (!trace_is_on() || !is_traced(req))
		return;
	remote = !traceparent_parse(&parent, http_request_header(req, "traceparent"));
	snprintf(name, sizeof(name), "%s %s", req->method, req->route->pattern);
	req->span = span_root(name, SPAN_SERVER, remote ? &parent : NULL, remote);
	span_str(req->span, "http.request.method", req->method);
	span_str(req->span, "http.route", req->route->pattern);
	span_str(req->span, "voiceai.server", req->server->conf.service);
}

static void end_span(struct http_request *req, int status)
{
	span_int(req->span, "http.response.status_code", status);
	if (status >= 500)
		span_fail(req->span, phrase(status));
	req->span = span_end(req->span);
}

#define UNKNOWN_LENGTH UINT64_MAX

void http_head_append(struct buf *out, const char *name, const char *value)
{
	buf_append_str(out, name);
	buf_append(out, ": ", 2);
	buf_append_str(out, value);
	buf_append(out, "\r\n", 2);
}

static void append_head(struct buf *out, struct http_request *req, int status,
			const char *content_type, uint64_t len)
{
	bool has_length = status != 204 && status != 304;
	char number[STR_INT_SIZE];

	buf_append_str(out, "HTTP/1.1 ");
	buf_append_int(out, status);
	buf_append_char(out, ' ');
	buf_append_str(out, phrase(status));
	buf_append(out, "\r\n", 2);
	if (content_type && !strpbrk(content_type, "\r\n"))
		http_head_append(out, "Content-Type", content_type);
	if (has_length && len == UNKNOWN_LENGTH && !req->is_http_1_0) {
		http_head_append(out, "Transfer-Encoding", "chunked");
	} else if (has_length && len != UNKNOWN_LENGTH) {
		str_from_int(number, (int64_t)len);
		http_head_append(out, "Content-Length", number);
	}
	buf_append_str(out, "X-Content-Type-Options: nosniff\r\n");
	if (req->server->conf.edge)
		http_edge_append_headers(req->server->conf.edge, req, out);
	if (!req->keep_alive || req->conn->body_unknown)
		buf_append_str(out, "Connection: close\r\n");
	if (req->extra_head.len)
		buf_append(out, req->extra_head.data, req->extra_head.len);
	buf_append_str(out, "\r\n");
}

/* True when the answer can be sent; the caller then sends it. */
static bool begin_answer(struct http_request *req, int status)
{
	if (req->answered) {
		LOG_ERROR(request_log(req), "request_answered_twice", LOG_INT("status", status),
			  LOG_STR("route", http_request_route(req)));
		return false;
	}
	req->answered = true;
	count(req, status);
	end_span(req, status);
	return req->conn;
}

static void end_answer(struct http_request *req, struct buf *out, int fd, struct http_body *body,
		       uint64_t file_len)
{
	struct http_conn *conn = req->conn;
	struct http_answer answer = {
		.len = out->len - LWS_PRE,
		.fd = fd,
		.body = body,
		.file_left = file_len,
		.close = !req->keep_alive,
	};

	answer.data = (uint8_t *)buf_steal(out);
	http_request_forget(req);
	req->conn = NULL;
	req->server = NULL;
	http_conn_answer(conn, &answer);
}

void http_reply(struct http_request *req, int status, const char *content_type, const void *body,
		size_t len)
{
	static const char room[LWS_PRE];
	auto_buf struct buf out = {0};

	if (!begin_answer(req, status))
		return;
	buf_reserve(&out, sizeof(room) + USUAL_HEAD + len);
	buf_append(&out, room, sizeof(room));
	append_head(&out, req, status, content_type, len);
	if (!req->head_only && len && status != 204 && status != 304)
		buf_append(&out, body, len);
	end_answer(req, &out, -1, NULL, 0);
}

void http_reply_json(struct http_request *req, int status, const json_t *json)
{
	auto_free char *text = json_text(json);

	http_reply(req, status, "application/json", text, strlen(text));
}

static const char *error_code(int status)
{
	switch (status) {
	case 400:
		return "bad_request";
	case 401:
		return "unauthorized";
	case 403:
		return "forbidden";
	case 404:
		return "not_found";
	case 405:
		return "method_not_allowed";
	case 408:
		return "timeout";
	case 411:
		return "length_required";
	case 413:
		return "body_too_large";
	case 414:
		return "uri_too_long";
	case 421:
		return "misdirected";
	case 431:
		return "headers_too_large";
	case 503:
		return "unavailable";
	default:
		return status < 500 ? "refused" : "internal_error";
	}
}

void http_request_fail(struct http_request *req, int status, const char *message)
{
	auto_json json_t *body = NULL;

	if (req->server && req->server->errorh) {
		req->server->errorh(req, status, message, req->server->error_arg);
		if (req->answered)
			return;
	}
	body = json_pack("{s:{s:s,s:s}}", "error", "code", error_code(status), "message", message);
	http_reply_json(req, status, body);
}

/* ---- files ---- */

struct range {
	uint64_t first;
	uint64_t len;
};

enum range_kind { RANGE_NONE, RANGE_ONE, RANGE_BAD };

/* A single "bytes=" range; anything else is ignored, as RFC 9110, 14.2 allows. */
static enum range_kind parse_range(struct range *ret_range, const char *text, uint64_t size)
{
	unsigned long long first, last;
	const char *dash;
	char *end;

	if (!text || !str_has_prefix(text, "bytes=") || strchr(text, ','))
		return RANGE_NONE;
	text += 6;
	dash = strchr(text, '-');
	if (!dash || strspn(text, "0123456789-") != strlen(text) || strchr(dash + 1, '-'))
		return RANGE_NONE;
	last = strtoull(dash + 1, &end, 10);
	if (dash == text) { /* the last so many bytes */
		if (!dash[1] || !last || !size)
			return dash[1] ? RANGE_BAD : RANGE_NONE;
		ret_range->len = last < size ? last : size;
		ret_range->first = size - ret_range->len;
		return RANGE_ONE;
	}
	first = strtoull(text, &end, 10);
	if (!dash[1] || last >= size)
		last = size ? size - 1 : 0;
	if (first >= size)
		return RANGE_BAD;
	if (last < first)
		return RANGE_NONE;
	*ret_range = (struct range){first, last - first + 1};
	return RANGE_ONE;
}

static int open_file(int *ret_fd, uint64_t *ret_size, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EISDIR;
	}
	*ret_fd = fd;
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

/* What of size bytes is asked for, with the headers that say so. False: answered 416. */
static bool take_range(struct http_request *req, uint64_t size, struct range *range, int *status)
{
	char content_range[80];

	*range = (struct range){0, size};
	*status = 200;
	http_reply_header(req, "Accept-Ranges", "bytes");
	switch (parse_range(range, http_request_header(req, "range"), size)) {
	case RANGE_BAD:
		snprintf(content_range, sizeof(content_range), "bytes */%llu",
			 (unsigned long long)size);
		http_reply_header(req, "Content-Range", content_range);
		http_request_fail(req, 416, "range not satisfiable");
		return false;
	case RANGE_ONE:
		*status = 206;
		snprintf(content_range, sizeof(content_range), "bytes %llu-%llu/%llu",
			 (unsigned long long)range->first,
			 (unsigned long long)(range->first + range->len - 1),
			 (unsigned long long)size);
		http_reply_header(req, "Content-Range", content_range);
		break;
	case RANGE_NONE:
		break;
	}
	return true;
}

static void reply_open_file(struct http_request *req, int fd, uint64_t size,
			    const char *content_type)
{
	static const char room[LWS_PRE];
	auto_buf struct buf out = {0};
	struct range range;
	int status;

	if (!take_range(req, size, &range, &status) || !begin_answer(req, status)) {
		close(fd);
		return;
	}
	buf_append(&out, room, sizeof(room));
	append_head(&out, req, status, content_type, range.len);
	if (req->head_only || !range.len || lseek(fd, (off_t)range.first, SEEK_SET) < 0) {
		close(fd);
		fd = -1;
	}
	end_answer(req, &out, fd, NULL, range.len);
}

int http_reply_file(struct http_request *req, const char *path, const char *content_type)
{
	uint64_t size = 0;
	int fd = -1, err = open_file(&fd, &size, path);

	if (err)
		return err;
	reply_open_file(req, fd, size, content_type);
	return 0;
}

/* ---- bodies made while they are sent ---- */

static void body_destroy(void *data)
{
	struct http_body *body = data;

	buf_free(&body->ready);
	mem_unref(body->arg);
}

void http_reply_body(struct http_request *req, uint64_t size, const char *content_type,
		     http_more_h *moreh, void *arg)
{
	static const char room[LWS_PRE];
	auto_buf struct buf out = {0};
	struct http_body *body = NULL;
	struct range range;
	int status;

	if (!take_range(req, size, &range, &status) || !begin_answer(req, status)) {
		mem_unref(arg);
		return;
	}
	buf_append(&out, room, sizeof(room));
	append_head(&out, req, status, content_type, range.len);
	if (req->head_only || !range.len) {
		mem_unref(arg);
	} else {
		body = mem_new(sizeof(*body), body_destroy);
		body->conn = req->conn;
		body->moreh = moreh;
		body->arg = arg;
		body->offset = range.first;
		body->left = range.len;
	}
	end_answer(req, &out, -1, body, range.len);
}

/* The peer of HTTP/1.0 knows the end by the connection's. */
void http_reply_stream(struct http_request *req, const char *content_type, http_more_h *moreh,
		       void *arg)
{
	static const char room[LWS_PRE];
	auto_buf struct buf out = {0};
	struct http_body *body = NULL;

	if (!begin_answer(req, 200)) {
		mem_unref(arg);
		return;
	}
	if (req->is_http_1_0)
		req->keep_alive = false;
	buf_append(&out, room, sizeof(room));
	append_head(&out, req, 200, content_type, UNKNOWN_LENGTH);
	if (req->head_only) {
		mem_unref(arg);
	} else {
		body = mem_new(sizeof(*body), body_destroy);
		body->conn = req->conn;
		body->moreh = moreh;
		body->arg = arg;
		body->left = UNKNOWN_LENGTH;
		body->endless = true;
		body->chunked = !req->is_http_1_0;
	}
	end_answer(req, &out, -1, body, 0);
}

void http_body_end(struct http_body *body)
{
	if (!body->asking || !body->endless) {
		http_body_fail(body);
		return;
	}
	body->asking = false;
	body->sent = 0;
	body->left = 0;
	buf_clear(&body->ready);
	if (body->chunked)
		buf_append_str(&body->ready, "0\r\n\r\n");
	http_conn_wake(body->conn);
}

void http_body_give(struct http_body *body, const void *data, size_t len)
{
	if (!body->asking || !len || len > body->left) {
		http_body_fail(body);
		return;
	}
	body->asking = false;
	body->sent = 0;
	buf_clear(&body->ready);
	if (body->chunked)
		buf_printf(&body->ready, "%zx\r\n", len);
	buf_append(&body->ready, data, len);
	if (body->chunked)
		buf_append_str(&body->ready, "\r\n");
	body->offset += len;
	body->left -= len;
	http_conn_wake(body->conn);
}

void http_body_fail(struct http_body *body)
{
	body->failed = true;
	http_conn_wake(body->conn);
}
