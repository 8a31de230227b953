#include "core/clock.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "core/trace.h"
#include "http/http_priv.h"
#include "http/ws_priv.h"
#include "loop/loop.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	WRITE_BYTES = 65536, /* a time; what the socket does not take, libwebsockets buffers */
	LINGER_S = 2,
	LEAST_RATE = 1024, /* bytes a second that a peer has to read of an answer */
	MAX_REPEATS = 1000,
};

/* ---- the end of a connection ---- */

static void answer_clear(struct http_answer *answer)
{
	mem_free(answer->data);
	if (answer->fd >= 0)
		close(answer->fd);
	mem_unref(answer->body);
	*answer = (struct http_answer){.fd = -1};
}

static void request_cut(struct http_request *req)
{
	if (!req)
		return;
	http_request_forget(req);
	req->conn = NULL;
	req->server = NULL;
}

static void conn_destroy(void *data)
{
	struct http_conn *conn = data;

	list_remove(&conn->node);
	request_cut(conn->receiving);
	request_cut(conn->waiting);
	mem_unref(conn->receiving);
	mem_unref(conn->place);
	answer_clear(&conn->answer);
}

static uint64_t now_ms(void)
{
	return (uint64_t)(clock_mono_us() / 1000);
}

static void allow_seconds(struct http_conn *conn, uint64_t seconds)
{
	conn->deadline_ms = now_ms() + seconds * 1000;
}

/* The connection belongs to nobody from here: closed, upgraded, or without a server. */
static void conn_release(struct http_conn *conn)
{
	if (!conn->server)
		return;
	conn->server = NULL;
	metric_add(METRIC_HTTP_CONNECTIONS, "", -1);
	list_remove(&conn->node);
	request_cut(conn->receiving);
	request_cut(conn->waiting);
	conn->waiting = NULL;
	conn->wsi = NULL;
	mem_unref(conn);
}

void http_conn_drop(struct http_conn *conn)
{
	if (conn->wsi)
		lws_link_drop(conn->wsi);
	conn_release(conn);
}

/* ---- writing ---- */

static void resume_reading(struct http_conn *conn)
{
	if (!conn->paused)
		return;
	conn->paused = false;
	lws_rx_flow_control(conn->wsi, 1);
}

void http_conn_answer(struct http_conn *conn, const struct http_answer *answer)
{
	answer_clear(&conn->answer);
	conn->answer = *answer;
	conn->waiting = NULL;
	if (conn->body_unknown)
		conn->answer.close = true;
	resume_reading(conn); /* the library does not report writability while reading is off */
	lws_set_timeout(conn->wsi, PENDING_TIMEOUT_HTTP_CONTENT,
			(int)conn->server->conf.idle_timeout_s);
	allow_seconds(conn, conn->server->conf.idle_timeout_s +
				    (answer->len + answer->file_left) / LEAST_RATE);
	lws_callback_on_writable(conn->wsi);
}

void http_conn_wake(struct http_conn *conn)
{
	if (conn->wsi)
		lws_callback_on_writable(conn->wsi);
}

/* Closing at once would reset the connection under data the peer still sends, and lose the answer.
 */
static int linger(struct http_conn *conn, struct lws *wsi)
{
	conn->lingering = true;
	conn->deadline_ms = 0;
	shutdown(lws_get_socket_fd(wsi), SHUT_WR);
	lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LINGER_S);
	return 0;
}

static int finish_answer(struct http_conn *conn, struct lws *wsi)
{
	bool close_after = conn->answer.close;

	answer_clear(&conn->answer);
	allow_seconds(conn, conn->server->conf.idle_timeout_s);
	if (close_after)
		return conn->body_unknown ? linger(conn, wsi) : -1;
	return lws_http_transaction_completed(wsi) ? -1 : 0;
}

/* Returns 1 when the file is done, 0 for more to come, -1 on failure. */
static int write_file_part(struct http_answer *answer, struct lws *wsi)
{
	uint8_t block[LWS_PRE + WRITE_BYTES];
	size_t want = answer->file_left < WRITE_BYTES ? (size_t)answer->file_left : WRITE_BYTES;
	ssize_t got = want ? read(answer->fd, block + LWS_PRE, want) : 0;

	if (!want)
		return 1;
	if (got <= 0) /* shorter than it was: the length we promised cannot be kept */
		return -1;
	if (lws_write(wsi, block + LWS_PRE, (size_t)got, LWS_WRITE_HTTP) < 0)
		return -1;
	answer->file_left -= (uint64_t)got;
	return !answer->file_left;
}

/* Nothing to write until the source gives more. */
enum { WAITING = 2 };

static int ask_for_more(struct http_body *body)
{
	size_t len = body->left < HTTP_BODY_PIECE ? (size_t)body->left : HTTP_BODY_PIECE;

	if (!body->asking) {
		body->asking = true;
		body->moreh(body, body->offset, len, body->arg);
	}
	return WAITING;
}

