#include "engine/data_link.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/digest.h"
#include "core/encoding.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "http/ws.h"
#include "loop/loop.h"
#include "loop/timer.h"

#include <errno.h>
#include <string.h>

enum { MAX_HEADERS = 32, CLOSE_MS = 5000, FIRST_RETRY_MS = 500, MAX_RETRY_MS = 8000 };

struct data_link {
	struct loop *loop;
	struct log log;
	char *call_id;
	char *url;
	json_t *config;
	json_t *secrets;
	struct ws *ws;
	struct timer *timer;
	struct data_link *self; /* held while a goodbye is under way */
	data_link_message_h *messageh;
	void *arg;
	char *queue[DATA_LINK_MAX_QUEUE];
	size_t queue_head, queue_len, lost;
	uint32_t dials, retry_ms;
	bool open, closing;
};

/* The API's names for the switches of message types, and who gets them by default. */
static const struct {
	const char *type, *name;
	bool on_link, on_line;
} switches[] = {
	{"pong", "pong", true, true},
	{"state", "state", true, true},
	{"transcript", "transcript", true, true},
	{"call_started", "callStarted", true, true},
	{"playback_clear_buffer", "playbackClearBuffer", false, true},
	{"data_connection_tool_invocation", "dataConnectionToolInvocation", true, false},
	{"client_tool_invocation", "clientToolInvocation", true, true},
	{"turn_timing", "turnTiming", true, true},
	{"outcome", "outcome", true, true},
};

bool data_message_enabled(const json_t *data_messages, const char *type, bool is_link)
{
	for (size_t i = 0; i < ARRAY_LEN(switches); i++) {
		if (str_equal(type, switches[i].type))
			return json_get_bool(data_messages, switches[i].name,
					     is_link ? switches[i].on_link : switches[i].on_line);
	}
	return true;
}

/* Comma-separated HMACs of call id and timestamp, one a secret. */
static void sign(const struct data_link *link, const char *timestamp, struct buf *out)
{
	auto_free char *message = mem_printf("%s%s", link->call_id, timestamp);
	size_t i;
	json_t *secret;

	json_array_foreach(link->secrets, i, secret)
	{
		uint8_t digest[SHA256_LEN];
		char hex[2 * SHA256_LEN + 1];

		digest_hmac_sha256(digest, json_string_value(secret), json_string_length(secret),
				   message, strlen(message));
		hex_encode(hex, digest, sizeof(digest));
		buf_printf(out, "%s%s", out->len ? "," : "", hex);
	}
}

static size_t own_headers(const struct data_link *link, struct ws_header *headers)
{
	const char *name;
	json_t *value;
	size_t count = 0;

	json_object_foreach(json_object_get(link->config, "headers"), name, value)
	{
		if (count == MAX_HEADERS)
			break;
		headers[count++] = (struct ws_header){name, json_string_value(value)};
	}
	return count;
}

static void link_opened(struct ws *ws, void *arg);
static void link_received(struct ws *ws, const char *data, size_t len, bool binary, void *arg);
static void link_closed(struct ws *ws, int code, const char *reason, int status, void *arg);

static int dial(struct data_link *link)
{
	struct ws_header headers[MAX_HEADERS + 3];
	size_t count = own_headers(link, headers);
	char timestamp[TIMESTAMP_SIZE];
	auto_buf struct buf signature = {0};
	struct ws_connect_params params = {
		.url = link->url,
		.headers = headers,
		.handlers = {.openh = link_opened,
			     .messageh = link_received,
			     .closeh = link_closed},
		.arg = link,
	};

	timestamp_iso(timestamp, clock_wall_us());
	headers[count++] = (struct ws_header){"X-Ultravox-Call-ID", link->call_id};
	if (json_array_size(link->secrets) > 0) {
		sign(link, timestamp, &signature);
		headers[count++] = (struct ws_header){"X-Ultravox-Signature-Timestamp", timestamp};
		headers[count++] = (struct ws_header){"X-Ultravox-Signature", buf_str(&signature)};
	}
	params.header_count = count;
	link->dials++;
	return ws_connect(&link->ws, link->loop, &params);
}

static void flush(struct data_link *link)
{
	while (link->open && link->queue_len > 0) {
		char *text = link->queue[link->queue_head];

		if (ws_send_text(link->ws, text) != 0)
			return;
		mem_free(text);
		link->queue_head = (link->queue_head + 1) % DATA_LINK_MAX_QUEUE;
		link->queue_len--;
	}
}

