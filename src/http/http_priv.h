/*
 * What http_server.c (listening, routes), http_conn.c (a connection's life in the library) and
 * http_request.c (the request and its answer) share.
 */
#pragma once

#include "core/buf.h"
#include "core/list.h"
#include "http/chunked.h"
#include "http/http_server.h"
#include "http/lws_hub.h"

#include <netinet/in.h>

struct http_route {
	const char *method; /* NULL for a WebSocket route */
	const char *pattern;
	http_request_h *requesth;
	http_upgrade_h *upgradeh;
	void *arg;
};

struct http_server {
	struct loop *loop;
	struct lws_hub *hub;
	struct http_server_conf conf;
	struct http_route *routes;
	size_t route_count;
	http_error_h *errorh;
	void *error_arg;
	struct list conns;
	struct list sockets;
	struct http_listener *listener;
	uint16_t port;
};

/* An answer on its way out: head and small body in memory, or a head and a file. */
struct http_answer {
	uint8_t *data; /* LWS_PRE bytes for the library in front */
	size_t len;
	size_t sent;
	int fd; /* -1, or what follows data */
	uint64_t file_left;
	bool close; /* the connection ends after it */
};

/*
 * One connection. A request is in at most one place: `receiving` while its body comes (a
 * reference), `waiting` from then until it is answered (none: its handler keeps it, or it answers
 * 500 as it goes).
 */
struct http_conn {
	struct lws_link link;
	struct list_node node;
	struct http_server *server; /* NULL once that has gone */
	struct lws *wsi;            /* NULL once the library has closed it */
	char remote[INET6_ADDRSTRLEN];
	struct http_request *receiving;
	struct http_request *waiting;
	struct http_answer answer;
	struct chunked chunked; /* decoder of the body being received */
	uint64_t body_deadline_ms;
	int repeats;       /* of the end of a body, without anything written */
	bool body_unknown; /* the library cannot tell where this request ends */
	bool paused;       /* reading is off */
	bool lingering;    /* answered and shut; what still comes is thrown away */
};

struct http_request {
	struct http_conn *conn;     /* NULL once answered or gone */
	struct lws *wsi;            /* for headers; NULL once the library has dropped them */
	struct http_server *server; /* NULL with conn */
	const char *method;
	char *path;
	char *target;
	struct form *query;
	struct form *headers; /* those asked for so far, and the usual ones */
	struct form *params;
	const struct http_route *route;
	char remote[INET6_ADDRSTRLEN];
	struct buf body;
	size_t body_want; /* its length, or the most it may have when chunked */
	bool chunked;
	struct buf extra_head;
	uint64_t started_us;
	bool head_only;
	bool keep_alive;
	bool answered;
};

/* http_conn.c */
void http_conn_accept(struct http_server *server, int fd, const char *remote);
void http_conn_drop(struct http_conn *conn); /* the server goes away */
/* Start sending. Takes over answer->data and answer->fd. */
void http_conn_answer(struct http_conn *conn, const struct http_answer *answer);

/* http_request.c */
/*
 * The request whose headers the library has just parsed. Returns 0, or the HTTP status to refuse it
 * with; *ret_req is set in both cases.
 */
int http_request_read(struct http_request **ret_req, struct http_conn *conn, struct lws *wsi);
/* The headers are about to be forgotten by the library. */
void http_request_forget(struct http_request *req);
void http_request_fail(struct http_request *req, int status, const char *message);

/* http_server.c */
/* The route for a request, and its params set; *ret_allow gets the methods known for that path. */
const struct http_route *http_route_find(struct http_server *server, struct http_request *req,
					 bool upgrade, struct buf *ret_allow);
