/*
 * What http_server.c (listening, routes), http_conn.c (a connection's life in the library) and
 * http_request.c (the request and its answer) share.
 */
#pragma once

#include "core/buf.h"
#include "core/ip.h"
#include "core/list.h"
#include "http/chunked.h"
#include "http/edge_priv.h"
#include "http/http_server.h"
#include "http/lws_hub.h"

struct http_route {
	const char *method; /* NULL for a WebSocket route */
	const char *pattern;
	size_t literal; /* bytes of pattern before its first parameter */
	http_request_h *requesth;
	http_upgrade_h *upgradeh;
	http_request_h *preflighth; /* an open route: judges origins itself */
	void *arg;
};

struct http_server {
	struct loop *loop;
	struct lws_hub *hub;
	struct lws_vhost *vhost; /* the hub's, or one of its own with TLS */
	struct http_server_conf conf;
	struct http_route *routes;
	size_t route_count;
	http_gate_h *gateh; /* NULL: open */
	void *gate_arg;
	http_error_h *errorh;
	void *error_arg;
	struct list conns;
	struct list sockets;
	struct http_listener *listener;
	struct timer *sweep; /* runs while there are connections */
	uint16_t port;
};

/* What is sent while it is made, see http_reply_body(). */
struct http_body {
	struct http_conn *conn;
	http_more_h *moreh;
	void *arg;       /* a reference */
	uint64_t offset; /* of what is asked for next */
	uint64_t left;   /* from there */
	struct buf ready;
	size_t sent; /* of it */
	bool asking;
	bool failed;
	bool endless; /* until http_body_end(): left is as much as there may be */
	bool chunked;
};

/* An answer on its way out: head and small body in memory, or a head and a file or source. */
struct http_answer {
	uint8_t *data; /* LWS_PRE bytes for the library in front */
	size_t len;
	size_t sent;
	int fd;                 /* -1, or what follows data */
	struct http_body *body; /* NULL, or what follows data */
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
	struct ip peer;
	char peer_text[IP_TEXT_SIZE];
	struct http_place *place; /* among the connections at once; NULL without an edge */
	struct http_request *receiving;
	struct http_request *waiting;
	struct http_answer answer;
	struct chunked chunked; /* decoder of the body being received */
	uint64_t deadline_ms;   /* of what the peer has to do next; 0 while it is our turn */
	bool asked;             /* a request came */
	int repeats;            /* of the end of a body, without anything written */
	bool body_unknown;      /* the library cannot tell where this request ends */
	bool paused;            /* reading is off */
	bool lingering;         /* answered and shut; what still comes is thrown away */
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
	struct ip client;
	char remote[IP_TEXT_SIZE]; /* the same as text */
	struct buf body;
	size_t body_want; /* its length, or the most it may have when chunked */
	bool chunked;
	struct buf extra_head;
	void *context; /* of the handlers above, or NULL */
	uint64_t started_us;
	struct span *span; /* NULL when it is not traced */
	bool head_only;
	bool keep_alive;
	bool is_http_1_0;
	bool tls;
	bool answered;
};

/* http_conn.c */
void http_conn_accept(struct http_server *server, int fd, const struct ip *peer);
void http_conn_drop(struct http_conn *conn); /* the server goes away */
/* Close those whose peers are too slow. */
void http_conn_sweep(struct http_server *server);
/* Start sending. Takes over answer->data and answer->fd. */
void http_conn_answer(struct http_conn *conn, const struct http_answer *answer);
/* There is something to write again. */
void http_conn_wake(struct http_conn *conn);

/* http_request.c */
/*
 * The request whose headers the library has just parsed. Returns 0, or the HTTP status to refuse it
 * with; *ret_req is set in both cases.
 */
int http_request_read(struct http_request **ret_req, struct http_conn *conn, struct lws *wsi);
/* The headers are about to be forgotten by the library. */
void http_request_forget(struct http_request *req);
void http_request_fail(struct http_request *req, int status, const char *message);
/* A line of the head of an answer. */
void http_head_append(struct buf *out, const char *name, const char *value);
/* The route is known: begin its span, below the peer's when it sent a traceparent. */
void http_request_trace(struct http_request *req);

/* http_server.c */
/* The route for a request, and its params set; *ret_allow gets the methods known for that path. */
const struct http_route *http_route_find(struct http_server *server, struct http_request *req,
					 bool upgrade, struct buf *ret_allow);
/* The open route that a preflight request about method is about; NULL when it is about none. */
const struct http_route *http_route_open(const struct http_server *server,
					 const struct http_request *req, const char *method);
