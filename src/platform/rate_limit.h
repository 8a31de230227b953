/*
 * How often one address, user or key may ask: a bound a minute for each class of requests. The
 * minute slides: what was asked in the clock's minute before counts by the share of it that is
 * less than a minute ago. What is refused is not counted.
 *
 * A decision never waits. It is made on what this process counted plus what the other pods had
 * counted when the shared state last said so; counts are sent there in the background, one message
 * under way a key. Pods therefore overshoot together by what they take during one round trip; with
 * shared state away, each pod has a bound of its own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_request;
struct http_server;
struct loop;
struct rate_limit;
struct state;

/* RATE(id, name): name is the label in metrics. */
#define RATE_CLASSES(X)         \
	X(IP, "ip")             \
	X(READ, "read")         \
	X(WRITE, "write")       \
	X(INITIATE, "initiate") \
	X(AUTH, "auth")         \
	X(LEAD, "lead")         \
	X(WEBHOOK, "webhook")

/*
 * IP        everything under /api/ from one address (IPv6: /64) but webhooks
 * READ      GET and HEAD of one user or key
 * WRITE     the rest of theirs, but
 * INITIATE  calls they place
 * AUTH      sign-in and tokens, from one address
 * LEAD      forms of web sites, from one address
 * WEBHOOK   what vendors report, from one address
 */
enum rate_class {
#define RATE(id_, name_) RATE_##id_,
	RATE_CLASSES(RATE)
#undef RATE
		RATE_CLASS_COUNT
};

struct rate_limit_conf {
	struct loop *loop;
	struct state *state;                   /* NULL: this process is alone */
	bool loopback;                         /* addresses of this machine are bounded too */
	uint32_t per_minute[RATE_CLASS_COUNT]; /* 0: no bound */
};

/* Owned by the caller, mem_unref(). */
struct rate_limit *rate_limit_new(const struct rate_limit_conf *conf);

struct rate_verdict {
	bool pass;
	uint32_t limit; /* 0: there is no bound, and no header */
	uint32_t remaining;
	uint32_t reset_s; /* until the minute is over, or when refused until there is room */
};

/* Count one request of id if there is room. limit may be NULL: everything passes. */
struct rate_verdict rate_limit_take(struct rate_limit *limit, enum rate_class class,
				    const char *id);
/* The same without counting. */
struct rate_verdict rate_limit_look(struct rate_limit *limit, enum rate_class class,
				    const char *id);

/* ---- on requests ---- */

/* Bound what comes to server by address, before it is known who asks. */
void rate_limit_gate(struct rate_limit *limit, struct http_server *server);

/*
 * Bound by who asks: id of a user or key, or NULL for nobody in particular (then the address is
 * taken). True when the request may go on, with RateLimit-* headers set; false after answering 429.
 * limit may be NULL.
 */
bool rate_limit_pass(struct rate_limit *limit, struct http_request *req, const char *id);

/*
 * Bound what comes from the request's address by a class of its own. RateLimit-* headers are set,
 * and Retry-After when it does not pass: then the caller answers 429. limit may be NULL.
 */
struct rate_verdict rate_limit_visit(struct rate_limit *limit, struct http_request *req,
				     enum rate_class class);
