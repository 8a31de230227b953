#include "carrier/hook.h"

#include "carrier/cookie_jar.h"
#include "core/buf.h"
#include "core/list.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "core/uuid.h"
#include "http/form.h"
#include "http/http_client.h"
#include "http/http_url.h"
#include "loop/loop.h"
#include "provider/twilio_signature.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MAX_REDIRECTS = 10, MAX_WAITING = 64, DEFAULT_BODY = 64 * 1024, MAX_URL = 4096 };

struct hook {
	const struct hook_conf *conf;
	struct hook_limits limits;
	char *url;
	char *method;
	struct form *params;
	struct cookie_jar *cookies;
	size_t max_body_bytes;
	char token[UUID_SIZE];
	uint64_t started_ms;
	uint32_t retries;
	uint32_t redirects;
	struct http_exchange *exchange;
	hook_done_h *doneh;
	void *arg;
};

static void hook_try(struct hook *hook);

/* ---- overrides ---- */

static uint32_t override(const struct form *form, const char *key, int64_t min, int64_t max,
			 uint32_t otherwise)
{
	const char *text = form_get(form, key);
	int64_t value;

	return text && !str_parse_int(&value, text, min, max) ? (uint32_t)value : otherwise;
}

static unsigned retry_policy(const char *text)
{
	static const struct {
		const char *word;
		unsigned flag;
	} words[] = {
		{"4xx", HOOK_RETRY_4XX},
		{"5xx", HOOK_RETRY_5XX},
		{"ct", HOOK_RETRY_CT},
		{"rt", HOOK_RETRY_RT},
		{"all", 0xf},
	};
	auto_free char *copy = mem_strdup(text ? text : "ct");
	unsigned flags = 0;
	char *rest = copy, *word;

	while ((word = strsep(&rest, ",")))
		for (size_t i = 0; i < ARRAY_LEN(words); i++)
			if (str_equal_nocase(word, words[i].word))
				flags |= words[i].flag;
	return flags;
}

void hook_limits_parse(struct hook_limits *ret_limits, const char *url)
{
	const char *fragment = strchr(url, '#');
	auto_unref struct form *form = NULL;

	fragment = fragment ? fragment + 1 : "";
	if (form_parse(&form, fragment, strlen(fragment)))
		form = form_new();
	*ret_limits = (struct hook_limits){
		.connect_ms = override(form, "ct", 100, 10000, 5000),
		.read_ms = override(form, "rt", 100, 15000, 15000),
		.total_ms = override(form, "tt", 100, 15000, 15000),
		.retries = override(form, "rc", 0, 5, 1),
		.retry_on = retry_policy(form_get(form, "rp")),
	};
}

/* ---- relative references ---- */

/* End of "scheme://authority". */
static size_t origin_len(const char *url)
{
	const char *host = strstr(url, "://");

	return host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/?#") : 0;
}

