/*
 * provider/: clients of others' APIs over their real wire. twilio.h (telephony), ultravox.h (voice
 * engine) and openai.h (analysis) each turn one vendor's HTTP into C calls; none knows what a call
 * of ours is. What they share is here: one request to a vendor, sent again as that vendor's rules
 * allow, counted, and answered exactly once.
 */
#pragma once

#include "core/json.h"
#include "core/log.h"
#include "http/http_client.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct provider;
struct provider_request;

enum { PROVIDER_REASON_SIZE = 200 };

struct provider_result {
	/*
	 * 0, or: -ETIMEDOUT, -ECONNREFUSED, -EHOSTUNREACH, -EPROTO, -EIO, -EMSGSIZE (no usable
	 * answer); -EACCES (401, 403); -ENOENT (404); -EAGAIN (429, 503: not now); -EINVAL (other
	 * 4xx); -EREMOTEIO (other 5xx); -EBADMSG (a success that is not what the vendor documents)
	 */
	int err;
	int status;                        /* HTTP status, 0 without an answer */
	int64_t code;                      /* the vendor's own error code, 0 for none */
	char code_name[48];                /* the same where it is a word, "" for none */
	char reason[PROVIDER_REASON_SIZE]; /* what went wrong, for people; "" on success */
	bool unknown;                      /* it failed, but may have taken effect at the vendor */
	uint32_t retry_after_ms; /* the vendor asked for so much patience; 0 for nothing */
	uint32_t attempts;       /* requests sent */
	const json_t *json;      /* body, when it was JSON; borrowed, NULL for none */
	const char *body;        /* borrowed; "" for none */
	size_t body_len;
	const struct http_exchange *exchange; /* for headers; NULL without an answer */
};

/* Once per request, on the loop; what result points at is valid during the handler only. */
typedef void provider_done_h(const struct provider_result *result, void *arg);

/*
 * A vendor's client puts this between: it turns the answer into the vendor's terms (and may make a
 * success a failure), then calls userh, cast to the type it was given as, with arg. NULL for the
 * plain provider_done_h.
 */
typedef void provider_user_h(void);
typedef void provider_answer_h(struct provider_result *result, provider_user_h *userh, void *arg);

struct provider_send_params {
	struct http_client_params http; /* copied */
	bool safe;                      /* sending it twice does no harm */
	provider_answer_h *answerh;     /* may be NULL */
	provider_user_h *userh;
	void *arg;
};

struct provider_policy {
	const char *name;     /* static, "twilio"; label of the metrics */
	uint32_t max_retries; /* 0..5 */
	uint32_t max_wait_ms; /* a vendor asking for more patience than this gets no retry */
	/*
	 * May the request be sent again after this answer? ret_wait_ms: how long to wait first.
	 * retry counts from 0; safe is false for requests whose repetition could do a thing twice.
	 */
	bool (*may_retry)(const struct http_result *http, const json_t *json, uint32_t retry,
			  bool safe, uint64_t *ret_wait_ms);
	/* Fill code, code_name and reason from an error answer's body. */
	void (*explain)(struct provider_result *result, const json_t *json);
};

/*
 * client is referenced; policy is static. Owned by the caller; requests without an owner of their
 * own are cancelled with it, owned ones must be released before.
 */
struct provider *provider_new(struct loop *loop, struct http_client *client,
			      const struct provider_policy *policy);

/*
 * Start a request; params is copied. ret_request (may be NULL: it then lives until answered) is
 * owned by the caller; releasing it cancels. Returns 0 or -EINVAL.
 */
int provider_send(struct provider_request **ret_request, struct provider *provider,
		  const struct provider_send_params *params);

/* Patience asked for by retry-after-ms, or Retry-After (seconds or an HTTP date); 0 for none. */
uint64_t provider_retry_after_ms(const struct http_result *http);

/* A random wait in [0, min(cap_ms, base_ms * 2^exponent)]. */
uint64_t provider_jitter_ms(uint32_t base_ms, uint32_t exponent, uint32_t cap_ms);

/* Copy a peer's text for people: control characters become spaces, cut at a whole character. */
void provider_text(char *dst, size_t size, const char *text);
