/*
 * How commands find their server: one server, the primary that sentinels name, or the node of a
 * cluster that has the key's slot.
 */
#pragma once

#include "core/log.h"
#include "state/redis_link.h"

struct redis_route;

struct redis_route_conf {
	struct loop *loop;
	const struct redis_url *url; /* outlives the route */
	uint32_t timeout_ms;
	/* Whether commands find their server has changed; redis_route_trouble() says. */
	void (*changeh)(void *arg);
	void *arg;
};

struct redis_route_ops {
	struct redis_route *(*make)(const struct redis_route_conf *conf);
	/* See redis_link_send(); key NULL: any server will do. */
	int (*send)(struct redis_route *route, const char *key, const char *text, size_t len,
		    redis_reply_h *replyh, void *arg);
	/* A server refused to write because it is a replica. */
	void (*refused)(struct redis_route *route);
	/* Answer a link that wants to subscribe; see redis_link_ops. */
	void (*find)(struct redis_route *route, struct redis_link *link);
	/* The link was released before it was answered. */
	void (*forget)(struct redis_route *route, struct redis_link *link);
	const char *(*trouble)(const struct redis_route *route);
};

/* First member of every route's own struct, which is a mem_new() object. */
struct redis_route {
	const struct redis_route_ops *ops;
	struct redis_route_conf conf;
};

extern const struct redis_route_ops redis_route_primary; /* REDIS_SINGLE, REDIS_SENTINEL */
extern const struct redis_route_ops redis_route_cluster;
