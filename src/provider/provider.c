#include "provider/provider.h"

#include "core/clock.h"
#include "core/digest.h"
#include "core/list.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "core/trace.h"
#include "loop/loop.h"
#include "loop/timer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct provider {
	struct loop *loop;
	struct http_client *client;
	const struct provider_policy *policy;
	struct list unowned; /* of struct provider_request */
	struct log log;
};

struct provider_request {
	struct list_node node; /* in provider->unowned */
	struct provider *provider;
	struct http_client_params params;
	char **headers;
	struct http_exchange *exchange;
	struct timer *timer;
	uint32_t retries;
	bool safe;
	bool unknown; /* an earlier attempt may have taken effect */
	provider_answer_h *answerh;
	provider_user_h *userh;
	void *arg;
	struct span *context; /* what was current when it was sent */
};

static void provider_destroy(void *data)
{
	struct provider *provider = data;
	struct provider_request *req;

	while ((req = list_pop(&provider->unowned)))
		mem_unref(req);
	mem_unref(provider->client);
}

struct provider *provider_new(struct loop *loop, struct http_client *client,
			      const struct provider_policy *policy)
{
	struct provider *provider = mem_new(sizeof(*provider), provider_destroy);

	provider->loop = loop;
	provider->client = mem_ref(client);
	provider->policy = policy;
	log_init(&provider->log, policy->name, NULL);
	return provider;
}

static void request_destroy(void *data)
{
	struct provider_request *req = data;

	list_remove(&req->node);
	mem_unref(req->exchange);
	mem_unref(req->timer);
	mem_unref(req->context);
	for (size_t i = 0; req->headers && req->headers[i]; i++)
		mem_free(req->headers[i]);
	mem_free(req->headers);
	mem_free((void *)req->params.method);
	mem_free((void *)req->params.url);
	mem_free((void *)req->params.body);
	mem_free((void *)req->params.username);
	mem_free((void *)req->params.password);
	mem_free((void *)req->params.output_path);
}

