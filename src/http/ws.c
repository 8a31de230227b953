#include "http/ws.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "http/http_url.h"
#include "http/ws_priv.h"
#include "loop/loop.h"
#include "loop/timer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

enum {
	DEFAULT_MESSAGE_BYTES = 64 * 1024,
	DEFAULT_QUEUE_BYTES = 1024 * 1024,
	DEFAULT_CONNECT_MS = 5000,
	CLOSE_MS = 2000,
	MAX_REASON_BYTES = 123, /* RFC 6455, 5.5.1 */
	MAX_HEADERS = 32,
	DIRECT_BYTES = 4096,
};

enum { CODE_GOING_AWAY = 1001, CODE_NO_STATUS = 1005, CODE_ABNORMAL = 1006, CODE_TOO_BIG = 1009 };

/* LWS_WRITE_CLOSE, which lws_write() takes but no public header of the library names. */
#define WRITE_CLOSE_FRAME ((enum lws_write_protocol)4)

/*
 * CONNECTING -> OPEN -> CLOSING -> CLOSED, any of them straight to CLOSED. CLOSING: what is queued
 * goes out, then the close frame, and the peer has CLOSE_MS for all of it. CLOSED: closeh has run
 * and the connection's own reference is gone.
 */
enum ws_state { WS_CONNECTING, WS_OPEN, WS_CLOSING, WS_CLOSED };

struct message {
	struct list_node node;
	size_t len;
	bool binary;
	uint8_t data[]; /* LWS_PRE bytes for the library, then the message */
};

struct dial {
	char *url;
	struct http_url parts; /* its target points into url */
	char *headers;         /* as they go on the wire */
	uv_getaddrinfo_t resolve;
	bool resolving;
};

struct ws {
	struct lws_link link;
	struct list_node node; /* in the server's list */
	bool counted;          /* in METRIC_HTTP_WEBSOCKETS */
	struct loop *loop;
	struct lws_hub *hub;
	struct lws *wsi;
	enum ws_state state;
	struct ws_handlers handlers;
	void *arg;
	struct list queue;
	size_t queued_bytes;
	struct buf rx;
	struct timer *timer; /* of the handshake, then of the closing */
	uint16_t close_code; /* 0 until either side closes */
	char close_reason[MAX_REASON_BYTES + 1];
	bool close_sent;
	struct dial *dial; /* NULL on the server's side */
	void *place;       /* among the server's connections; may be NULL */
};

static void queue_clear(struct ws *ws)
{
	struct message *message;

	while ((message = list_pop(&ws->queue)))
		mem_free(message);
	ws->queued_bytes = 0;
}

static void dial_free(struct dial *dial)
{
	if (!dial)
		return;
	mem_free(dial->url);
	mem_free(dial->headers);
	mem_free(dial);
}

static void ws_destroy(void *data)
{
	struct ws *ws = data;

	if (ws->counted)
		metric_add(METRIC_HTTP_WEBSOCKETS, "", -1);
	list_remove(&ws->node);
	queue_clear(ws);
	buf_free(&ws->rx);
	dial_free(ws->dial);
	mem_unref(ws->timer);
	mem_unref(ws->hub);
	mem_unref(ws->place);
}

/* ---- the end ---- */

/*
 * Written rather than asked for by lws_close_reason() and a non-zero return: builds of the library
 * with _DEBUG, such as Debian's, close a connection twice over then, and the frame is lost.
 */
static int write_close_frame(struct lws *wsi, uint16_t code, const char *reason)
{
	uint8_t frame[LWS_PRE + 2 + MAX_REASON_BYTES];
	size_t len = strlen(reason);

	frame[LWS_PRE] = (uint8_t)(code >> 8);
	frame[LWS_PRE + 1] = (uint8_t)code;
	memcpy(frame + LWS_PRE + 2, reason, len);
	return lws_write(wsi, frame + LWS_PRE, len + 2, WRITE_CLOSE_FRAME) < 0 ? -1 : 0;
}

