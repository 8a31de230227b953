/*
 * http/: the doors to libwebsockets (server and WebSocket, here and ws.h) and libcurl
 * (http_client.h), with URLs, forms and chunks, the parsers they share. Inside, http_priv.h says
 * how a server, its connections and its requests hang together.
 *
 * HTTP/1.1 and WebSocket server over libwebsockets, on the loop's thread.
 *
 * A request reaches its handler once its body is complete. The handler answers now, or keeps the
 * request with mem_ref() and answers later; a request released by everybody without an answer is
 * answered 500 and logged. Answering a peer that has gone is harmless.
 */
#pragma once

#include "core/json.h"
#include "http/ws.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct form;
struct http_edge;
struct http_request;
struct http_server;
struct http_tls;
struct ip;
struct loop;

struct http_server_conf {
	const char *service;      /* for logs; static */
	const char *bind_address; /* NULL means 127.0.0.1 */
	uint16_t port;            /* 0: any free port, see http_server_port() */
	size_t max_body_bytes;    /* 0 means 1 MiB; more is answered 413 */
	/*
	 * Slow peers are closed: from the connection to the end of the first request's headers
	 * (0 means 10), for a whole body (408; 0 means 60), and without anything happening (0
	 * means 75). An answer must be read at a KiB a second at least, after that last time.
	 */
	uint32_t header_timeout_s;
	uint32_t body_timeout_s;
	uint32_t idle_timeout_s;
	struct http_tls *tls;   /* TLS and nothing else; NULL: plain. Referenced, for one server */
	struct http_edge *edge; /* NULL: everybody is welcome. Referenced */
};

typedef void http_request_h(struct http_request *req, void *arg);

/*
 * A WebSocket handshake. Return 0 after filling *ret_handlers (and *ret_arg) to accept; return an
 * HTTP status (401, 403, 404...) to refuse with it. ws is given to handlers->openh.
 */
typedef int http_upgrade_h(struct http_request *req, struct ws_handlers *ret_handlers,
			   void **ret_arg, void *arg);

/* ret_server: owned by the caller; mem_unref() closes every connection. Returns 0, -EADDRINUSE...
 */
int http_server_new(struct http_server **ret_server, struct loop *loop,
		    const struct http_server_conf *conf);
uint16_t http_server_port(const struct http_server *server);

/*
 * Add a route. pattern is a path whose segments may be "{name}"; the longest literal match wins, so
 * "/calls/active/list" goes before "/calls/{id}/end". A path that matches under another method only
 * is answered 405 with Allow; an unknown path 404; both in the shape set by
 * http_server_error_shape(). Strings are static. name labels the route in metrics.
 */
void http_server_route(struct http_server *server, const char *method, const char *pattern,
		       http_request_h *requesth, void *arg);
void http_server_ws_route(struct http_server *server, const char *pattern, http_upgrade_h *upgradeh,
			  void *arg);

/*
 * The same for a route that judges by itself which pages of other origins may use it: requests
 * reach requesth whatever their Origin is, and preflight requests about it (CORS) reach preflighth;
 * both add the headers that answer an origin, with http_reply_origin().
 */
void http_server_open_route(struct http_server *server, const char *method, const char *pattern,
			    http_request_h *requesth, http_request_h *preflighth, void *arg);

/*
 * Asked of every request before its route is looked for, WebSocket handshakes among them. False:
 * it has been answered. One a server.
 */
typedef bool http_gate_h(struct http_request *req, void *arg);
void http_server_gate(struct http_server *server, http_gate_h *gateh, void *arg);

/* How the server's own errors (404, 405, 413, 500) look. The default is
 * {"error":{"code","message"}}. */
typedef void http_error_h(struct http_request *req, int status, const char *message, void *arg);
void http_server_error_shape(struct http_server *server, http_error_h *errorh, void *arg);

/* Every route there is, in the order they were added; method is "GET" for a WebSocket route. */
typedef void http_route_h(const char *method, const char *pattern, bool websocket, void *arg);
void http_server_each_route(const struct http_server *server, http_route_h *routeh, void *arg);

