/* GET /api/v1/live: the WebSocket of live events (docs/live.md) */
#include "core/mem.h"
#include "core/str.h"
#include "core/uuid.h"
#include "http/form.h"
#include "http/http_server.h"
#include "platform/api/api.h"
#include "platform/live.h"

#include <string.h>

enum { MAX_QUEUE_BYTES = 1024 * 1024, MAX_MESSAGE_BYTES = 1024 };

struct socket {
	struct api *api;
	struct ws *ws;
	struct live_reader *reader;
	int64_t since;
	char call_id[UUID_SIZE];
};

static int socket_send(void *arg, const char *text, size_t len)
{
	struct socket *socket = arg;

	return ws_send(socket->ws, text, len, false);
}

static size_t socket_queued(void *arg)
{
	struct socket *socket = arg;

	return ws_queued_bytes(socket->ws);
}

static void socket_drop(void *arg, uint16_t code, const char *reason)
{
	struct socket *socket = arg;

	ws_close(socket->ws, code, reason);
}

static const struct live_sink sink = {socket_send, socket_queued, socket_drop};

static void socket_destroy(void *data)
{
	struct socket *socket = data;

	mem_unref(socket->reader);
	mem_unref(socket->ws);
}

static void on_open(struct ws *ws, void *arg)
{
	struct socket *socket = arg;

	socket->ws = mem_ref(ws);
	socket->reader =
		live_reader_new(socket->api->live, socket->since,
				socket->call_id[0] ? socket->call_id : NULL, &sink, socket);
	if (!socket->reader)
		ws_close(ws, 1013, "too many readers");
}

/* Readers have nothing to say. */
static void on_message(struct ws *ws, const char *data, size_t len, bool binary, void *arg)
{
}

static void on_close(struct ws *ws, int code, const char *reason, int http_status, void *arg)
{
	mem_unref(arg);
}

static void on_drain(struct ws *ws, void *arg)
{
	struct socket *socket = arg;

	if (socket->reader)
		live_reader_drained(socket->reader);
}

/* A page of another site may open a socket to us with its reader's rights: only our own may. */
static bool is_own_origin(struct http_request *req)
{
	const char *origin = http_request_header(req, "origin");
	const char *host = http_request_header(req, "host");
	const char *name;

	if (!origin)
		return true;
	name = strstr(origin, "://");
	return name && host && str_equal_nocase(name + 3, host);
}

static int read_query(struct http_request *req, struct socket *socket)
{
	const struct form *query = http_request_query(req);
	const char *since = form_get(query, "since"), *call_id = form_get(query, "call_id");

	socket->since = LIVE_FROM_NOW;
	if (since && str_parse_int(&socket->since, since, 0, LIVE_MAX_SEQ))
		return -1;
	if (call_id &&
	    (!call_id[0] || !str_copy(socket->call_id, sizeof(socket->call_id), call_id)))
		return -1;
	return 0;
}

static int on_upgrade(struct http_request *req, struct ws_handlers *ret_handlers, void **ret_arg,
		      void *arg)
{
	struct socket *socket;

	if (!is_own_origin(req))
		return 403;
	socket = mem_new(sizeof(*socket), socket_destroy);
	socket->api = arg;
	if (read_query(req, socket)) {
		mem_unref(socket);
		return 400;
	}
	*ret_handlers = (struct ws_handlers){
		.openh = on_open,
		.messageh = on_message,
		.closeh = on_close,
		.drainh = on_drain,
		.max_message_bytes = MAX_MESSAGE_BYTES,
		.max_queue_bytes = MAX_QUEUE_BYTES,
	};
	*ret_arg = socket;
	return 0;
}

void api_live_routes(struct api *api, struct http_server *server)
{
	http_server_ws_route(server, "/api/v1/live", on_upgrade, api);
}