static void link_opened(struct ws *ws, void *arg)
{
	struct data_link *link = arg;

	link->open = true;
	LOG_INFO(&link->log, "data_connection_open", LOG_INT("dials", link->dials));
	flush(link);
	if (link->closing)
		ws_close(link->ws, 1000, "call ended");
}

static void link_received(struct ws *ws, const char *data, size_t len, bool binary, void *arg)
{
	struct data_link *link = arg;
	auto_json json_t *message = NULL;

	if (binary || json_parse(&message, data, len, NULL) != 0 || !json_is_object(message)) {
		LOG_WARN(&link->log, "data_message_refused",
			 LOG_STR("reason", "not a JSON object"));
		return;
	}
	if (!link->closing && link->messageh)
		link->messageh(message, link->arg);
}

static void let_go(struct data_link *link)
{
	struct data_link *self = link->self;

	timer_stop(link->timer);
	link->self = NULL;
	mem_unref(self);
}

static void link_closed(struct ws *ws, int code, const char *reason, int status, void *arg)
{
	struct data_link *link = arg;

	link->open = false;
	link->ws = mem_unref(link->ws);
	if (link->closing && (link->queue_len == 0 || link->dials >= DATA_LINK_MAX_DIALS)) {
		let_go(link);
		return;
	}
	LOG_WARN(&link->log, "data_connection_closed", LOG_INT("code", code),
		 LOG_INT("http_status", status), LOG_STR("reason", reason ? reason : ""),
		 LOG_INT("dials", link->dials));
	if (link->dials >= DATA_LINK_MAX_DIALS || link->closing)
		return;
	timer_start(link->timer, link->retry_ms);
	link->retry_ms = link->retry_ms * 2 > MAX_RETRY_MS ? MAX_RETRY_MS : link->retry_ms * 2;
}

static void timer_fired(void *arg)
{
	struct data_link *link = arg;

	if (link->closing) {
		let_go(link);
		return;
	}
	if (dial(link) != 0)
		LOG_WARN(&link->log, "data_connection_failed", LOG_STR("reason", "bad URL"));
}

static void link_destroy(void *data)
{
	struct data_link *link = data;

	if (link->ws) {
		ws_detach(link->ws);
		mem_unref(link->ws);
	}
	mem_unref(link->timer);
	for (; link->queue_len > 0; link->queue_len--) {
		mem_free(link->queue[link->queue_head]);
		link->queue_head = (link->queue_head + 1) % DATA_LINK_MAX_QUEUE;
	}
	json_decref(link->config);
	json_decref(link->secrets);
	mem_free(link->call_id);
	mem_free(link->url);
}

int data_link_new(struct data_link **ret_link, struct loop *loop, const struct data_link_conf *conf,
		  data_link_message_h *messageh, void *arg)
{
	struct data_link *link = mem_new(sizeof(*link), link_destroy);
	int err;

	link->loop = loop;
	log_init(&link->log, "engine", conf->call_id);
	link->call_id = mem_strdup(conf->call_id);
	link->url = mem_strdup(json_get_str(conf->config, "websocketUrl", ""));
	link->config = json_deep_copy(conf->config);
	link->secrets = json_deep_copy(conf->secrets);
	link->retry_ms = conf->retry_ms ? conf->retry_ms : FIRST_RETRY_MS;
	link->timer = timer_new(loop, timer_fired, link);
	link->messageh = messageh;
	link->arg = arg;
	err = dial(link);
	if (err) {
		mem_unref(link);
		return err;
	}
	*ret_link = link;
	return 0;
}

void data_link_send(struct data_link *link, const json_t *message)
{
	const json_t *wanted;

	if (!link || link->closing)
		return;
	wanted = json_object_get(link->config, "dataMessages");
	if (!data_message_enabled(wanted, json_get_str(message, "type", ""), true))
		return;
	if (link->queue_len == DATA_LINK_MAX_QUEUE) {
		if (link->lost++ == 0)
			LOG_WARN(&link->log, "data_messages_lost");
		return;
	}
	link->queue[(link->queue_head + link->queue_len++) % DATA_LINK_MAX_QUEUE] =
		json_text(message);
	flush(link);
}

void data_link_close(struct data_link *link)
{
	if (!link || link->closing)
		return;
	link->closing = true;
	link->messageh = NULL;
	if (!link->ws)
		return;
	link->self = mem_ref(link);
	timer_start(link->timer, CLOSE_MS);
	flush(link);
	if (link->open && link->queue_len == 0)
		ws_close(link->ws, 1000, "call ended");
}
