/* GET /api/v1/live: the WebSocket of live events (docs/live.md) */
#include "core/mem.h"
#include "core/str.h"
#include "core/uuid.h"
#include "http/form.h"
#include "platform/api/api.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/auth.h"
#include "platform/live.h"

#include <string.h>

enum { MAX_QUEUE_BYTES = 1024 * 1024, MAX_MESSAGE_BYTES = 1024 };

struct socket {
	struct api *api;
	struct ws *ws;
	struct live_reader *reader;
	int64_t since;
	char tenant_id[UUID_SIZE];
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
		live_reader_new(socket->api->live, socket->tenant_id, socket->since,
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

	socket = mem_new(sizeof(*socket), socket_destroy);
	socket->api = arg;
	str_copy(socket->tenant_id, sizeof(socket->tenant_id), api_tenant(req));
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

/* ---- tickets: browsers cannot set headers of a handshake ---- */

struct ticket {
	struct http_request *req;
	struct auth_request *giving;
	char word[AUTH_WORD_SIZE];
};

static void ticket_destroy(void *data)
{
	struct ticket *ticket = data;

	mem_unref(ticket->giving);
	mem_unref(ticket->req);
}

static void on_given(int err, struct principal *principal, void *arg)
{
	struct ticket *ticket = arg;
	auto_json json_t *body = NULL;

	if (err) {
		api_fail_errno(ticket->req, err);
	} else {
		body = json_object();
		json_set_str(body, "ticket", ticket->word);
		json_set_int(body, "expires_in", AUTH_TICKET_MS / 1000);
		http_reply_header(ticket->req, "Cache-Control", "no-store");
		http_reply_json(ticket->req, 200, body);
	}
	mem_unref(ticket);
}

static void on_ticket(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct ticket *ticket = mem_new(sizeof(*ticket), ticket_destroy);

	ticket->req = mem_ref(req);
	auth_ticket_give(&ticket->giving, api->auth, api_principal(req), ticket->word, on_given,
			 ticket);
}

void api_live_routes(struct api *api, struct http_server *server)
{
	api_ws_route(api, server, "/api/v1/live", PERM_LIVE_READ, on_upgrade, api);
	api_route(api, server, "POST", "/api/v1/live/ticket", PERM_LIVE_READ, on_ticket, api);
}