static int write_body_part(struct http_body *body, struct lws *wsi)
{
	uint8_t block[LWS_PRE + WRITE_BYTES];
	size_t ready = body->ready.len - body->sent;
	size_t part = ready < WRITE_BYTES ? ready : WRITE_BYTES;

	if (body->failed) /* the length we promised cannot be kept */
		return -1;
	if (!part)
		return body->left ? ask_for_more(body) : 1;
	memcpy(block + LWS_PRE, body->ready.data + body->sent, part);
	if (lws_write(wsi, block + LWS_PRE, part, LWS_WRITE_HTTP) < 0)
		return -1;
	body->sent += part;
	return body->sent == body->ready.len && !body->left;
}

static int write_part(struct http_answer *answer, struct lws *wsi)
{
	size_t left = answer->len - answer->sent;
	size_t part = left < WRITE_BYTES ? left : WRITE_BYTES;

	if (!part && answer->body)
		return write_body_part(answer->body, wsi);
	if (!part)
		return answer->fd >= 0 ? write_file_part(answer, wsi) : 1;
	if (lws_write(wsi, answer->data + LWS_PRE + answer->sent, part, LWS_WRITE_HTTP) < 0)
		return -1;
	answer->sent += part;
	return answer->sent == answer->len && answer->fd < 0 && !answer->body;
}

static int on_writable(struct http_conn *conn, struct lws *wsi)
{
	int done = 0;

	conn->repeats = 0;
	if (!conn->answer.data)
		return 0;
	do {
		done = write_part(&conn->answer, wsi);
	} while (!done && !lws_send_pipe_choked(wsi));
	if (done < 0)
		return -1;
	if (done == WAITING)
		return 0;
	if (done)
		return finish_answer(conn, wsi);
	lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, (int)conn->server->conf.idle_timeout_s);
	lws_callback_on_writable(wsi);
	return 0;
}

/* ---- requests ---- */

/* The span may end in the handler, and goes on being what the handler's work belongs to. */
static void handle(struct http_request *req)
{
	struct span *span, *before;

	http_request_trace(req);
	span = mem_ref(req->span);
	before = span_enter(span);
	req->route->requesth(req, req->route->arg);
	span_leave(before);
	mem_unref(span);
}

static bool passes_gate(const struct http_conn *conn, struct http_request *req)
{
	return !conn->server->gateh || conn->server->gateh(req, conn->server->gate_arg);
}

/* The open route that the request asks about before it is used, or NULL. */
static const struct http_route *preflight_of(const struct http_conn *conn,
					     const struct http_request *req)
{
	if (!str_equal(req->method, "OPTIONS") || !http_request_header(req, "origin"))
		return NULL;
	return http_route_open(conn->server, req,
			       http_request_header(req, "access-control-request-method"));
}

static void dispatch(struct http_conn *conn)
{
	struct http_request *req = conn->receiving;
	const struct http_edge *edge = conn->server->conf.edge;
	const char *message = NULL;
	const struct http_route *asked_about;
	auto_buf struct buf known = {0};
	int status;

	conn->receiving = NULL;
	conn->waiting = req;
	conn->deadline_ms = 0;
	asked_about = preflight_of(conn, req);
	req->route = http_route_find(conn->server, req, false, &known);
	status = edge ? http_edge_check(edge, req, false, &message) : 0;
	if (status) {
		http_request_fail(req, status, message);
	} else if (!asked_about && known.len && edge && http_edge_is_preflight(edge, req)) {
		http_edge_preflight(req, buf_str(&known));
	} else if (!passes_gate(conn, req)) {
		/* answered */
	} else if (asked_about) {
		asked_about->preflighth(req, asked_about->arg);
	} else if (req->route) {
		handle(req);
	} else if (known.len) {
		http_reply_header(req, "Allow", buf_str(&known));
		http_request_fail(req, 405, "method not allowed");
	} else {
		http_request_fail(req, 404, "not found");
	}
	mem_unref(req);
}

/* Until the answer comes nothing more is read, and nothing times out. */
static void wait_for_answer(struct http_conn *conn, struct lws *wsi)
{
	if (!conn->waiting || conn->paused)
		return;
	conn->paused = true;
	lws_rx_flow_control(wsi, 0);
	lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
}

static void refuse(struct http_conn *conn, int status, const char *message)
{
	struct http_request *req = conn->receiving;

	conn->receiving = NULL;
	conn->waiting = req;
	req->keep_alive = false;
	http_request_fail(req, status, message);
	mem_unref(req);
}

static const char *refusal_text(int status)
{
	switch (status) {
	case 408:
		return "the request did not come in time";
	case 411:
		return "content length required";
	case 413:
		return "body too large";
	case 414:
		return "URI too long";
	case 431:
		return "too many headers";
	case 501:
		return "method or transfer coding not supported";
	default:
		return "malformed request";
	}
}

