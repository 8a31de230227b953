/* GET /api/v1/talk?agent=NAME: a browser's call (docs/control.md) */
#include "core/mem.h"
#include "core/str.h"
#include "http/form.h"
#include "http/ws.h"
#include "platform/agent.h"
#include "platform/api/guard.h"
#include "platform/inbound.h"
#include "platform/listen_source.h"
#include "platform/platform_priv.h"
#include "platform/principal.h"
#include "platform/session.h"
#include "platform/talk.h"
#include "platform/talk_lease.h"

#include <errno.h>
#include <string.h>

enum {
	MAX_NAME = 64,
	MAX_FRAME_BYTES = TALK_RATE_HZ * 2,     /* a second */
	MAX_QUEUED_BYTES = 4 * MAX_FRAME_BYTES, /* of either side; more is dropped */
	CLOSE_AGAIN = 1013,
};

struct talk {
	struct list_node node;
	struct platform *platform;
	struct ws *page;   /* NULL once closed */
	struct ws *engine; /* NULL before and after */
	struct principal *by;
	char *agent;                  /* NULL: the default one */
	char call_id[UUID_SIZE];      /* "" until there is a call */
	struct talk_lease *lease;     /* while there is one, and it goes on */
	struct listen_source *source; /* while both sides are there */
	bool joined;
	bool over;
};

static void talk_destroy(void *data)
{
	struct talk *talk = data;

	list_remove(&talk->node);
	mem_unref(talk->lease);
	mem_unref(talk->source);
	if (talk->page)
		ws_detach(talk->page);
	if (talk->engine)
		ws_detach(talk->engine);
	mem_unref(talk->page);
	mem_unref(talk->engine);
	mem_unref(talk->by);
	mem_free(talk->agent);
}

/* ---- the end ---- */

/* Who hung up is asked of the engine, unless somebody wanted the end or the page went. */
struct ending {
	struct task task;
	bool page_went;
	bool joined;
};

static void ended(struct task *task, int err, const char *reason)
{
	task_end(task);
}

static void end_by(struct task *task, const char *reason)
{
	const struct ending *ending = (struct ending *)task;
	struct call_change change = {
		.event = ending->joined ? CALL_EV_COMPLETED : CALL_EV_FAILED,
		.source = "platform",
		.end_reason = reason,
	};

	task_apply(task, &change, ended);
}

static void on_session(const struct provider_result *result, const struct ultravox_call *session,
		       void *arg)
{
	const char *reason = result->err ? NULL : session_end_reason(session);

	end_by(arg, reason ? reason : CALL_END_AGENT);
}

static void ending_loaded(struct task *task, int err, const char *reason)
{
	const struct ending *ending = (struct ending *)task;

	if (err || call_status_is_terminal(task->call->status))
		task_end(task);
	else if (task->call->end_hint)
		end_by(task, NULL);
	else if (ending->page_went)
		end_by(task, ending->joined ? CALL_END_CALLER : CALL_END_CANCELED);
	else if (!ending->joined)
		end_by(task, CALL_END_PROVIDER);
	else if (ultravox_call_get(&task->request, task->platform->ultravox,
				   task->call->ultravox_call_id, on_session, task))
		end_by(task, CALL_END_AGENT);
}

/* Once: whichever side goes first. */
static void finish(struct talk *talk, bool page_went)
{
	struct ending *ending;

	if (talk->over || !talk->call_id[0])
		return;
	talk->over = true;
	talk->lease = mem_unref(talk->lease);
	talk->source = mem_unref(talk->source);
	ending = task_new(talk->platform, sizeof(*ending), "talk", talk->by->tenant_id,
			  talk->call_id);
	ending->page_went = page_went;
	ending->joined = talk->joined;
	task_load(&ending->task, ending_loaded);
}

static void close_page(struct talk *talk, uint16_t code, const char *reason)
{
	if (talk->page)
		ws_close(talk->page, code, reason);
}

/* ---- the engine's side ---- */

static void pass_on(struct ws *to, const char *data, size_t len)
{
	if (to && len <= MAX_FRAME_BYTES && len % sizeof(int16_t) == 0 &&
	    ws_queued_bytes(to) < MAX_QUEUED_BYTES)
		(void)ws_send(to, data, len, true);
}

static void let_hear(struct talk *talk, enum listen_side side, const char *data, size_t len)
{
	if (talk->source && len <= MAX_FRAME_BYTES)
		listen_source_give(talk->source, side, data, len);
}

static void send_header(struct talk *talk)
{
	auto_json json_t *header =
		json_pack("{s:s,s:s,s:s,s:i,s:i,s:i}", "type", "talking", "call_id", talk->call_id,
			  "encoding", "pcm_s16le", "sample_rate", TALK_RATE_HZ, "channels", 1,
			  "frame_ms", TALK_FRAME_MS);
	auto_free char *text = json_text(header);

	if (talk->page)
		ws_send_text(talk->page, text);
}

static void on_engine_open(struct ws *ws, void *arg)
{
	struct talk *talk = arg;
	struct call_change answered = {.event = CALL_EV_ANSWERED, .source = "platform"};

	talk->joined = true;
	if (talk->over) {
		ws_close(ws, TALK_CLOSE_OVER, "");
		return;
	}
	call_table_apply(talk->platform->api.calls, talk->by->tenant_id, talk->call_id, &answered,
			 NULL, NULL);
	talk->source = listen_source_new(talk->platform, talk->call_id, TALK_RATE_HZ);
	send_header(talk);
}

/* What the page needs to know of what the engine tells: drop what was not played; who has the word.
 */
