#include "carrier/call_fork.h"

#include "carrier/carrier_priv.h"
#include "carrier/stream_message.h"
#include "core/buf.h"
#include "core/clock.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/setting.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "http/form.h"
#include "http/http_url.h"
#include "http/ws.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "media/g711.h"
#include "provider/twilio_signature.h"
#include "sip/sip.h"

#include <errno.h>
#include <string.h>

enum {
	MAX_QUEUE_BYTES = 256 * 1024,
	MAX_MESSAGE = 1024, /* the server has nothing to say */
	CONNECT_TIMEOUT_MS = 5000,
	CLOSE_NORMAL = 1000,
	CLOSE_POLICY = 1008,
	MAX_BEHIND_FRAMES = 10,         /* of the phone's audio; more is made up for */
	MAX_PLAYED_BYTES = 120 * 16000, /* what may wait to sound */
	FRAME_BYTES = SIP_FRAME_SAMPLES * 2,
	SEED_SAMPLES = 30 * 8000, /* of what was queued when the stream begins */
	MAX_CATCH_UP = 50,        /* frames a turn: a loop that stood still does not send minutes */
};

enum { HEARD, PLAYED, SIDES };

static const struct {
	enum call_fork_track track;
	const char *name;
} sides[SIDES] = {
	[HEARD] = {FORK_INBOUND, "inbound"},
	[PLAYED] = {FORK_OUTBOUND, "outbound"},
};

struct call_fork {
	struct list_node node; /* in the leg's forks */
	struct call_leg *leg;
	struct ws *ws;
	struct timer *timer;
	char sid[SID_SIZE];
	char *name, *url, *status_callback, *status_method;
	json_t *parameters;
	unsigned tracks;
	bool open, was_open, over;
	uint64_t sequence, started_ms, frames; /* sent of each track */
	struct buf waiting[SIDES];             /* samples */
	struct buf out;
	int64_t updated_us;
};

static struct stream_start start_of(const struct call_fork *fork)
{
	return (struct stream_start){
		.account_sid = fork->leg->carrier->settings->twilio_account_sid,
		.call_sid = fork->leg->sid,
		.stream_sid = fork->sid,
		.parameters = fork->parameters,
		.inbound = fork->tracks & FORK_INBOUND,
		.outbound = fork->tracks & FORK_OUTBOUND,
	};
}

static void notify(struct call_fork *fork, const char *event, const char *error)
{
	auto_unref struct form *form = NULL;
	char time[TIMESTAMP_SIZE];

	if (str_is_empty(fork->status_callback) || !fork->leg->hooks)
		return;
	form = form_new();
	timestamp_iso(time, clock_wall_us());
	form_add(form, "AccountSid", fork->leg->carrier->settings->twilio_account_sid);
	form_add(form, "CallSid", fork->leg->sid);
	form_add(form, "StreamSid", fork->sid);
	if (fork->name)
		form_add(form, "StreamName", fork->name);
	form_add(form, "StreamEvent", event);
	if (error)
		form_add(form, "StreamError", error);
	form_add(form, "Timestamp", time);
	hook_queue_add(fork->leg->hooks, fork->status_method, fork->status_callback, form);
}

/* ---- end ---- */

static void fork_destroy(void *data)
{
	struct call_fork *fork = data;

	list_remove(&fork->node);
	if (fork->ws)
		ws_detach(fork->ws);
	mem_unref(fork->ws);
	mem_unref(fork->timer);
	for (size_t i = 0; i < SIDES; i++)
		buf_free(&fork->waiting[i]);
	buf_free(&fork->out);
	json_decref(fork->parameters);
	mem_free(fork->name);
	mem_free(fork->url);
	mem_free(fork->status_callback);
	mem_free(fork->status_method);
}

/* Once; the leg lets go of it, the connection may still have to say goodbye. */
static void leave(struct call_fork *fork, const char *event, const char *error)
{
	if (fork->over)
		return;
	fork->over = true;
	timer_stop(fork->timer);
	if (fork->was_open)
		metric_add(METRIC_CARRIER_STREAMS, "", -1);
	LOG_INFO(&fork->leg->log, "stream_over", LOG_STR("stream_sid", fork->sid),
		 LOG_STR("how", event));
	notify(fork, event, error);
	list_remove(&fork->node);
	fork->leg = NULL;
	mem_unref(fork);
}

static void on_close(struct ws *ws, int code, const char *reason, int http_status, void *arg)
{
	struct call_fork *fork = arg;

	fork->open = false;
	fork->ws = mem_unref(fork->ws);
	leave(fork, fork->was_open ? "stream-stopped" : "stream-error",
	      fork->was_open ? NULL : "31920: the server cannot be reached");
	mem_unref(fork); /* the connection's */
}

