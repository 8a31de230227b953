/*
 * Signed requests to the customer's servers: for TwiML, status callbacks, and media to play.
 *
 * A URL may carry connection overrides in its fragment (#ct=2000&rt=5000&tt=10000&rc=2&rp=5xx,ct),
 * which is neither sent nor signed. A connection that cannot be made is tried once more unless they
 * say otherwise; redirects are followed up to ten times, each hop signed anew. One hook never takes
 * longer than 15 s in all.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buf;
struct cookie_jar;
struct form;
struct hook;
struct hook_queue;
struct http_client;
struct log;
struct loop;

enum {
	HOOK_ERROR_RETRIEVAL = 11200, /* answered with other than 2xx, or not in time */
	HOOK_ERROR_CONNECTION = 11205,
	HOOK_ERROR_HOST = 11210,
	HOOK_ERROR_REDIRECTS = 11215,
	HOOK_ERROR_TLS = 11220,
};

struct hook_conf {
	struct loop *loop;
	struct http_client *client;
	const char *account_sid;
	const char *auth_token; /* signs; all must outlive the hooks */
};

struct hook_params {
	const char *method; /* "GET" or "POST" */
	const char *url;
	const struct form *params;  /* copied; may be NULL */
	struct cookie_jar *cookies; /* sent along and renewed; referenced; may be NULL */
	size_t max_body_bytes;      /* of the answer; 0 means 64 KiB */
};

struct hook_result {
	int code; /* 0, or HOOK_ERROR_* */
	int status;
	const char *url; /* the last one asked, without fragment */
	const char *method;
	const char *body;
	size_t body_len;
	const char *content_type;
};

/* Once. Everything in result is valid during the handler only. */
typedef void hook_done_h(const struct hook_result *result, void *arg);

/* ret_hook: owned by the caller; releasing it cancels. Returns 0 or -EINVAL for a bad URL. */
int hook_send(struct hook **ret_hook, const struct hook_conf *conf,
	      const struct hook_params *params, hook_done_h *doneh, void *arg);

/*
 * Callbacks of one call, delivered one after the other. More than 64 waiting: the new one is
 * dropped and logged. conf and log must outlive it.
 */
struct hook_queue *hook_queue_new(const struct hook_conf *conf, const struct log *log);
void hook_queue_add(struct hook_queue *queue, const char *method, const char *url,
		    const struct form *params);
size_t hook_queue_len(const struct hook_queue *queue);

/* Overrides of a URL's fragment; what is missing or out of range has its default. */
struct hook_limits {
	uint32_t connect_ms, read_ms, total_ms, retries;
	unsigned retry_on; /* HOOK_RETRY_* */
};
enum { HOOK_RETRY_4XX = 1, HOOK_RETRY_5XX = 2, HOOK_RETRY_CT = 4, HOOK_RETRY_RT = 8 };
void hook_limits_parse(struct hook_limits *ret_limits, const char *url);

/* ref against base (RFC 3986, 5.2); base may be NULL when ref is absolute. 0 or -EINVAL. */
int hook_url_resolve(struct buf *out, const char *base, const char *ref);
