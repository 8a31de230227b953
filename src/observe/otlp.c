#include "observe/otlp.h"

#include "core/clock.h"
#include "core/encoding.h"
#include "core/json_writer.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/setting.h"
#include "core/str.h"
#include "core/trace.h"
#include "core/uuid.h"
#include "http/http_client.h"
#include "loop/loop.h"
#include "loop/timer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	PERIOD_MS = 1000,
	TIMEOUT_MS = 10000,
	MAX_BATCH = 512,
	MAX_HEADERS = 16,
	MAX_TRIES = 5,
};

struct otlp {
	struct loop *loop;
	struct timer *timer;
	struct http_client *client;
	struct http_exchange *exchange; /* under way */
	char *url;
	char **headers;
	struct otlp_resource resource;
	char instance[UUID_SIZE];
	struct buf body; /* of the batch that is sent, or tried again */
	size_t count;    /* spans in it */
	uint32_t tries;
	bool troubled; /* the last try failed */
	struct log log;
};

/* ---- the body ---- */

/* proto3 JSON: 64-bit numbers are strings. */
static void write_int64(struct json_writer *writer, const char *key, int64_t value, int64_t factor)
{
	char text[40];

	if (factor > 1)
		snprintf(text, sizeof(text), "%lld%03lld", (long long)value, 0ll);
	else
		snprintf(text, sizeof(text), "%lld", (long long)value);
	json_write_str(writer, key, text);
}

static void write_attribute(struct json_writer *writer, const char *key, const char *str,
			    int64_t integer)
{
	json_write_open(writer, NULL, '{');
	json_write_str(writer, "key", key);
	json_write_open(writer, "value", '{');
	if (str)
		json_write_str(writer, "stringValue", str);
	else
		write_int64(writer, "intValue", integer, 1);
	json_write_close(writer, '}');
	json_write_close(writer, '}');
}

static void write_id(struct json_writer *writer, const char *key, const uint8_t *id, size_t len)
{
	char hex[2 * TRACE_ID_LEN + 1];

	hex_encode(hex, id, len);
	json_write_str(writer, key, hex);
}

static void write_link(struct json_writer *writer, const struct trace_context *link)
{
	json_write_open(writer, "links", '[');
	json_write_open(writer, NULL, '{');
	write_id(writer, "traceId", link->trace_id, TRACE_ID_LEN);
	write_id(writer, "spanId", link->span_id, SPAN_ID_LEN);
	json_write_close(writer, '}');
	json_write_close(writer, ']');
}

static void write_span(struct json_writer *writer, const struct span_data *data)
{
	static const uint8_t none[SPAN_ID_LEN];

	json_write_open(writer, NULL, '{');
	write_id(writer, "traceId", data->context.trace_id, TRACE_ID_LEN);
	write_id(writer, "spanId", data->context.span_id, SPAN_ID_LEN);
	if (memcmp(data->parent, none, SPAN_ID_LEN))
		write_id(writer, "parentSpanId", data->parent, SPAN_ID_LEN);
	json_write_str(writer, "name", data->name);
	json_write_int(writer, "kind", data->kind);
	write_int64(writer, "startTimeUnixNano", data->start_us, 1000);
	write_int64(writer, "endTimeUnixNano", data->end_us, 1000);
	json_write_open(writer, "attributes", '[');
	for (size_t i = 0; i < data->attribute_count; i++)
		write_attribute(writer, data->attributes[i].key, data->attributes[i].str,
				data->attributes[i].integer);
	json_write_close(writer, ']');
	if (data->linked)
		write_link(writer, &data->link);
	if (data->failed) {
		json_write_open(writer, "status", '{');
		json_write_int(writer, "code", 2);
		if (data->why)
			json_write_str(writer, "message", data->why);
		json_write_close(writer, '}');
	}
	json_write_close(writer, '}');
}