/* Has said goodbye. */
static int on_farewell_event(struct lws_link *link, struct lws *wsi,
			     enum lws_callback_reasons reason, void *in, size_t len)
{
	return reason == LWS_CALLBACK_WS_PEER_INITIATED_CLOSE ? -1 : 0;
}

static struct lws_link farewell_link = {on_farewell_event};

/* Says goodbye for a connection that has no owner any more. */
static int on_orphan_event(struct lws_link *link, struct lws *wsi, enum lws_callback_reasons reason,
			   void *in, size_t len)
{
	switch (reason) {
	case LWS_CALLBACK_SERVER_WRITEABLE:
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		lws_link_set(wsi, &farewell_link);
		return write_close_frame(wsi, CODE_GOING_AWAY, "");
	case LWS_CALLBACK_ESTABLISHED:
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		return -1;
	default:
		return 0;
	}
}

static struct lws_link orphan_link = {on_orphan_event};

/* Leave the connection, if there is one, to the library: it says goodbye and has CLOSE_MS for it.
 */
static void let_go(struct ws *ws, bool polite)
{
	struct lws *wsi = ws->wsi;

	ws->wsi = NULL;
	if (!wsi)
		return;
	if (!polite) {
		lws_link_drop(wsi);
		return;
	}
	lws_link_set(wsi, &orphan_link);
	lws_callback_on_writable(wsi);
	lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, CLOSE_MS / 1000);
}

static void ws_finish(struct ws *ws, int code, const char *reason, int http_status)
{
	ws_close_h *closeh = ws->handlers.closeh;
	char text[MAX_REASON_BYTES + 1];

	if (ws->state == WS_CLOSED)
		return;
	ws->state = WS_CLOSED;
	list_remove(&ws->node);
	ws->timer = mem_unref(ws->timer);
	if (ws->dial && ws->dial->resolving)
		uv_cancel((uv_req_t *)&ws->dial->resolve);
	queue_clear(ws);
	str_copy(text, sizeof(text), reason ? reason : "");
	ws->hub = mem_unref(ws->hub);
	if (closeh)
		closeh(ws, code, text, http_status, ws->arg);
	mem_unref(ws);
}

/* The library has closed the connection. */
static void on_gone(struct ws *ws, struct lws *wsi)
{
	lws_link_set(wsi, NULL);
	ws->wsi = NULL;
	ws_finish(ws, ws->close_code ? ws->close_code : CODE_ABNORMAL, ws->close_reason, 0);
}

static void on_failed(struct ws *ws, struct lws *wsi, const char *why, size_t len)
{
	int status = (int)lws_http_client_http_response(wsi);
	char reason[MAX_REASON_BYTES + 1];

	snprintf(reason, sizeof(reason), "%.*s", why ? (int)len : 0, why ? why : "");
	lws_link_set(wsi, NULL);
	ws->wsi = NULL;
	ws_finish(ws, CODE_ABNORMAL, reason, status);
}

static void on_deadline(void *arg)
{
	struct ws *ws = arg;
	bool connecting = ws->state == WS_CONNECTING;

	let_go(ws, false);
	ws_finish(ws, connecting || !ws->close_code ? CODE_ABNORMAL : ws->close_code,
		  connecting ? "handshake timed out" : ws->close_reason, 0);
}

/* ---- messages ---- */

static void begin_close(struct ws *ws, uint16_t code, const char *reason)
{
	ws->close_code = code;
	str_copy(ws->close_reason, sizeof(ws->close_reason), reason ? reason : "");
	ws->state = WS_CLOSING;
	timer_start(ws->timer, CLOSE_MS);
}

static int send_close_frame(struct ws *ws, struct lws *wsi)
{
	ws->close_sent = true;
	return write_close_frame(wsi, ws->close_code, ws->close_reason);
}

