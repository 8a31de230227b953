/*
 * GET /api/v1/webhooks/ultravox/data/{call_id}: the data connection. The engine dials it, signed,
 * and tells what is being said as it is said. One socket a call; the call is looked up before the
 * first message counts, and one of another session is turned away.
 *
 * Turns are put together by ordinal: "text" replaces, "delta" appends, and "final" stores the turn.
 */
#include "core/buf.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/setting.h"
#include "core/str.h"
#include "http/http_server.h"
#include "http/ws.h"
#include "loop/timer.h"
#include "platform/overload.h"
#include "platform/platform_priv.h"
#include "platform/transcript.h"
#include "provider/ultravox_signature.h"

#include <errno.h>
#include <math.h>
#include <string.h>

enum {
	MAX_EARLY = 64, /* messages waiting for the call to be looked up */
	CLOSE_POLICY = 1008,
	CLOSE_AGAIN = 1013,
	MAX_TRIES = 20,
	TRY_MS = 250,
};

/* A turn that is growing. Finished ones are forgotten, so this stays short. */
struct turn {
	struct list_node node;
	int64_t ordinal;
	bool agent;
	int64_t began_us;
	struct buf text;
};

struct early {
	struct list_node node;
	char *data;
	size_t len;
};

struct data_socket {
	struct list_node node;
	struct platform *platform;
	struct ws *ws;
	char tenant_id[UUID_SIZE];
	char call_id[UUID_SIZE];
	char session_id[ULTRAVOX_ID_SIZE];
	bool bound; /* the call is ours and this is its session */
	struct list turns;
	struct list early;
	struct log log;
};

static void turn_destroy(void *data)
{
	struct turn *turn = data;

	list_remove(&turn->node);
	buf_free(&turn->text);
}

static void early_destroy(void *data)
{
	struct early *early = data;

	list_remove(&early->node);
	mem_free(early->data);
}

static void socket_destroy(void *data)
{
	struct data_socket *socket = data;
	void *item;

	list_remove(&socket->node);
	overload_set_calls(socket->platform->api.overload, socket->platform->data_sockets.len);
	while ((item = list_pop(&socket->turns)))
		mem_unref(item);
	while ((item = list_pop(&socket->early)))
		mem_unref(item);
	if (socket->ws)
		ws_detach(socket->ws);
	mem_unref(socket->ws);
}

/* ---- messages ---- */

static struct turn *find_turn(struct data_socket *socket, int64_t ordinal)
{
	LIST_EACH(&socket->turns, node)
	{
		struct turn *turn = node->data;

		if (turn->ordinal == ordinal)
			return turn;
	}
	return NULL;
}

static struct turn *take_turn(struct data_socket *socket, int64_t ordinal, bool agent)
{
	struct turn *turn = find_turn(socket, ordinal);

	if (turn)
		return turn;
	if (socket->turns.len >= MAX_EARLY)
		mem_unref(list_pop(&socket->turns)); /* never finished: the oldest gives way */
	turn = mem_new(sizeof(*turn), turn_destroy);
	turn->ordinal = ordinal;
	turn->agent = agent;
	turn->began_us = clock_wall_us();
	list_append(&socket->turns, &turn->node, turn);
	return turn;
}

static void add_text(struct turn *turn, const char *text, const char *delta)
{
	const char *piece = text ? text : delta;
	size_t room;

	if (text)
		buf_clear(&turn->text);
	room = TRANSCRIPT_MAX_TEXT - turn->text.len;
	if (strlen(piece) <= room) {
		buf_append_str(&turn->text, piece);
		return;
	}
	while (room > 0 && ((unsigned char)piece[room] & 0xc0) == 0x80)
		room--;
	buf_append(&turn->text, piece, room);
}

static void turn_stored(int err, void *arg)
{
	struct platform *platform = arg;

	if (err)
		LOG_WARN(&platform->log, "turn_not_stored", LOG_ERR(err));
}