static void write_resource(struct json_writer *writer, const struct otlp_resource *resource)
{
	json_write_open(writer, "resource", '{');
	json_write_open(writer, "attributes", '[');
	write_attribute(writer, "service.name", resource->service_name, 0);
	write_attribute(writer, "service.version", resource->version, 0);
	write_attribute(writer, "service.instance.id", resource->instance, 0);
	write_attribute(writer, "voiceai.server", resource->server, 0);
	json_write_close(writer, ']');
	json_write_close(writer, '}');
}

void otlp_write(struct buf *out, const struct otlp_resource *resource, struct span *const *spans,
		size_t count)
{
	struct json_writer writer = {.out = out};

	json_write_open(&writer, NULL, '{');
	json_write_open(&writer, "resourceSpans", '[');
	json_write_open(&writer, NULL, '{');
	write_resource(&writer, resource);
	json_write_open(&writer, "scopeSpans", '[');
	json_write_open(&writer, NULL, '{');
	json_write_open(&writer, "scope", '{');
	json_write_str(&writer, "name", "voiceai");
	json_write_close(&writer, '}');
	json_write_open(&writer, "spans", '[');
	for (size_t i = 0; i < count; i++)
		write_span(&writer, span_data(spans[i]));
	json_write_close(&writer, ']');
	json_write_close(&writer, '}');
	json_write_close(&writer, ']');
	json_write_close(&writer, '}');
	json_write_close(&writer, ']');
	json_write_close(&writer, '}');
}

/* ---- headers ---- */

void otlp_headers_free(char **headers)
{
	for (size_t i = 0; headers && headers[i]; i++)
		mem_free(headers[i]);
	mem_free(headers);
}

/* "name=value" to "name: value"; NULL when it is none. */
static char *parse_header(char *text)
{
	char *value = strchr(text, '=');
	auto_buf struct buf decoded = {0};
	const char *name;

	if (!value)
		return NULL;
	*value++ = '\0';
	name = str_trim(text);
	value = str_trim(value);
	if (!*name || strpbrk(name, " \t:\r\n") ||
	    percent_decode(&decoded, value, strlen(value), false) ||
	    strpbrk(buf_str(&decoded), "\r\n"))
		return NULL;
	return mem_printf("%s: %s", name, buf_str(&decoded));
}

int otlp_headers_parse(char ***ret_headers, const char *text)
{
	char **headers = mem_alloc((MAX_HEADERS + 2) * sizeof(*headers));
	auto_free char *copy = mem_strdup(text);
	char *rest = copy, *part;
	size_t count = 0;

	headers[count++] = mem_strdup("Content-Type: application/json");
	while (rest && *rest && (part = strsep(&rest, ","))) {
		char *header = count <= MAX_HEADERS ? parse_header(part) : NULL;

		if (!header) {
			otlp_headers_free(headers);
			return -EINVAL;
		}
		headers[count++] = header;
	}
	*ret_headers = headers;
	return 0;
}

/* ---- sending ---- */

static void batch_over(struct otlp *otlp, const char *outcome)
{
	metric_add(METRIC_TRACE_SPANS, outcome, (double)otlp->count);
	otlp->count = 0;
	otlp->tries = 0;
	buf_clear(&otlp->body);
}

static bool may_pass(const struct http_result *http)
{
	return http->err || http->status == 429 || http->status == 502 || http->status == 503 ||
	       http->status == 504;
}

static void on_sent(const struct http_result *http, void *arg)
{
	struct otlp *otlp = arg;
	bool taken = !http->err && http->status >= 200 && http->status < 300;

	otlp->exchange = mem_unref(otlp->exchange);
	if (!taken && !otlp->troubled)
		LOG_WARN(&otlp->log, "spans_not_taken", LOG_INT("status", http->status),
			 LOG_STR("error", http->err ? strerror(-http->err) : NULL));
	otlp->troubled = !taken;
	if (taken)
		batch_over(otlp, "exported");
	else if (!may_pass(http) || otlp->tries >= MAX_TRIES)
		batch_over(otlp, "failed");
	timer_start(otlp->timer,
		    taken && trace_queued() >= MAX_BATCH ? 0 : (uint64_t)PERIOD_MS << otlp->tries);
}