static int on_writable(struct ws *ws, struct lws *wsi)
{
	struct message *message = list_pop(&ws->queue);
	int sent;

	if (!message)
		return ws->state == WS_CLOSING && !ws->close_sent ? send_close_frame(ws, wsi) : 0;
	ws->queued_bytes -= message->len;
	sent = lws_write(wsi, message->data + LWS_PRE, message->len,
			 message->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
	mem_free(message);
	if (sent < 0)
		return -1;
	if (ws->queue.len || ws->state == WS_CLOSING)
		lws_callback_on_writable(wsi);
	else if (ws->handlers.drainh)
		ws->handlers.drainh(ws, ws->arg);
	return 0;
}

static int on_bytes(struct ws *ws, struct lws *wsi, const void *data, size_t len)
{
	bool binary = lws_frame_is_binary(wsi);

	if (ws->state != WS_OPEN)
		return 0;
	if (ws->rx.len + len > ws->handlers.max_message_bytes) {
		begin_close(ws, CODE_TOO_BIG, "message too big");
		queue_clear(ws);
		lws_callback_on_writable(wsi);
		return 0;
	}
	buf_append(&ws->rx, data, len);
	if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi))
		return 0;
	if (ws->handlers.messageh) {
		struct buf message = ws->rx;

		ws->rx = (struct buf){0};
		ws->handlers.messageh(ws, buf_str(&message), message.len, binary, ws->arg);
		buf_free(&message);
	} else {
		buf_clear(&ws->rx);
	}
	return 0;
}

/* The library answers the frame itself, unless it is the answer to ours. */
static int on_peer_close(struct ws *ws, const uint8_t *data, size_t len)
{
	if (ws->close_sent)
		return -1;
	if (ws->close_code)
		return 0;
	ws->close_code = CODE_NO_STATUS;
	if (len < 2)
		return 0;
	ws->close_code = (uint16_t)(data[0] << 8 | data[1]);
	snprintf(ws->close_reason, sizeof(ws->close_reason), "%.*s", (int)(len - 2),
		 (const char *)data + 2);
	return 0;
}

static void on_open(struct ws *ws, struct lws *wsi)
{
	ws->wsi = wsi;
	if (ws->state != WS_CONNECTING)
		return;
	ws->state = WS_OPEN;
	timer_stop(ws->timer);
	if (ws->handlers.openh)
		ws->handlers.openh(ws, ws->arg);
}

static int append_headers(const struct dial *dial, char **at, size_t room)
{
	size_t len = dial && dial->headers ? strlen(dial->headers) : 0;

	if (len >= room)
		return -1;
	if (len)
		memcpy(*at, dial->headers, len);
	*at += len;
	return 0;
}

static int handle_event(struct ws *ws, struct lws *wsi, enum lws_callback_reasons reason, void *in,
			size_t len)
{
	switch (reason) {
	case LWS_CALLBACK_ESTABLISHED:
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		on_open(ws, wsi);
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		return on_writable(ws, wsi);
	case LWS_CALLBACK_RECEIVE:
	case LWS_CALLBACK_CLIENT_RECEIVE:
		return on_bytes(ws, wsi, in, len);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		return on_peer_close(ws, in, len);
	case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
		return append_headers(ws->dial, in, len);
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		on_failed(ws, wsi, in, len);
		return 0;
	case LWS_CALLBACK_CLOSED:
	case LWS_CALLBACK_CLIENT_CLOSED:
	case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
	case LWS_CALLBACK_WSI_DESTROY:
		on_gone(ws, wsi);
		return 0;
	default:
		return 0;
	}
}

static int on_event(struct lws_link *link, struct lws *wsi, enum lws_callback_reasons reason,
		    void *in, size_t len)
{
	struct ws *ws = mem_ref((void *)link); /* link is the first member */
	int result = handle_event(ws, wsi, reason, in, len);

	mem_unref(ws);
	return result;
}

static struct ws *ws_new(struct loop *loop, const struct ws_handlers *handlers, void *arg)
{
	struct ws *ws = mem_new(sizeof(*ws), ws_destroy);

	ws->link.eventh = on_event;
	ws->loop = loop;
	ws->handlers = *handlers;
	ws->arg = arg;
	if (!ws->handlers.max_message_bytes)
		ws->handlers.max_message_bytes = DEFAULT_MESSAGE_BYTES;
	if (!ws->handlers.max_queue_bytes)
		ws->handlers.max_queue_bytes = DEFAULT_QUEUE_BYTES;
	ws->timer = timer_new(loop, on_deadline, ws);
	return ws;
}