static int on_request(struct http_conn *conn, struct lws *wsi)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	uint8_t interim[LWS_PRE + sizeof(go_on)];
	int status = http_request_read(&conn->receiving, conn, wsi);

	conn->asked = true;
	conn->chunked = (struct chunked){0};
	allow_seconds(conn, conn->server->conf.body_timeout_s);
	if (status) {
		conn->body_unknown = true;
		refuse(conn, status, refusal_text(status));
		return 0;
	}
	if (conn->receiving->body_want) {
		const char *expect = http_request_header(conn->receiving, "expect");

		if (expect && str_equal_nocase(expect, "100-continue")) {
			memcpy(interim + LWS_PRE, go_on, sizeof(go_on) - 1);
			lws_write(wsi, interim + LWS_PRE, sizeof(go_on) - 1, LWS_WRITE_HTTP);
		}
		return 0;
	}
	dispatch(conn);
	return 0;
}

static int on_chunked_body(struct http_conn *conn, const void *data, size_t len)
{
	struct http_request *req = conn->receiving;
	int result = chunked_decode(&conn->chunked, &req->body, req->body_want, data, len);

	if (result == 1)
		dispatch(conn);
	else if (result)
		refuse(conn, result == -EMSGSIZE ? 413 : 400,
		       refusal_text(result == -EMSGSIZE ? 413 : 400));
	return 0;
}

static int on_body(struct http_conn *conn, const void *data, size_t len)
{
	struct http_request *req = conn->receiving;

	if (!req)
		return 0; /* refused already: thrown away */
	if (req->chunked)
		return on_chunked_body(conn, data, len);
	if (len > req->body_want - req->body.len)
		len = req->body_want - req->body.len;
	buf_append(&req->body, data, len);
	return 0;
}

/*
 * The library repeats the end of a body while a further request waits behind it, and when both were
 * pipelined behind a third it does so for ever, in a loop of its own. Getting out of that costs the
 * connection; an answer that is ready still goes out.
 */
static int on_repeated_end(struct http_conn *conn, struct lws *wsi)
{
	struct http_answer *answer = &conn->answer;

	if (conn->lingering || ++conn->repeats < MAX_REPEATS)
		return 0;
	if (answer->data && answer->fd < 0)
		lws_write(wsi, answer->data + LWS_PRE + answer->sent, answer->len - answer->sent,
			  LWS_WRITE_HTTP);
	answer_clear(answer);
	return -1;
}

static int on_body_complete(struct http_conn *conn, struct lws *wsi)
{
	if (!conn->receiving)
		return on_repeated_end(conn, wsi);
	conn->repeats = 0;
	if (conn->receiving->body.len == conn->receiving->body_want)
		dispatch(conn);
	return 0;
}

/* ---- upgrades ---- */

/* Send an answer while the handshake is refused: the library completes the transaction after this.
 */
static int refuse_upgrade(struct http_conn *conn, struct lws *wsi)
{
	struct http_answer *answer = &conn->answer;
	int result = 1;

	if (!answer->data || answer->fd >= 0 ||
	    lws_write(wsi, answer->data + LWS_PRE, answer->len, LWS_WRITE_HTTP) < 0 ||
	    answer->close)
		result = -1;
	answer_clear(answer);
	return result;
}

/*
 * What we say does not depend on a subprotocol, and a client that offers some must be told one: it
 * gets its first. Other versions than 13 do not exist any more (RFC 6455, 4.2.1).
 */
static int check_handshake(struct http_conn *conn, struct http_request *req)
{
	const char *offered = http_request_header(req, "sec-websocket-protocol");
	const char *connection = http_request_header(req, "connection");

	if (!connection || !strcasestr(connection, "upgrade") ||
	    !http_request_header(req, "sec-websocket-key"))
		return 400;
	if (!str_equal(http_request_header(req, "sec-websocket-version"), "13")) {
		http_reply_header(req, "Sec-WebSocket-Version", "13");
		return 426;
	}
	lws_hub_expect(conn->server->hub, offered ? offered : "http");
	return 0;
}