/* Stop accepting; open requests and sockets go on. For draining. */
void http_server_stop_listening(struct http_server *server);

const char *http_request_method(const struct http_request *req);
/*
 * Decoded, "." and ".." segments and doubled slashes resolved, without query. UTF-8 without control
 * characters. A space, which libwebsockets does not tell from '+', comes as '+'.
 */
const char *http_request_path(const struct http_request *req);
/*
 * Path and query as sent, up to how they are encoded: what needs no encoding has none, a space in
 * the query is %20. For signatures over our own URLs, which hold nothing that is ambiguous.
 */
const char *http_request_target(const struct http_request *req);
/* The client's IP address: the peer's, or behind a trusted proxy the one it names. */
const char *http_request_remote(const struct http_request *req);
const struct ip *http_request_ip(const struct http_request *req);
/* The client came over TLS, to this server or to a trusted proxy before it. */
bool http_request_is_tls(const struct http_request *req);
const char *
http_request_route(const struct http_request *req); /* the pattern that matched, or "" */
/* Header by lower-case name; NULL when absent. Any header the peer sent, up to 4 KiB a value. */
const char *http_request_header(const struct http_request *req, const char *name);
/* Value of "{name}" in the pattern, decoded; never NULL for a name in the pattern. */
const char *http_request_param(const struct http_request *req, const char *name);
/* The query string, parsed; never NULL. */
const struct form *http_request_query(const struct http_request *req);
/*
 * An object (mem.h) that goes with the request, such as who asks: the request takes over the
 * caller's reference and drops it at its own end. NULL until set.
 */
void http_request_set_context(struct http_request *req, void *context);
void *http_request_context(const struct http_request *req);
const char *http_request_body(const struct http_request *req, size_t *ret_len);

/* Extra response header; before http_reply(). CR and LF in value are refused (dropped). */
void http_reply_header(struct http_request *req, const char *name, const char *value);
/* Pages of the request's Origin may read the answer. */
void http_reply_origin(struct http_request *req);
/* Answer a preflight request: that origin may send that method, and Content-Type with it. */
void http_reply_preflight(struct http_request *req, const char *method);
/* Answer once; the second answer is ignored and logged. body is copied; content_type may be NULL.
 */
void http_reply(struct http_request *req, int status, const char *content_type, const void *body,
		size_t len);
void http_reply_json(struct http_request *req, int status, const json_t *json);
/*
 * Answer with a file, byte ranges honoured (RFC 9110, 14). Returns 0 or a negative errno when the
 * file cannot be opened, and then nothing was answered.
 */
int http_reply_file(struct http_request *req, const char *path, const char *content_type);

/*
 * Answer with size bytes that are made while they are sent, byte ranges honoured; memory holds a
 * piece of them. moreh asks for len bytes from offset, one piece at a time; http_body_give() with 1
 * to len of them goes on, now or later. When they cannot be had, http_body_fail() ends the
 * connection, so that the peer sees a body that is too short. arg is an object whose reference is
 * taken over: it is dropped after the last piece or when the peer has gone, and body must not be
 * used from then on.
 */
enum { HTTP_BODY_PIECE = 256 * 1024 };
struct http_body;
typedef void http_more_h(struct http_body *body, uint64_t offset, size_t len, void *arg);
void http_reply_body(struct http_request *req, uint64_t size, const char *content_type,
		     http_more_h *moreh, void *arg);
void http_body_give(struct http_body *body, const void *data, size_t len);
void http_body_fail(struct http_body *body);

/*
 * The same for a body whose length nobody knows yet: pieces of any length are given, and
 * http_body_end() says that the one before was the last (instead of giving another). offset is what
 * was given so far. Chunked; to a peer of HTTP/1.0, up to the end of the connection.
 */
void http_reply_stream(struct http_request *req, const char *content_type, http_more_h *moreh,
		       void *arg);
void http_body_end(struct http_body *body);