/* ---- server ---- */

struct ws *ws_accept(struct loop *loop, struct lws_hub *hub, struct lws *wsi,
		     const struct ws_handlers *handlers, void *arg, struct list *sockets,
		     void *place)
{
	struct ws *ws = ws_new(loop, handlers, arg);

	ws->hub = mem_ref(hub);
	ws->wsi = wsi;
	ws->place = mem_ref(place);
	list_append(sockets, &ws->node, ws);
	ws->counted = true;
	metric_add(METRIC_HTTP_WEBSOCKETS, "", 1);
	timer_start(ws->timer, DEFAULT_CONNECT_MS);
	lws_link_set(wsi, &ws->link);
	return ws;
}

static void finish_dropped(void *arg)
{
	struct ws *ws = arg;

	ws_finish(ws, CODE_GOING_AWAY, "server is going away", 0);
	mem_unref(ws);
}

void ws_drop(struct ws *ws)
{
	list_remove(&ws->node);
	ws->timer = mem_unref(ws->timer); /* what waits on the loop must not keep it */
	let_go(ws, true);
	loop_post(ws->loop, finish_dropped, mem_ref(ws));
}

/* ---- client ---- */

static void dial_failed(struct ws *ws, const char *reason)
{
	ws_finish(ws, CODE_ABNORMAL, reason, 0);
}

static void dial_address(struct ws *ws, const char *address)
{
	const struct http_url *url = &ws->dial->parts;
	bool default_port = url->port == (url->tls ? 443 : 80);
	bool v6 = strchr(url->host, ':');
	char host[280], path[4098];
	struct lws_client_connect_info info = {
		.context = lws_hub_context(ws->hub),
		.vhost = lws_hub_vhost(ws->hub),
		.address = address,
		.port = url->port,
		.path = path,
		.host = host,
		.ssl_connection = url->tls ? LCCSCF_USE_SSL : 0,
		.ietf_version_or_minus_one = -1,
		.local_protocol_name = "http",
		.opaque_user_data = &ws->link,
		.pwsi = &ws->wsi,
		.alpn = "http/1.1",
	};

	snprintf(path, sizeof(path), "%s%.*s", *url->target == '?' ? "/" : "", (int)url->target_len,
		 url->target);
	snprintf(host, sizeof(host), v6 ? "[%s]" : "%s", url->host);
	if (!default_port)
		snprintf(host + strlen(host), sizeof(host) - strlen(host), ":%u", url->port);
	if (url->tls && lws_hub_enable_tls(ws->hub)) {
		dial_failed(ws, "no trusted certificates");
		return;
	}
	/* Fails through CLIENT_CONNECTION_ERROR, or without any event. */
	if (!lws_client_connect_via_info(&info) && ws->state == WS_CONNECTING) {
		ws->wsi = NULL;
		dial_failed(ws, "cannot connect");
	}
}

static void on_resolved(uv_getaddrinfo_t *resolve, int status, struct addrinfo *found)
{
	struct ws *ws = resolve->data;
	char address[INET6_ADDRSTRLEN] = "";

	ws->dial->resolving = false;
	if (!status && found->ai_family == AF_INET)
		uv_ip4_name((struct sockaddr_in *)found->ai_addr, address, sizeof(address));
	else if (!status && found->ai_family == AF_INET6)
		uv_ip6_name((struct sockaddr_in6 *)found->ai_addr, address, sizeof(address));
	uv_freeaddrinfo(found);
	if (ws->state == WS_CONNECTING) {
		if (*address)
			dial_address(ws, address);
		else
			dial_failed(ws, "host name not found");
	}
	mem_unref(ws);
}

static bool is_address(const char *host)
{
	struct in6_addr any;

	return inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1;
}

/* Away from the loop: libwebsockets itself would look the name up on the loop's thread. */
static void resolve(struct ws *ws)
{
	struct dial *dial = ws->dial;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};

	dial->resolve.data = mem_ref(ws);
	dial->resolving = true;
	if (!uv_getaddrinfo(loop_uv(ws->loop), &dial->resolve, on_resolved, dial->parts.host, NULL,
			    &hints))
		return;
	dial->resolving = false;
	mem_unref(ws);
	dial_failed(ws, "host name not found");
}