static void on_engine_message(struct ws *ws, const char *data, size_t len, bool binary, void *arg)
{
	struct talk *talk = arg;
	auto_json json_t *message = NULL, *told = NULL;
	auto_free char *text = NULL;
	const char *type;

	if (binary) {
		pass_on(talk->page, data, len);
		let_hear(talk, LISTEN_AGENT, data, len);
		return;
	}
	if (!talk->page || json_parse(&message, data, len, NULL))
		return;
	type = json_get_str(message, "type", "");
	if (str_equal(type, "playback_clear_buffer"))
		told = json_pack("{s:s}", "type", "clear");
	else if (str_equal(type, "state"))
		told = json_pack("{s:s,s:s}", "type", "state", "state",
				 json_get_str(message, "state", ""));
	if (!told)
		return;
	text = json_text(told);
	ws_send_text(talk->page, text);
}

static void on_engine_close(struct ws *ws, int code, const char *reason, int http_status, void *arg)
{
	struct talk *talk = arg;

	talk->engine = mem_unref(talk->engine);
	close_page(talk, talk->joined ? TALK_CLOSE_OVER : TALK_CLOSE_ENGINE,
		   talk->joined ? "the call is over" : "the engine cannot be reached");
	finish(talk, false);
	mem_unref(talk); /* the connection's */
}

static int join(struct talk *talk, const char *url)
{
	struct ws_connect_params params = {
		.url = url,
		.handlers = {.openh = on_engine_open,
			     .messageh = on_engine_message,
			     .closeh = on_engine_close,
			     .max_message_bytes = (size_t)4 * MAX_FRAME_BYTES},
		.arg = talk,
	};
	int err = ws_connect(&talk->engine, talk->platform->api.loop, &params);

	if (!err)
		mem_ref(talk);
	return err;
}

/* ---- the beginning: a call is made, and a session for it ---- */

struct opening {
	struct task task;
	struct talk *talk; /* a reference */
};

static void opening_release(void *data)
{
	struct opening *opening = data;

	mem_unref(opening->talk);
}

static void refuse(struct talk *talk, int err)
{
	if (err == -EDQUOT)
		close_page(talk, TALK_CLOSE_TOO_MANY, "there are too many calls");
	else if (err == -ENOENT)
		close_page(talk, TALK_CLOSE_NO_AGENT, "there is no such agent");
	else if (err == -EBUSY || err == -EIO)
		close_page(talk, CLOSE_AGAIN, "try again");
	else
		close_page(talk, TALK_CLOSE_ENGINE, "the engine made no session");
}

static void call_made(struct task *task, int err, const char *reason)
{
	struct talk *talk = ((struct opening *)task)->talk;

	if (!err) {
		str_copy(talk->call_id, sizeof(talk->call_id), task->call->id);
		talk->lease = talk_lease_new(talk->platform, task->call);
	}
	if (err)
		refuse(talk, err);
	else if (!talk->page)
		finish(talk, true);
	else if (!task->call->join_url || join(talk, task->call->join_url)) {
		close_page(talk, TALK_CLOSE_ENGINE, "the engine made no session");
		finish(talk, false);
	}
	task_end(task);
}

static void on_page_open(struct ws *ws, void *arg)
{
	struct talk *talk = arg;
	struct opening *opening =
		task_new(talk->platform, sizeof(*opening), "talk", talk->by->tenant_id, NULL);
	struct inbound_params params = {.from = CALL_BROWSER, .agent = talk->agent, .by = talk->by};

	talk->page = mem_ref(ws);
	opening->talk = mem_ref(talk);
	opening->task.releaseh = opening_release;
	inbound_take(&opening->task, &params, call_made);
}

static void on_page_message(struct ws *ws, const char *data, size_t len, bool binary, void *arg)
{
	struct talk *talk = arg;

	if (!binary || !talk->joined)
		return;
	pass_on(talk->engine, data, len);
	let_hear(talk, LISTEN_CALLER, data, len);
}

static void on_page_close(struct ws *ws, int code, const char *reason, int http_status, void *arg)
{
	struct talk *talk = arg;

	talk->page = mem_unref(talk->page);
	finish(talk, true);
	if (talk->engine)
		ws_close(talk->engine, TALK_CLOSE_OVER, "");
	list_remove(&talk->node);
	mem_unref(talk);
}

static int on_upgrade(struct http_request *req, struct ws_handlers *ret_handlers, void **ret_arg,
		      void *arg)
{
	struct platform *platform = arg;
	const char *agent = form_get(http_request_query(req), "agent");
	struct talk *talk;

	if (agent && (strlen(agent) > MAX_NAME || !str_is_utf8(agent, strlen(agent))))
		return 400;
	talk = mem_new(sizeof(*talk), talk_destroy);
	talk->platform = platform;
	talk->by = mem_ref((void *)api_principal(req));
	talk->agent = mem_strdup(str_is_empty(agent) ? NULL : agent);
	list_append(&platform->talks, &talk->node, talk);
	*ret_handlers = (struct ws_handlers){
		.openh = on_page_open, .messageh = on_page_message, .closeh = on_page_close};
	*ret_arg = talk;
	return 0;
}

void api_talk_drop(struct platform *platform)
{
	struct talk *talk;

	while ((talk = list_pop(&platform->talks))) {
		if (talk->engine) {
			ws_detach(talk->engine);
			mem_unref(talk);
		}
		if (talk->page)
			ws_detach(talk->page);
		mem_unref(talk);
	}
}

void api_talk_close(struct platform *platform, uint16_t code, const char *reason)
{
	LIST_EACH(&platform->talks, node)
	{
		close_page(node->data, code, reason);
	}
}

void api_talk_routes(struct platform *platform)
{
	api_ws_route(&platform->api, platform->server, "/api/v1/talk", PERM_CALLS_WRITE, on_upgrade,
		     platform);
}