static void take_batch(struct otlp *otlp)
{
	struct span *spans[MAX_BATCH];
	size_t count = 0;

	while (count < MAX_BATCH && (spans[count] = trace_pop()))
		count++;
	if (!count)
		return;
	otlp_write(&otlp->body, &otlp->resource, spans, count);
	otlp->count = count;
	while (count)
		mem_unref(spans[--count]);
}

static void send_batch(void *arg)
{
	struct otlp *otlp = arg;
	struct http_client_params params = {
		.method = "POST",
		.url = otlp->url,
		.headers = (const char *const *)otlp->headers,
		.timeout_ms = TIMEOUT_MS,
	};

	if (otlp->exchange)
		return;
	if (!otlp->count)
		take_batch(otlp);
	if (!otlp->count) {
		timer_start(otlp->timer, PERIOD_MS);
		return;
	}
	params.body = otlp->body.data;
	params.body_len = otlp->body.len;
	otlp->tries++;
	if (http_client_request(&otlp->exchange, otlp->client, &params, NULL, on_sent, otlp)) {
		batch_over(otlp, "failed");
		timer_start(otlp->timer, PERIOD_MS);
	}
}

bool otlp_flush(struct otlp *otlp)
{
	if (!otlp)
		return true;
	if (!otlp->exchange && !otlp->troubled && (otlp->count || trace_queued()))
		send_batch(otlp);
	return !otlp->exchange || otlp->troubled;
}

void otlp_finish(struct otlp *otlp, uint32_t bound_ms)
{
	int64_t until_us = clock_mono_us() + bound_ms * 1000ll;

	while (!otlp_flush(otlp) && clock_mono_us() < until_us)
		loop_run_once(otlp->loop, 20);
}

/* ---- opening ---- */

static void otlp_destroy(void *data)
{
	struct otlp *otlp = data;

	trace_stop();
	mem_unref(otlp->exchange);
	mem_unref(otlp->client);
	mem_unref(otlp->timer);
	otlp_headers_free(otlp->headers);
	buf_free(&otlp->body);
	mem_free(otlp->url);
	mem_free((void *)otlp->resource.service_name);
}

int otlp_new(struct otlp **ret_otlp, struct loop *loop, const struct settings *settings,
	     const char *server, const char *version, char error[OTLP_ERROR_SIZE])
{
	struct otlp *otlp;
	char **headers;

	*ret_otlp = NULL;
	if (str_is_empty(settings->otlp_endpoint))
		return 0;
	if (otlp_headers_parse(&headers, settings->otlp_headers)) {
		snprintf(error, OTLP_ERROR_SIZE,
			 "OTEL_EXPORTER_OTLP_HEADERS: expected name=value,name=value");
		return -EINVAL;
	}
	otlp = mem_new(sizeof(*otlp), otlp_destroy);
	otlp->headers = headers;
	otlp->url = mem_printf("%s/v1/traces", settings->otlp_endpoint);
	uuid_new(otlp->instance);
	otlp->resource = (struct otlp_resource){
		.service_name = str_is_empty(settings->otel_service_name)
					? mem_printf("voiceai-%s", server)
					: mem_strdup(settings->otel_service_name),
		.server = server,
		.version = version,
		.instance = otlp->instance,
	};
	log_init(&otlp->log, "otlp", NULL);
	otlp->loop = loop;
	otlp->client = http_client_new(loop);
	otlp->timer = timer_new(loop, send_batch, otlp);
	timer_start(otlp->timer, PERIOD_MS);
	trace_start(settings->trace_sample_ratio);
	*ret_otlp = otlp;
	return 0;
}