static void start_dial(void *arg)
{
	struct ws *ws = arg;

	if (ws->state == WS_CONNECTING) {
		if (lws_hub_get(&ws->hub, ws->loop))
			dial_failed(ws, "out of resources");
		else if (is_address(ws->dial->parts.host))
			dial_address(ws, ws->dial->parts.host);
		else
			resolve(ws);
	}
	mem_unref(ws);
}

static int format_headers(char **ret_text, const struct ws_header *headers, size_t count)
{
	auto_buf struct buf text = {0};

	if (count > MAX_HEADERS)
		return -EINVAL;
	for (size_t i = 0; i < count; i++) {
		if (str_is_empty(headers[i].name) || strpbrk(headers[i].name, "\r\n: ") ||
		    !headers[i].value || strpbrk(headers[i].value, "\r\n"))
			return -EINVAL;
		buf_printf(&text, "%s: %s\r\n", headers[i].name, headers[i].value);
	}
	if (text.len > 8192)
		return -EINVAL;
	*ret_text = text.len ? buf_steal(&text) : NULL;
	return 0;
}

int ws_connect(struct ws **ret_ws, struct loop *loop, const struct ws_connect_params *params)
{
	struct dial *dial = mem_alloc(sizeof(*dial));
	struct ws *ws;

	dial->url = mem_strdup(params->url);
	if (http_url_parse(&dial->parts, dial->url) || !str_has_prefix(dial->parts.scheme, "ws") ||
	    format_headers(&dial->headers, params->headers, params->header_count)) {
		dial_free(dial);
		return -EINVAL;
	}
	ws = ws_new(loop, &params->handlers, params->arg);
	ws->dial = dial;
	timer_start(ws->timer,
		    params->connect_timeout_ms ? params->connect_timeout_ms : DEFAULT_CONNECT_MS);
	loop_post(loop, start_dial, mem_ref(ws));
	*ret_ws = mem_ref(ws); /* the connection keeps the first reference */
	return 0;
}

/* ---- both ---- */

int ws_send(struct ws *ws, const void *data, size_t len, bool binary)
{
	struct message *message;

	if (ws->state != WS_OPEN || !ws->wsi)
		return -ENOTCONN;
	if (ws->queued_bytes + len > ws->handlers.max_queue_bytes)
		return -ENOBUFS;
	message = mem_alloc(sizeof(*message) + LWS_PRE + len);
	message->len = len;
	message->binary = binary;
	if (len)
		memcpy(message->data + LWS_PRE, data, len);
	list_append(&ws->queue, &message->node, message);
	ws->queued_bytes += len;
	lws_callback_on_writable(ws->wsi);
	return 0;
}

int ws_send_text(struct ws *ws, const char *text)
{
	return ws_send(ws, text, strlen(text), false);
}

size_t ws_queued_bytes(const struct ws *ws)
{
	return ws->queued_bytes;
}

static void finish_unopened(void *arg)
{
	struct ws *ws = arg;

	let_go(ws, false);
	ws_finish(ws, ws->close_code, ws->close_reason, 0);
	mem_unref(ws);
}

void ws_close(struct ws *ws, uint16_t code, const char *reason)
{
	if (ws->state == WS_CONNECTING) {
		begin_close(ws, code, reason);
		loop_post(ws->loop, finish_unopened, mem_ref(ws));
	} else if (ws->state == WS_OPEN && ws->wsi) {
		begin_close(ws, code, reason);
		lws_callback_on_writable(ws->wsi);
	}
}

void ws_detach(struct ws *ws)
{
	bool open = ws->state != WS_CONNECTING;

	ws->handlers = (struct ws_handlers){.max_message_bytes = 1, .max_queue_bytes = 1};
	if (ws->state == WS_CLOSED)
		return;
	let_go(ws, open);
	ws_finish(ws, CODE_GOING_AWAY, "", 0);
}