static bool is_absolute(const char *ref)
{
	size_t scheme = strspn(ref, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

	return scheme && str_has_prefix(ref + scheme, "://");
}

/* Append path without its "." and ".." segments (RFC 3986, 5.2.4); path begins with '/'. */
static void append_path(struct buf *out, const char *path, size_t len)
{
	size_t start = out->len;

	for (size_t at = 0; at < len;) {
		const char *segment = path + at + 1;
		const char *slash = memchr(segment, '/', len - at - 1);
		size_t size = slash ? (size_t)(slash - segment) : len - at - 1;
		bool up = size == 2 && !memcmp(segment, "..", 2);

		if (up || (size == 1 && *segment == '.')) {
			while (up && out->len > start && out->data[--out->len] != '/')
				;
			if (!slash)
				buf_append_char(out, '/');
		} else {
			buf_append_char(out, '/');
			buf_append(out, segment, size);
		}
		at += size + 1;
	}
	/* buf keeps a NUL behind the content only when appending. */
	buf_append(out, "", 0);
}

static void append_relative(struct buf *out, const char *base, const char *ref)
{
	size_t origin = origin_len(base);
	size_t base_path = strcspn(base + origin, "?#");
	size_t ref_path = strcspn(ref, "?#");
	auto_buf struct buf path = {0};

	buf_append(out, base, origin);
	if (*ref == '/') {
		buf_append(&path, ref, ref_path);
	} else if (ref_path == 0) {
		size_t keep = *ref == '?' ? base_path : strcspn(base + origin, "#");

		buf_append(out, base + origin, keep);
		buf_append_str(out, ref);
		return;
	} else {
		while (base_path && base[origin + base_path - 1] != '/')
			base_path--;
		buf_append(&path, base_path ? base + origin : "/", base_path ? base_path : 1);
		buf_append(&path, ref, ref_path);
	}
	append_path(out, buf_str(&path), path.len);
	buf_append_str(out, ref + ref_path);
}

int hook_url_resolve(struct buf *out, const char *base, const char *ref)
{
	auto_buf struct buf url = {0};
	struct http_url parsed;

	if (is_absolute(ref)) {
		buf_append_str(&url, ref);
	} else if (!base || !origin_len(base)) {
		return -EINVAL;
	} else if (str_has_prefix(ref, "//")) {
		buf_append(&url, base, strcspn(base, "/"));
		buf_append_str(&url, ref);
	} else {
		append_relative(&url, base, ref);
	}
	if (url.len > MAX_URL || http_url_parse(&parsed, buf_str(&url)))
		return -EINVAL;
	buf_append(out, url.data, url.len);
	return 0;
}

/* ---- one request ---- */

static void hook_destroy(void *data)
{
	struct hook *hook = data;

	mem_unref(hook->exchange);
	mem_unref(hook->params);
	mem_unref(hook->cookies);
	mem_free(hook->url);
	mem_free(hook->method);
}

static void hook_end(struct hook *hook, int code, const struct http_result *http)
{
	struct hook_result result = {
		.code = code,
		.status = http ? http->status : 0,
		.url = hook->url,
		.method = hook->method,
		.body = http ? http->body : "",
		.body_len = http ? http->body_len : 0,
		.content_type = http ? http->content_type : "",
	};

	hook->doneh(&result, hook->arg);
}

static int error_code(const struct http_result *result)
{
	switch (result->err) {
	case 0:
		return result->status / 100 == 2 ? 0 : HOOK_ERROR_RETRIEVAL;
	case -EHOSTUNREACH:
		return HOOK_ERROR_HOST;
	case -EPROTO:
		return HOOK_ERROR_TLS;
	default:
		return result->connected ? HOOK_ERROR_RETRIEVAL : HOOK_ERROR_CONNECTION;
	}
}

static unsigned failure_kind(const struct http_result *result)
{
	if (result->err)
		return result->connected ? HOOK_RETRY_RT : HOOK_RETRY_CT;
	if (result->status >= 500)
		return HOOK_RETRY_5XX;
	return result->status >= 400 ? HOOK_RETRY_4XX : 0;
}

static uint32_t time_left_ms(const struct hook *hook)
{
	uint64_t spent = loop_now_ms(hook->conf->loop) - hook->started_ms;

	return spent < hook->limits.total_ms ? hook->limits.total_ms - (uint32_t)spent : 0;
}

/* A redirect to be followed: url and method are those of the next hop. */
static bool follow(struct hook *hook, const struct http_result *result)
{
	const char *location = http_exchange_header(result->exchange, "location");
	auto_buf struct buf url = {0};

	if (result->err || result->status < 300 || result->status > 308 || !location)
		return false;
	if (hook_url_resolve(&url, hook->url, location))
		return false;
	hook->redirects++;
	mem_free(hook->url);
	hook->url = mem_strndup(buf_str(&url), strcspn(buf_str(&url), "#"));
	if (result->status < 307)
		mem_replace_str(&hook->method, "GET");
	return true;
}

static void keep_cookies(struct hook *hook, const struct http_result *result)
{
	const char *header;

	for (size_t i = 0; hook->cookies && !result->err && i < COOKIE_JAR_MAX &&
			   (header = http_exchange_header_at(result->exchange, "set-cookie", i));
	     i++)
		cookie_jar_set(hook->cookies, hook->url, header);
}

static void on_http_done(const struct http_result *result, void *arg)
{
	struct hook *hook = mem_ref(arg);

	keep_cookies(hook, result);
	hook->exchange = mem_unref(hook->exchange);
	if (follow(hook, result)) {
		if (hook->redirects > MAX_REDIRECTS)
			hook_end(hook, HOOK_ERROR_REDIRECTS, result);
		else
			hook_try(hook);
	} else if ((failure_kind(result) & hook->limits.retry_on) &&
		   hook->retries < hook->limits.retries && time_left_ms(hook)) {
		hook->retries++;
		hook_try(hook);
	} else {
		hook_end(hook, error_code(result), result);
	}
	mem_unref(hook);
}

static int hook_start(struct hook *hook)
{
	bool post = str_equal(hook->method, "POST");
	auto_buf struct buf url = {0}, body = {0}, signature = {0}, cookie = {0};
	auto_free char *signed_by = NULL, *token = NULL;
	uint32_t left_ms = time_left_ms(hook);
	uint32_t one_ms = hook->limits.connect_ms + hook->limits.read_ms;
	int err;

	form_encode(hook->params, &body);
	buf_append_str(&url, hook->url);
	if (!post && body.len)
		buf_printf(&url, "%c%s", strchr(hook->url, '?') ? '&' : '?', buf_str(&body));
	twilio_sign(&signature, hook->conf->auth_token, buf_str(&url), post ? hook->params : NULL);
	signed_by = mem_printf("X-Twilio-Signature: %s", buf_str(&signature));
	buf_append_str(&cookie, "Cookie: ");
	if (hook->cookies)
		cookie_jar_get(hook->cookies, hook->url, &cookie);
	token = mem_printf("I-Twilio-Idempotency-Token: %s", hook->token);

	const char *headers[7] = {
		signed_by,
		token,
		"Accept: */*",
		"User-Agent: TwilioProxy/1.1",
	};
	size_t count = 4;
	if (post)
		headers[count++] = "Content-Type: application/x-www-form-urlencoded; charset=UTF-8";
	if (cookie.len > strlen("Cookie: "))
		headers[count++] = buf_str(&cookie);
	struct http_client_params params = {
		.method = hook->method,
		.url = buf_str(&url),
		.headers = headers,
		.body = post ? buf_str(&body) : NULL,
		.body_len = post ? body.len : 0,
		.connect_timeout_ms = hook->limits.connect_ms,
		.timeout_ms = one_ms < left_ms || !left_ms ? one_ms : left_ms,
		.max_body_bytes = hook->max_body_bytes,
	};
	err = http_client_request(&hook->exchange, hook->conf->client, &params, NULL, on_http_done,
				  hook);
	return err;
}

static void hook_try(struct hook *hook)
{
	if (hook_start(hook))
		hook_end(hook, HOOK_ERROR_HOST, NULL);
}

static struct form *copy_form(const struct form *form)
{
	struct form *copy = form_new();

	for (size_t i = 0; form && i < form_count(form); i++)
		form_add(copy, form_name(form, i), form_value(form, i));
	return copy;
}

int hook_send(struct hook **ret_hook, const struct hook_conf *conf,
	      const struct hook_params *params, hook_done_h *doneh, void *arg)
{
	struct hook *hook = mem_new(sizeof(*hook), hook_destroy);
	int err;

	hook->conf = conf;
	hook_limits_parse(&hook->limits, params->url);
	hook->url = mem_strndup(params->url, strcspn(params->url, "#"));
	hook->method = mem_strdup(params->method);
	hook->params = copy_form(params->params);
	hook->cookies = mem_ref(params->cookies);
	hook->max_body_bytes = params->max_body_bytes ? params->max_body_bytes : DEFAULT_BODY;
	uuid_new(hook->token);
	hook->started_ms = loop_now_ms(conf->loop);
	hook->doneh = doneh;
	hook->arg = arg;
	err = hook_start(hook);
	if (err)
		mem_unref(hook);
	else
		*ret_hook = hook;
	return err;
}

/* ---- callbacks in order ---- */

struct callback {
	struct list_node node;
	char *method, *url;
	struct form *params;
};

struct hook_queue {
	const struct hook_conf *conf;
	const struct log *log;
	struct list waiting;
	struct hook *hook; /* the one under way */
};

static void callback_destroy(void *data)
{
	struct callback *callback = data;

	list_remove(&callback->node);
	mem_free(callback->method);
	mem_free(callback->url);
	mem_unref(callback->params);
}

static void hook_queue_destroy(void *data)
{
	struct hook_queue *queue = data;
	struct callback *callback;

	mem_unref(queue->hook);
	while ((callback = list_pop(&queue->waiting)))
		mem_unref(callback);
}

static void hook_queue_next(struct hook_queue *queue);

static void on_callback_done(const struct hook_result *result, void *arg)
{
	struct hook_queue *queue = arg;

	if (result->code)
		LOG_WARN(queue->log, "callback_failed", LOG_INT("code", result->code),
			 LOG_INT("status", result->status));
	metric_add(METRIC_CARRIER_CALLBACKS, result->code ? "failed" : "delivered", 1);
	mem_unref(queue->hook);
	queue->hook = NULL;
	hook_queue_next(queue);
}

static void hook_queue_next(struct hook_queue *queue)
{
	struct callback *callback;

	while (!queue->hook && (callback = list_pop(&queue->waiting))) {
		struct hook_params params = {.method = callback->method,
					     .url = callback->url,
					     .params = callback->params};
		int err = hook_send(&queue->hook, queue->conf, &params, on_callback_done, queue);

		if (err)
			LOG_WARN(queue->log, "callback_failed", LOG_ERR(err));
		mem_unref(callback);
	}
}

struct hook_queue *hook_queue_new(const struct hook_conf *conf, const struct log *log)
{
	struct hook_queue *queue = mem_new(sizeof(*queue), hook_queue_destroy);

	queue->conf = conf;
	queue->log = log;
	return queue;
}

void hook_queue_add(struct hook_queue *queue, const char *method, const char *url,
		    const struct form *params)
{
	struct callback *callback;

	if (queue->waiting.len >= MAX_WAITING) {
		LOG_ERROR(queue->log, "callback_dropped", LOG_INT("waiting", MAX_WAITING));
		metric_add(METRIC_CARRIER_CALLBACKS, "dropped", 1);
		return;
	}
	callback = mem_new(sizeof(*callback), callback_destroy);
	callback->method = mem_strdup(method);
	callback->url = mem_strdup(url);
	callback->params = copy_form(params);
	list_append(&queue->waiting, &callback->node, callback);
	hook_queue_next(queue);
}

size_t hook_queue_len(const struct hook_queue *queue)
{
	return queue ? queue->waiting.len + (queue->hook ? 1 : 0) : 0;
}