void call_fork_stop(struct call_fork *fork)
{
	struct stream_start start = start_of(fork);

	if (fork->open) {
		stream_message_stop(&fork->out, ++fork->sequence, &start);
		(void)ws_send(fork->ws, fork->out.data, fork->out.len, false);
	}
	fork->open = false;
	ws_close(fork->ws, CLOSE_NORMAL, "");
	leave(fork, "stream-stopped", NULL);
}

void call_forks_end(struct call_leg *leg)
{
	while (leg->forks.head)
		call_fork_stop(leg->forks.head->data);
}

/* ---- audio ---- */

/* A frame of what waits on that side, or silence. */
static void next_frame(struct call_fork *fork, int side, uint8_t out[SIP_FRAME_SAMPLES])
{
	struct buf *waiting = &fork->waiting[side];

	if (waiting->len < FRAME_BYTES) {
		memset(out, G711_ULAW_SILENCE, SIP_FRAME_SAMPLES);
		return;
	}
	g711_encode(out, G711_ULAW, (const int16_t *)(const void *)waiting->data,
		    SIP_FRAME_SAMPLES);
	buf_consume(waiting, FRAME_BYTES);
}

static void send_frame(struct call_fork *fork, int side)
{
	uint8_t payload[SIP_FRAME_SAMPLES];
	char message[STREAM_MEDIA_SIZE];
	size_t len;

	next_frame(fork, side, payload);
	len = stream_message_media(
		message, ++fork->sequence, fork->sid,
		&(struct stream_media){.track = sides[side].name,
				       .chunk = fork->frames + 1,
				       .timestamp_ms = fork->frames * SIP_FRAME_MS,
				       .payload = payload,
				       .len = sizeof(payload)});
	if (ws_send(fork->ws, message, len, false) == -ENOBUFS) {
		fork->open = false;
		ws_close(fork->ws, CLOSE_POLICY, "too slow");
	}
}

static void on_tick(void *arg)
{
	struct call_fork *fork = mem_ref(arg);
	uint64_t due = (loop_now_ms(fork->leg->carrier->loop) - fork->started_ms) / SIP_FRAME_MS;

	if (due > fork->frames + MAX_CATCH_UP)
		fork->frames = due - MAX_CATCH_UP;
	for (; fork->open && fork->frames < due; fork->frames++)
		for (int side = 0; side < SIDES && fork->open; side++)
			if (fork->tracks & sides[side].track)
				send_frame(fork, side);
	if (fork->open)
		timer_start(fork->timer, SIP_FRAME_MS);
	mem_unref(fork);
}

void call_forks_hear(struct call_leg *leg, const int16_t *samples, size_t count)
{
	LIST_EACH(&leg->forks, node)
	{
		struct call_fork *fork = node->data;
		struct buf *waiting = &fork->waiting[HEARD];

		if (!fork->open || !(fork->tracks & FORK_INBOUND))
			continue;
		buf_append(waiting, samples, count * sizeof(*samples));
		if (waiting->len > (size_t)MAX_BEHIND_FRAMES * FRAME_BYTES)
			buf_consume(waiting, waiting->len - (size_t)FRAME_BYTES);
	}
}

void call_forks_play(struct call_leg *leg, const int16_t *samples, size_t count)
{
	LIST_EACH(&leg->forks, node)
	{
		struct call_fork *fork = node->data;
		struct buf *waiting = &fork->waiting[PLAYED];

		if (fork->open && fork->tracks & FORK_OUTBOUND &&
		    waiting->len + count * sizeof(*samples) <= MAX_PLAYED_BYTES)
			buf_append(waiting, samples, count * sizeof(*samples));
	}
}

void call_forks_clear(struct call_leg *leg)
{
	LIST_EACH(&leg->forks, node)
	{
		struct call_fork *fork = node->data;

		buf_clear(&fork->waiting[PLAYED]);
	}
}

/* ---- begin ---- */

/* What the phone is about to hear belongs to the stream, too. */
static void seed(struct call_fork *fork)
{
	auto_free int16_t *samples = NULL;
	size_t count = fork->leg->sip ? sip_call_queued_samples(fork->leg->sip) : 0;

	if (!(fork->tracks & FORK_OUTBOUND) || !count)
		return;
	if (count > SEED_SAMPLES)
		count = SEED_SAMPLES;
	samples = mem_alloc(count * sizeof(*samples));
	count = sip_call_peek(fork->leg->sip, samples, count);
	buf_append(&fork->waiting[PLAYED], samples, count * sizeof(*samples));
}

