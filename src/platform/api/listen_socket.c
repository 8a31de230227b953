/* GET /api/v1/calls/{call_id}/listen: the WebSocket of a live call's audio (docs/control.md) */
#include "core/mem.h"
#include "core/str.h"
#include "http/ws.h"
#include "platform/api/guard.h"
#include "platform/audit.h"
#include "platform/listen.h"
#include "platform/platform_priv.h"
#include "platform/principal.h"
#include "platform/store/batch.h"

#include <errno.h>

enum { MAX_QUEUED_BYTES = 64 * 1024, CLOSE_AGAIN = 1013 }; /* two seconds of audio */

struct socket {
	struct platform *platform;
	struct ws *ws; /* NULL once closed */
	struct listener *listener;
	struct principal *by;
	char call_id[UUID_SIZE];
};

static void socket_destroy(void *data)
{
	struct socket *socket = data;

	mem_unref(socket->listener);
	mem_unref(socket->by);
	mem_unref(socket->ws);
}

/* Who does not keep up misses frames. Samples are little-endian, as this machine's. */
static void on_frame(const int16_t *frame, void *arg)
{
	struct socket *socket = arg;
	size_t bytes = sizeof(*frame) * LISTEN_FRAME_SAMPLES * LISTEN_CHANNELS;

	if (socket->ws && ws_queued_bytes(socket->ws) < MAX_QUEUED_BYTES)
		(void)ws_send(socket->ws, frame, bytes, true);
}

static void on_over(uint16_t code, const char *reason, void *arg)
{
	struct socket *socket = arg;

	if (socket->ws)
		ws_close(socket->ws, code, reason);
}

static const struct listen_sink sink = {on_frame, on_over};

static void send_header(struct socket *socket)
{
	auto_json json_t *header = json_pack(
		"{s:s,s:s,s:s,s:i,s:i,s:[s,s],s:i}", "type", "listening", "call_id",
		socket->call_id, "encoding", "pcm_s16le", "sample_rate", LISTEN_RATE_HZ, "channels",
		LISTEN_CHANNELS, "channel_names", "caller", "agent", "frame_ms", LISTEN_FRAME_MS);
	auto_free char *text = json_text(header);

	ws_send_text(socket->ws, text);
}

/* ---- opening: the call is looked up, and it is written down who listens ---- */

struct opening {
	struct task task;
	struct socket *socket; /* a reference */
	struct db_request *query;
};

static void opening_release(void *data)
{
	struct opening *opening = data;

	mem_unref(opening->query);
	mem_unref(opening->socket);
}

static void on_audited(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct opening *opening = arg;
	struct socket *socket = opening->socket;

	opening->query = mem_unref(opening->query);
	if (socket->ws && err) {
		ws_close(socket->ws, CLOSE_AGAIN, "try again");
	} else if (socket->ws) {
		err = listen_start(&socket->listener, socket->platform->listen, opening->task.call,
				   &sink, socket);
		if (err == -EMFILE)
			ws_close(socket->ws, LISTEN_CLOSE_TOO_MANY, "as many listen as may");
		else if (err)
			ws_close(socket->ws, LISTEN_CLOSE_NOT_LIVE, "the call is not going on");
		else
			send_header(socket);
	}
	task_end(&opening->task);
}

static void loaded(struct task *task, int err, const char *reason)
{
	struct opening *opening = (struct opening *)task;
	struct socket *socket = opening->socket;
	struct batch batch auto_batch = {0};

	if (!socket->ws) {
		task_end(task);
	} else if (err) {
		ws_close(socket->ws, err == -ENOENT ? LISTEN_CLOSE_NOT_FOUND : CLOSE_AGAIN,
			 err == -ENOENT ? "there is no such call" : "try again");
		task_end(task);
	} else if (!listen_can(task->call)) {
		ws_close(socket->ws, LISTEN_CLOSE_NOT_LIVE, "the call is not going on");
		task_end(task);
	} else {
		audit_add(&batch, socket->by, "call.listen", "call", socket->call_id, NULL);
		batch_run(&batch, &opening->query, task->platform->api.db, on_audited, opening);
	}
}

static void on_open(struct ws *ws, void *arg)
{
	struct socket *socket = arg;
	struct opening *opening = task_new(socket->platform, sizeof(*opening), "listen",
					   socket->by->tenant_id, socket->call_id);

	socket->ws = mem_ref(ws);
	opening->socket = mem_ref(socket);
	opening->task.releaseh = opening_release;
	task_load(&opening->task, loaded);
}

static void on_message(struct ws *ws, const char *data, size_t len, bool binary, void *arg)
{
}

static void on_close(struct ws *ws, int code, const char *reason, int http_status, void *arg)
{
	struct socket *socket = arg;

	socket->listener = mem_unref(socket->listener);
	socket->ws = mem_unref(socket->ws);
	mem_unref(socket);
}

static int on_upgrade(struct http_request *req, struct ws_handlers *ret_handlers, void **ret_arg,
		      void *arg)
{
	const char *call_id = http_request_param(req, "call_id");
	struct socket *socket;

	if (!uuid_is_valid(call_id))
		return 404;
	socket = mem_new(sizeof(*socket), socket_destroy);
	socket->platform = arg;
	socket->by = mem_ref((void *)api_principal(req));
	str_copy(socket->call_id, sizeof(socket->call_id), call_id);
	*ret_handlers =
		(struct ws_handlers){.openh = on_open, .messageh = on_message, .closeh = on_close};
	*ret_arg = socket;
	return 0;
}

void api_listen_routes(struct platform *platform)
{
	api_ws_route(&platform->api, platform->server, "/api/v1/calls/{call_id}/listen",
		     PERM_CALLS_LISTEN, on_upgrade, platform);
}