static int on_upgrade(struct http_conn *conn, struct lws *wsi, const char *protocol)
{
	struct http_request *req;
	struct ws_handlers handlers = {0};
	const struct http_edge *edge = conn->server->conf.edge;
	const char *message = "WebSocket handshake refused";
	auto_buf struct buf known = {0};
	void *arg = NULL;
	int status = http_request_read(&req, conn, wsi);

	conn->waiting = req;
	if (!str_equal_nocase(protocol, "websocket") || !str_equal(req->method, "GET") ||
	    req->body_want)
		status = 400;
	if (!status && edge)
		status = http_edge_check(edge, req, true, &message);
	if (!status && !passes_gate(conn, req))
		status = 403; /* what it has answered counts */
	if (!status) {
		req->route = http_route_find(conn->server, req, true, &known);
		status = req->route ? check_handshake(conn, req) : 404;
	}
	if (!status)
		status = req->route->upgradeh(req, &handlers, &arg, req->route->arg);
	if (!conn->server) { /* gone in the handler */
		mem_unref(req);
		return -1;
	}
	if (!status) {
		req->answered = true;
		conn->waiting = NULL;
		ws_accept(conn->server->loop, conn->server->hub, wsi, &handlers, arg,
			  &conn->server->sockets, conn->place);
		request_cut(req);
		conn_release(conn);
		mem_unref(req);
		return 0;
	}
	if (!req->answered)
		http_request_fail(req, status, message);
	mem_unref(req);
	return refuse_upgrade(conn, wsi);
}

/* ---- the library's events ---- */

static int handle_event(struct http_conn *conn, struct lws *wsi, enum lws_callback_reasons reason,
			void *in, size_t len)
{
	int result = 0;

	switch (reason) {
	case LWS_CALLBACK_HTTP:
		result = on_request(conn, wsi);
		break;
	case LWS_CALLBACK_HTTP_BODY:
		result = on_body(conn, in, len);
		break;
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		result = on_body_complete(conn, wsi);
		break;
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return on_writable(conn, wsi);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return on_upgrade(conn, wsi, in);
	case LWS_CALLBACK_RAW_RX: /* CONNECT, which the library takes for a tunnel */
	case LWS_CALLBACK_RAW_ADOPT:
		return -1;
	case LWS_CALLBACK_CLOSED_HTTP:
	case LWS_CALLBACK_RAW_CLOSE:
	case LWS_CALLBACK_WSI_DESTROY:
		lws_link_set(wsi, NULL);
		conn_release(conn);
		return 0;
	default:
		return 0;
	}
	if (!conn->server)
		return -1;
	if (!result)
		wait_for_answer(conn, wsi);
	return result;
}

static int on_event(struct lws_link *link, struct lws *wsi, enum lws_callback_reasons reason,
		    void *in, size_t len)
{
	struct http_conn *conn = mem_ref((void *)link); /* link is the first member */
	int result = handle_event(conn, wsi, reason, in, len);

	mem_unref(conn);
	return result;
}

static void refuse_connection(int fd, const char *reason)
{
	metric_add(METRIC_HTTP_REFUSED, reason, 1);
	close(fd);
}

void http_conn_accept(struct http_server *server, int fd, const struct ip *peer)
{
	const char *reason = "";
	struct http_place *place =
		server->conf.edge ? http_edge_admit(server->conf.edge, peer, &reason) : NULL;
	struct http_conn *conn;
	struct lws *wsi;
	lws_adopt_desc_t adopt = {
		.vh = server->vhost,
		.type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP |
			(server->conf.tls ? LWS_ADOPT_ALLOW_SSL : 0),
		.fd.sockfd = fd,
	};

	if (server->conf.edge && !place) {
		refuse_connection(fd, reason);
		return;
	}
	conn = mem_new(sizeof(*conn), conn_destroy);
	adopt.opaque = &conn->link;
	conn->link.eventh = on_event;
	conn->answer.fd = -1;
	conn->server = server;
	conn->peer = *peer;
	ip_text(conn->peer_text, peer);
	conn->place = place;
	allow_seconds(conn, server->conf.header_timeout_s);
	list_append(&server->conns, &conn->node, conn);
	metric_add(METRIC_HTTP_CONNECTIONS, "", 1);
	metric_add(METRIC_HTTP_CONNECTION_TOTAL, "", 1);
	mem_ref(conn);
	wsi = lws_adopt_descriptor_vhost_via_info(&adopt);
	if (!wsi) /* fd is closed */
		conn_release(conn);
	else if (conn->server)
		conn->wsi = wsi;
	mem_unref(conn);
}

/* ---- slow peers ---- */

static void end_slow(struct http_conn *conn)
{
	if (conn->receiving) {
		metric_add(METRIC_HTTP_REFUSED, "slow_body", 1);
		conn->body_unknown = true;
		refuse(conn, 408, refusal_text(408));
		return;
	}
	if (conn->answer.data)
		metric_add(METRIC_HTTP_REFUSED, "slow_reader", 1);
	else if (!conn->asked)
		metric_add(METRIC_HTTP_REFUSED, "slow_headers", 1);
	http_conn_drop(conn);
}

void http_conn_sweep(struct http_server *server)
{
	uint64_t now = now_ms();

	LIST_EACH(&server->conns, node)
	{
		struct http_conn *conn = node->data;

		if (conn->deadline_ms && now > conn->deadline_ms)
			end_slow(conn);
	}
}