static void on_open(struct ws *ws, void *arg)
{
	struct call_fork *fork = arg;
	struct stream_start start;

	if (fork->over)
		return;
	start = start_of(fork);
	fork->open = fork->was_open = true;
	fork->started_ms = loop_now_ms(fork->leg->carrier->loop);
	seed(fork);
	metric_add(METRIC_CARRIER_STREAMS, "", 1);
	stream_message_connected(&fork->out);
	(void)ws_send(ws, fork->out.data, fork->out.len, false);
	stream_message_start(&fork->out, ++fork->sequence, &start);
	(void)ws_send(ws, fork->out.data, fork->out.len, false);
	LOG_INFO(&fork->leg->log, "stream_started", LOG_STR("stream_sid", fork->sid));
	notify(fork, "stream-started", NULL);
	timer_start(fork->timer, SIP_FRAME_MS);
}

static void on_message(struct ws *ws, const char *data, size_t len, bool binary, void *arg)
{
}

static int dial(struct call_fork *fork)
{
	auto_buf struct buf signature = {0};
	struct ws_header header = {.name = "X-Twilio-Signature"};
	struct ws_connect_params params = {
		.url = fork->url,
		.headers = &header,
		.header_count = 1,
		.connect_timeout_ms = CONNECT_TIMEOUT_MS,
		.handlers = {.openh = on_open,
			     .messageh = on_message,
			     .closeh = on_close,
			     .max_message_bytes = MAX_MESSAGE,
			     .max_queue_bytes = MAX_QUEUE_BYTES},
		.arg = fork,
	};
	struct http_url url;

	if (http_url_parse(&url, fork->url) || !str_has_prefix(url.scheme, "ws") ||
	    (!url.tls && !http_url_is_loopback(&url)))
		return -EINVAL;
	twilio_sign(&signature, fork->leg->carrier->settings->twilio_auth_token, fork->url, NULL);
	header.value = buf_str(&signature);
	return ws_connect(&fork->ws, fork->leg->carrier->loop, &params);
}

unsigned call_fork_tracks(const char *name)
{
	if (str_equal(name, "both_tracks"))
		return FORK_INBOUND | FORK_OUTBOUND;
	return str_equal(name, "outbound_track") ? FORK_OUTBOUND : FORK_INBOUND;
}

static size_t tracks_of(const struct call_leg *leg, unsigned more)
{
	size_t count = (size_t)__builtin_popcount(more);

	LIST_EACH(&leg->forks, node)
	{
		count += (size_t)__builtin_popcount(((struct call_fork *)node->data)->tracks);
	}
	return count;
}

int call_fork_start(struct call_fork **ret_fork, struct call_leg *leg,
		    const struct call_fork_conf *conf)
{
	struct call_fork *fork;

	if (leg->state != LEG_IN_PROGRESS)
		return -ENOTCONN;
	if (tracks_of(leg, conf->tracks) > CALL_FORK_MAX_TRACKS)
		return -EMFILE;
	fork = mem_new(sizeof(*fork), fork_destroy);
	fork->leg = leg;
	fork->url = mem_strndup(conf->url, strcspn(conf->url, "?#"));
	fork->name = mem_strdup(conf->name);
	fork->status_callback = mem_strdup(conf->status_callback);
	fork->status_method = mem_strdup(conf->status_method ? conf->status_method : "POST");
	fork->parameters = json_deep_copy(conf->parameters);
	fork->tracks = conf->tracks;
	fork->timer = timer_new(leg->carrier->loop, on_tick, fork);
	fork->updated_us = clock_wall_us();
	sid_new(fork->sid, "MZ");
	if (dial(fork)) {
		mem_unref(fork);
		return -EINVAL;
	}
	mem_ref(fork); /* the connection's, until on_close() */
	list_append(&leg->forks, &fork->node, fork);
	*ret_fork = fork;
	return 0;
}

struct call_fork *call_fork_find(const struct call_leg *leg, const char *sid_or_name)
{
	LIST_EACH(&leg->forks, node)
	{
		struct call_fork *fork = node->data;

		if (str_equal(fork->sid, sid_or_name) || str_equal(fork->name, sid_or_name))
			return fork;
	}
	return NULL;
}

json_t *call_fork_json(const struct call_fork *fork, bool stopped)
{
	const char *account = fork->leg->carrier->settings->twilio_account_sid;
	auto_free char *uri = mem_printf("/2010-04-01/Accounts/%s/Calls/%s/Streams/%s.json",
					 account, fork->leg->sid, fork->sid);
	char time[TIMESTAMP_SIZE];
	json_t *json = json_object();

	timestamp_rfc2822(time, stopped ? clock_wall_us() : fork->updated_us);
	json_set_str(json, "sid", fork->sid);
	json_set_str(json, "account_sid", account);
	json_set_str(json, "call_sid", fork->leg->sid);
	json_set_str(json, "name", fork->name);
	json_set_str(json, "status", stopped ? "stopped" : "in-progress");
	json_set_str(json, "date_updated", time);
	json_set_str(json, "uri", uri);
	return json;
}
