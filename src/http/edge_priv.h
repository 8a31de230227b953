/* What http_server.c, http_conn.c and http_request.c ask of edge.c. */
#pragma once

#include "core/ip.h"
#include "http/edge.h"

struct buf;
struct http_request;

/*
 * A place among the connections at once, given back by mem_unref(). NULL when there is none for
 * this peer; *ret_reason then is a label of METRIC_HTTP_REFUSED.
 */
struct http_place;
struct http_place *http_edge_admit(struct http_edge *edge, const struct ip *peer,
				   const char **ret_reason);

/*
 * Who is behind a peer: the last address of forwarded_for (may be NULL) that is no trusted proxy,
 * when the peer is one. An entry that is no address ends the search: the proxy before it is the
 * client.
 */
struct ip http_edge_client(const struct http_edge *edge, const struct ip *peer,
			   const char *forwarded_for);
bool http_edge_trusts(const struct http_edge *edge, const struct ip *peer);

/*
 * May this request be handled? Adds the headers that answer its origin. Returns 0, or a status to
 * refuse it with and *ret_message.
 */
int http_edge_check(const struct http_edge *edge, struct http_request *req, bool upgrade,
		    const char **ret_message);

/* A preflight request (CORS) of an origin that is allowed. */
bool http_edge_is_preflight(const struct http_edge *edge, const struct http_request *req);
/* Answer it; methods as in Allow. */
void http_edge_preflight(struct http_request *req, const char *methods);

/* Headers every answer has unless the handler has set them. */
void http_edge_append_headers(const struct http_edge *edge, const struct http_request *req,
			      struct buf *out);
