/*
 * Outgoing HTTP(S) over libcurl's multi interface on the loop. Certificates are always checked.
 * One client per process part: it keeps connections open for reuse.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_client;
struct http_exchange;
struct loop;
struct url_guard;

struct http_client_params {
	const char *method;         /* "GET", "POST"... */
	const char *url;            /* http or https */
	const char *const *headers; /* "Name: value", NULL at the end; may be NULL */
	const void *body;           /* copied; may be NULL */
	size_t body_len;
	const char *username; /* Basic authentication; NULL for none */
	const char *password;
	/*
	 * Never sent twice: a new connection is used, because libcurl sends a request again by
	 * itself when a kept one breaks before an answer.
	 */
	bool once;
	/*
	 * The URL came from a user: it is reached only where the client's url_guard allows, at the
	 * first address and after every redirect; else the exchange ends with -EACCES. No proxy of
	 * the environment is used, for behind one the address cannot be known.
	 */
	bool guarded;
	uint32_t connect_timeout_ms; /* 0 means 5000 */
	uint32_t timeout_ms;         /* whole exchange; 0 means 15000 */
	uint32_t max_redirects;  /* 0: none followed; credentials never follow to another host */
	size_t max_body_bytes;   /* 0 means 4 MiB; longer fails with -EMSGSIZE */
	const char *output_path; /* not NULL: the body goes into this file instead of memory */
};

struct http_result {
	int err;    /* 0: an HTTP response came; else -ETIMEDOUT, -ECONNREFUSED, -EHOSTUNREACH,
		       -EMSGSIZE, -EPROTO (TLS or HTTP broken), -EACCES (guarded), -EIO */
	int status; /* 0 when err */
	const char *body; /* NUL-terminated; "" when none */
	size_t body_len;
	const char *content_type; /* "" when none */
	uint64_t took_ms;
	bool connected; /* the request may have reached the peer */
	const struct http_exchange *exchange;
};

/* Once per request, on the loop. Everything in result is valid during the handler only. */
typedef void http_done_h(const struct http_result *result, void *arg);
/* Body bytes as they come (then result->body is empty). May be NULL. */
typedef void http_data_h(const char *data, size_t len, void *arg);

struct http_client *http_client_new(struct loop *loop); /* mem_unref() cancels everything */

/* What guarded requests are checked by; referenced. Without one nothing private is allowed. */
void http_client_guard(struct http_client *client, struct url_guard *guard);

/*
 * Start an exchange. ret_exchange (may be NULL: then it cannot be cancelled) is owned by the
 * caller; releasing it cancels and no handler runs afterwards. Returns 0 or -EINVAL for a bad URL
 * or method.
 */
int http_client_request(struct http_exchange **ret_exchange, struct http_client *client,
			const struct http_client_params *params, http_data_h *datah,
			http_done_h *doneh, void *arg);

/* Response header by name (any case), NULL when absent. During a handler only. */
const char *http_exchange_header(const struct http_exchange *exchange, const char *name);
/* The index'th (from 0) of those of that name. */
const char *http_exchange_header_at(const struct http_exchange *exchange, const char *name,
				    size_t index);