static char **copy_headers(const char *const *headers)
{
	size_t count = 0;
	char **copy;

	while (headers && headers[count])
		count++;
	copy = mem_alloc((count + 1) * sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = mem_strdup(headers[i]);
	return copy;
}

static void copy_params(struct provider_request *req, const struct http_client_params *params)
{
	req->params = *params;
	req->params.once = !req->safe;
	req->headers = copy_headers(params->headers);
	req->params.headers = (const char *const *)req->headers;
	req->params.method = mem_strdup(params->method);
	req->params.url = mem_strdup(params->url);
	req->params.body = params->body ? mem_memdup(params->body, params->body_len) : NULL;
	req->params.username = mem_strdup(params->username);
	req->params.password = mem_strdup(params->password);
	req->params.output_path = mem_strdup(params->output_path);
}

/* ---- what an answer means ---- */

static int status_error(int status)
{
	if (status >= 200 && status < 300)
		return 0;
	switch (status) {
	case 401:
	case 403:
		return -EACCES;
	case 404:
		return -ENOENT;
	case 429:
	case 503:
		return -EAGAIN;
	}
	if (status >= 400 && status < 500)
		return -EINVAL;
	return status >= 500 ? -EREMOTEIO : -EBADMSG;
}

/*
 * A refusal (4xx) did nothing, and neither did a request that never got through. Anything else
 * that failed may have been carried out before the answer was lost.
 */
static bool may_have_happened(const struct http_result *http)
{
	if (http->err)
		return http->connected;
	return http->status >= 500 && http->status != 503;
}

static void describe(struct provider_result *result, const struct provider_request *req,
		     const struct http_result *http)
{
	const char *name = req->provider->policy->name;
	char detail[PROVIDER_REASON_SIZE];

	if (!result->err)
		return;
	if (http->err) {
		snprintf(result->reason, sizeof(result->reason), "%s: %s", name,
			 strerror(-http->err));
		return;
	}
	req->provider->policy->explain(result, result->json);
	memcpy(detail, result->reason, sizeof(detail));
	if (result->code)
		snprintf(result->reason, sizeof(result->reason),
			 "%s answered %d, code %lld%s%.120s", name, http->status,
			 (long long)result->code, *detail ? ": " : "", detail);
	else
		snprintf(result->reason, sizeof(result->reason), "%s answered %d%s%.150s", name,
			 http->status, *detail ? ": " : "", detail);
}

/* Label of METRIC_PROVIDER_ERROR. */
static const char *error_kind(const struct http_result *http)
{
	if (http->err == -ETIMEDOUT)
		return "timeout";
	if (http->err)
		return "unreachable";
	if (http->status == 429 || http->status == 503)
		return "throttled";
	return http->status >= 500 ? "server" : "refused";
}

static void count(const struct provider_request *req, const struct http_result *http, int err)
{
	const char *name = req->provider->policy->name;
	char labels[64];

	metric_observe(METRIC_PROVIDER_DURATION, name, (double)http->took_ms / 1000.0);
	if (!err)
		return;
	snprintf(labels, sizeof(labels), "%s,%s", name, error_kind(http));
	metric_add(METRIC_PROVIDER_ERROR, labels, 1);
}

static void finish(struct provider_request *req, const struct http_result *http, const json_t *json)
{
	struct provider_result result = {
		.err = http->err ? http->err : status_error(http->status),
		.status = http->status,
		.attempts = req->retries + 1,
		.json = json,
		.body = http->body ? http->body : "",
		.body_len = http->body_len,
		.exchange = http->err ? NULL : http->exchange,
	};

	if (result.err) {
		result.unknown = req->unknown || may_have_happened(http);
		result.retry_after_ms = (uint32_t)provider_retry_after_ms(http);
		describe(&result, req, http);
		/* The reason may quote a number back at us: only codes are logged. */
		LOG_WARN(&req->provider->log, "vendor_request_failed",
			 LOG_INT("status", http->status), LOG_INT("code", result.code),
			 LOG_STR("code_name", result.code_name),
			 LOG_INT("attempts", result.attempts), LOG_ERR(result.err));
	}
	req = mem_ref(req);
	if (req->answerh)
		req->answerh(&result, req->userh, req->arg);
	else
		((provider_done_h *)req->userh)(&result, req->arg);
	if (req->node.list) {
		list_remove(&req->node);
		mem_unref(req);
	}
	mem_unref(req);
}

static int attempt(struct provider_request *req);

static void answered(const struct http_result *http, void *arg)
{
	struct provider_request *req = arg;
	const struct provider_policy *policy = req->provider->policy;
	auto_json json_t *json = NULL;
	uint64_t wait_ms = 0;
	bool again;

	if (!http->err && http->body_len > 0)
		json_parse(&json, http->body, http->body_len, NULL);
	count(req, http, http->err ? http->err : status_error(http->status));
	again = (http->err || http->status >= 300) && req->retries < policy->max_retries &&
		policy->may_retry(http, json, req->retries, req->safe, &wait_ms) &&
		wait_ms <= policy->max_wait_ms;
	if (!again) {
		finish(req, http, json);
		return;
	}
	req->unknown |= may_have_happened(http);
	req->retries++;
	metric_add(METRIC_PROVIDER_RETRY, policy->name, 1);
	LOG_INFO(&req->provider->log, "vendor_request_retried", LOG_INT("status", http->status),
		 LOG_INT("retry", req->retries), LOG_INT("wait_ms", (int64_t)wait_ms));
	timer_start(req->timer, wait_ms);
}

static int attempt(struct provider_request *req)
{
	req->exchange = mem_unref(req->exchange);
	return http_client_request(&req->exchange, req->provider->client, &req->params, NULL,
				   answered, req);
}

static void retry_due(void *arg)
{
	struct provider_request *req = arg;
	struct http_result broken = {.body = "", .content_type = ""};
	struct span *context = mem_ref(req->context);
	struct span *before = span_enter(context);

	broken.err = attempt(req);
	if (broken.err)
		finish(req, &broken, NULL);
	span_leave(before);
	mem_unref(context);
}

int provider_send(struct provider_request **ret_request, struct provider *provider,
		  const struct provider_send_params *params)
{
	struct provider_request *req = mem_new(sizeof(*req), request_destroy);
	int err;

	req->provider = provider;
	req->safe = params->safe;
	req->answerh = params->answerh;
	req->userh = params->userh;
	req->arg = params->arg;
	req->context = mem_ref(span_current());
	copy_params(req, &params->http);
	req->timer = timer_new(provider->loop, retry_due, req);
	err = attempt(req);
	if (err) {
		mem_unref(req);
		return err;
	}
	if (ret_request)
		*ret_request = req;
	else
		list_append(&provider->unowned, &req->node, req);
	return 0;
}

/* ---- helpers of the vendors' policies ---- */

/* RFC 9110, 10.2.3: seconds or an HTTP date. OpenAI's client also reads fractions and
 * retry-after-ms. */
uint64_t provider_retry_after_ms(const struct http_result *http)
{
	const char *text;
	double number;
	int64_t us;

	if (!http->exchange)
		return 0;
	text = http_exchange_header(http->exchange, "retry-after-ms");
	if (text && !str_parse_double(&number, text, 0, 86400e3))
		return (uint64_t)number;
	text = http_exchange_header(http->exchange, "retry-after");
	if (!text)
		return 0;
	if (!str_parse_double(&number, text, 0, 86400))
		return (uint64_t)(number * 1000);
	if (!timestamp_parse_rfc2822(&us, text) && us > clock_wall_us())
		return (uint64_t)(us - clock_wall_us()) / 1000;
	return 0;
}

uint64_t provider_jitter_ms(uint32_t base_ms, uint32_t exponent, uint32_t cap_ms)
{
	uint64_t most = (uint64_t)base_ms << (exponent > 16 ? 16 : exponent);

	if (most > cap_ms)
		most = cap_ms;
	return random_u64() % (most + 1);
}

void provider_text(char *dst, size_t size, const char *text)
{
	size_t len = strnlen(text ? text : "", size - 1);

	if (!text)
		len = 0;
	else if (text[len])
		while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	for (size_t i = 0; i < len; i++)
		dst[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? ' ' : text[i];
	dst[len] = '\0';
}