static void on_transcript(struct data_socket *socket, const json_t *message)
{
	struct call_table *calls = socket->platform->api.calls;
	const char *role = json_get_str(message, "role", "");
	const char *text = json_get_str(message, "text", NULL);
	const char *delta = json_get_str(message, "delta", NULL);
	int64_t ordinal = json_get_int(message, "ordinal", -1);
	bool agent = str_equal(role, "agent");
	struct transcript_turn stored;
	struct turn *turn;

	if ((!agent && !str_equal(role, "user")) || ordinal < 0 || (!text && !delta))
		return;
	turn = take_turn(socket, ordinal, agent);
	add_text(turn, text, delta);
	if (!agent && ultravox_is_instruction(buf_str(&turn->text))) {
		if (json_get_bool(message, "final", false))
			mem_unref(turn);
		return;
	}
	stored = (struct transcript_turn){
		.tenant_id = socket->tenant_id,
		.call_id = socket->call_id,
		.ordinal = ordinal,
		.speaker = turn->agent ? "agent" : "user",
		.text = buf_str(&turn->text),
		.confidence = json_get_number(message, "confidence", NAN),
		.at = turn->began_us,
	};
	if (!(stored.confidence >= 0 && stored.confidence <= 1))
		stored.confidence = NAN;
	if (!json_get_bool(message, "final", false)) {
		transcript_partial(calls, &stored);
		return;
	}
	if (turn->text.len > 0)
		transcript_final(calls, &stored, turn_stored, socket->platform);
	mem_unref(turn);
}

static void on_timing(struct data_socket *socket, const json_t *message)
{
	static const char *const names[][2] = {{"endOfSpeechMs", "end_of_speech_ms"},
					       {"recognisedMs", "recognised_ms"},
					       {"answerMs", "answer_ms"},
					       {"firstAudioMs", "first_audio_ms"}};
	auto_json json_t *timing = json_object();
	int64_t ordinal = json_get_int(message, "ordinal", -1);

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		double ms = json_get_number(message, names[i][0], -1);

		if (ms >= 0 && ms < 1e7)
			json_set_int(timing, names[i][1], (int64_t)ms);
	}
	if (ordinal >= 0 && json_object_size(timing) > 0)
		transcript_timing(socket->platform->api.calls, socket->tenant_id, socket->call_id,
				  ordinal, timing, turn_stored, socket->platform);
}

static void on_outcome(struct data_socket *socket, const json_t *message)
{
	const json_t *outcome = json_object_get(message, "outcome");
	auto_free char *text = json_is_object(outcome) ? json_text(outcome) : NULL;
	struct call_change change = {.event = CALL_EV_NOTED, .source = "ultravox", .outcome = text};

	if (text)
		call_table_apply(socket->platform->api.calls, socket->tenant_id, socket->call_id,
				 &change, NULL, NULL);
}

/* We offer no tools here; without an answer the agent would stay frozen until its timeout. */
static void on_tool(struct data_socket *socket, const json_t *message)
{
	auto_json json_t *answer =
		json_pack("{s:s,s:s,s:s}", "type", "data_connection_tool_result", "errorType",
			  "undefined", "errorMessage", "there is no such tool");
	auto_free char *text = NULL;

	json_set_str(answer, "invocationId", json_get_str(message, "invocationId", ""));
	text = json_text(answer);
	ws_send_text(socket->ws, text);
}

static const struct {
	const char *type;
	void (*handle)(struct data_socket *socket, const json_t *message);
} kinds[] = {
	{"transcript", on_transcript},
	{"turn_timing", on_timing},
	{"outcome", on_outcome},
	{"data_connection_tool_invocation", on_tool},
};

/* Types we do not know are to be ignored. */
static void take_message(struct data_socket *socket, const char *data, size_t len)
{
	auto_json json_t *message = NULL;
	const char *type;

	if (json_parse(&message, data, len, NULL)) {
		LOG_WARN(&socket->log, "data_message_not_json", LOG_INT("bytes", (int64_t)len));
		return;
	}
	type = json_get_str(message, "type", "");
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (str_equal(kinds[i].type, type))
			kinds[i].handle(socket, message);
}

static void on_message(struct ws *ws, const char *data, size_t len, bool binary, void *arg)
{
	struct data_socket *socket = arg;
	struct early *early;

	if (binary)
		return; /* audio, which we did not ask for */
	if (socket->bound) {
		take_message(socket, data, len);
		return;
	}
	if (socket->early.len >= MAX_EARLY) {
		ws_close(ws, CLOSE_AGAIN, "too much before the call was found");
		return;
	}
	early = mem_new(sizeof(*early), early_destroy);
	early->data = mem_memdup(data, len);
	early->len = len;
	list_append(&socket->early, &early->node, early);
}

/* ---- opening and closing ---- */

static void loaded(struct task *task, int err, const char *reason);

struct binding {
	struct task task;
	struct data_socket *socket; /* reference; its ws is NULL once closed */
	int tries;
};

static void release(void *data)
{
	struct binding *binding = data;

	mem_unref(binding->socket);
}

/* The engine may dial before the answer to our create request was stored. */
static void load_again(void *arg)
{
	task_load(arg, loaded);
}

static void on_open(struct ws *ws, void *arg)
{
	struct data_socket *socket = arg;
	struct binding *binding = task_new(socket->platform, sizeof(*binding), "data_connection",
					   socket->tenant_id, socket->call_id);

	socket->ws = mem_ref(ws);
	binding->socket = mem_ref(socket);
	binding->task.releaseh = release;
	binding->task.timer = timer_new(socket->platform->api.loop, load_again, &binding->task);
	task_load(&binding->task, loaded);
}

static void loaded(struct task *task, int err, const char *reason)
{
	struct binding *binding = (struct binding *)task;
	struct data_socket *socket = binding->socket;
	struct early *early;

	if (!socket->ws) {
		task_end(task);
		return;
	}
	if (!err && !task->call->ultravox_call_id && ++binding->tries < MAX_TRIES) {
		timer_start(task->timer, TRY_MS);
		return;
	}
	if (err || call_status_is_terminal(task->call->status) ||
	    !str_equal(task->call->ultravox_call_id, socket->session_id)) {
		LOG_WARN(&socket->log, "data_connection_refused", LOG_ERR(err));
		ws_close(socket->ws, err && err != -ENOENT ? CLOSE_AGAIN : CLOSE_POLICY,
			 "not a live call's session");
		task_end(task);
		return;
	}
	socket->bound = true;
	LOG_INFO(&socket->log, "data_connection_open");
	while ((early = list_pop(&socket->early))) {
		take_message(socket, early->data, early->len);
		mem_unref(early);
	}
	task_end(task);
}

static void on_close(struct ws *ws, int code, const char *reason, int http_status, void *arg)
{
	struct data_socket *socket = arg;

	LOG_INFO(&socket->log, "data_connection_closed", LOG_INT("code", code));
	socket->ws = mem_unref(socket->ws);
	list_remove(&socket->node);
	mem_unref(socket);
}

static bool is_taken(const struct platform *platform, const char *call_id, const char *session_id)
{
	LIST_EACH(&platform->data_sockets, node)
	{
		const struct data_socket *socket = node->data;

		if (str_equal_nocase(socket->call_id, call_id) &&
		    str_equal(socket->session_id, session_id))
			return true;
	}
	return false;
}

static int upgrade(struct http_request *req, struct ws_handlers *ret_handlers, void **ret_arg,
		   void *arg)
{
	struct platform *platform = arg;
	const struct settings *settings = platform->api.settings;
	const char *call_id = http_request_param(req, "call_id");
	const char *session_id = http_request_header(req, "x-ultravox-call-id");
	struct data_socket *socket;

	if (!ultravox_data_valid(settings->ultravox_shared_secret,
				 http_request_header(req, "x-ultravox-signature"),
				 http_request_header(req, "x-ultravox-signature-timestamp"),
				 session_id, clock_wall_us(), settings->webhook_tolerance_s)) {
		metric_add(METRIC_WEBHOOK_REFUSED, "ultravox_data", 1);
		LOG_WARN(&platform->log, "data_connection_not_signed",
			 LOG_STR("remote", http_request_remote(req)));
		return 403;
	}
	if (!uuid_is_valid(call_id) || strlen(session_id) >= ULTRAVOX_ID_SIZE)
		return 404;
	if (is_taken(platform, call_id, session_id))
		return 409;
	socket = mem_new(sizeof(*socket), socket_destroy);
	socket->platform = platform;
	str_copy(socket->tenant_id, sizeof(socket->tenant_id), platform_url_tenant(req));
	str_copy(socket->call_id, sizeof(socket->call_id), call_id);
	str_copy(socket->session_id, sizeof(socket->session_id), session_id);
	log_init(&socket->log, "data_connection", call_id);
	list_append(&platform->data_sockets, &socket->node, socket);
	overload_set_calls(platform->api.overload, platform->data_sockets.len);
	*ret_handlers =
		(struct ws_handlers){.openh = on_open, .messageh = on_message, .closeh = on_close};
	*ret_arg = socket;
	return 0;
}

void api_data_close(struct platform *platform, uint16_t code, const char *reason)
{
	LIST_EACH(&platform->data_sockets, node)
	{
		struct data_socket *socket = node->data;

		if (socket->ws)
			ws_close(socket->ws, code, reason);
	}
}

void api_data_routes(struct platform *platform)
{
	http_server_ws_route(platform->server, PATH_ULTRAVOX_DATA "{call_id}", upgrade, platform);
}
