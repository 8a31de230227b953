#include "platform/listen.h"

#include "core/buf.h"
#include "core/digest.h"
#include "core/encoding.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/http_server.h"
#include "http/ws.h"
#include "loop/timer.h"
#include "media/g711.h"
#include "platform/call.h"
#include "platform/platform_priv.h"
#include "state/state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	TOKEN_DIGITS = 48,
	TOKEN_SIZE = TOKEN_DIGITS + 1,
	FEED_TIMEOUT_MS = 15000,              /* from the request to the carrier's first message */
	MAX_APART = 5 * LISTEN_FRAME_SAMPLES, /* one side may be so far ahead */
	MAX_PAYLOAD = 4000,
	CLOSE_POLICY = 1008,
	CLOSE_UNUSED = 1001,
};

/* A call that is listened to in this pod. */
struct tap {
	struct list_node node;
	struct listen_hub *hub;
	char call_id[UUID_SIZE];
	char *call_sid, *stream_sid; /* of the carrier; NULL: a browser's call */
	char token[TOKEN_SIZE];
	struct list listeners;
	struct buf waiting[LISTEN_CHANNELS]; /* samples */
	struct feed *feed;                   /* when it arrived here */
	bool fed;                            /* the token was used */
	struct state_request *putting;
	struct provider_request *request;
	struct state_subscription *relay; /* NULL: there are no other pods */
	struct timer *patience;
	struct timer *asking; /* the other pods, for a browser's call; or NULL */
};

struct listener {
	struct list_node node;
	struct tap *tap; /* NULL once it is over */
	const struct listen_sink *sink;
	void *arg;
};

/* A stream of the carrier's that arrived here. */
struct feed {
	struct list_node node;
	struct listen_hub *hub;
	struct ws *ws;
	struct tap *tap; /* NULL: relayed, or nobody's any more */
	struct state_request *taking;
	char token[TOKEN_SIZE];
	bool relays;
	bool used;
};

struct listen_hub {
	struct platform *platform;
	struct list taps, feeds;
	size_t listeners;
};

void listen_channel(char ret_channel[LISTEN_CHANNEL_SIZE], const char *kind, const char *name)
{
	snprintf(ret_channel, LISTEN_CHANNEL_SIZE, "%s:%s", kind, name);
}

/* ---- the end of a tap ---- */

static void tap_destroy(void *data)
{
	struct tap *tap = data;

	list_remove(&tap->node);
	if (tap->feed) {
		tap->feed->tap = NULL;
		if (tap->feed->ws)
			ws_close(tap->feed->ws, CLOSE_UNUSED, "nobody listens");
	}
	mem_unref(tap->putting);
	mem_unref(tap->request);
	mem_unref(tap->relay);
	mem_unref(tap->patience);
	mem_unref(tap->asking);
	for (size_t i = 0; i < LISTEN_CHANNELS; i++)
		buf_free(&tap->waiting[i]);
	mem_free(tap->call_sid);
	mem_free(tap->stream_sid);
}

static void on_stopped(const struct provider_result *result, void *arg)
{
	/* A stream or call that is over is what was wanted. */
}

static void tap_stop(struct tap *tap)
{
	if (tap->stream_sid)
		(void)twilio_stream_stop(NULL, tap->hub->platform->twilio, tap->call_sid,
					 tap->stream_sid, on_stopped, NULL);
	if (tap->call_sid && !tap->fed)
		state_token_take(NULL, tap->hub->platform->api.state, tap->token, NULL, NULL);
	mem_unref(tap);
}

/* Tell everybody and go. */
static void tap_end(struct tap *tap, uint16_t code, const char *reason)
{
	struct listener *listener;

	mem_ref(tap);
	while ((listener = list_pop(&tap->listeners))) {
		listener->tap = NULL;
		tap->hub->listeners--;
		listener->sink->closeh(code, reason, listener->arg);
	}
	tap_stop(tap);
	mem_unref(tap);
}

static void out_of_patience(void *arg)
{
	tap_end(arg, LISTEN_CLOSE_CARRIER, "no audio comes");
}

static void listener_destroy(void *data)
{
	struct listener *listener = data;
	struct tap *tap = listener->tap;

	if (!tap)
		return;
	list_remove(&listener->node);
	tap->hub->listeners--;
	if (!tap->listeners.len)
		tap_stop(tap);
}

/* ---- audio ---- */

static void give_frame(struct tap *tap)
{
	int16_t frame[LISTEN_FRAME_SAMPLES * LISTEN_CHANNELS] = {0};

	for (size_t side = 0; side < LISTEN_CHANNELS; side++) {
		struct buf *waiting = &tap->waiting[side];
		const int16_t *samples = (const int16_t *)(const void *)waiting->data;
		size_t count = waiting->len / sizeof(*samples);

		if (count > LISTEN_FRAME_SAMPLES)
			count = LISTEN_FRAME_SAMPLES;
		for (size_t i = 0; i < count; i++)
			frame[i * LISTEN_CHANNELS + side] = samples[i];
		buf_consume(waiting, count * sizeof(*samples));
	}
	LIST_EACH(&tap->listeners, node)
	{
		const struct listener *listener = node->data;

		listener->sink->frameh(frame, listener->arg);
	}
}

/* Both sides go together; one that falls behind is silent meanwhile. */
static void take_audio(struct tap *tap, size_t side, const uint8_t *bytes, size_t len)
{
	const size_t frame_bytes = LISTEN_FRAME_SAMPLES * sizeof(int16_t);
	struct buf *a = &tap->waiting[LISTEN_CALLER], *b = &tap->waiting[LISTEN_AGENT];
	int16_t samples[MAX_PAYLOAD];

	timer_stop(tap->patience);
	g711_decode(samples, G711_ULAW, bytes, len);
	buf_append(&tap->waiting[side], samples, len * sizeof(*samples));
	while ((a->len >= frame_bytes && b->len >= frame_bytes) ||
	       a->len > MAX_APART * sizeof(int16_t) || b->len > MAX_APART * sizeof(int16_t))
		give_frame(tap);
}

static void on_relayed(const char *data, size_t len, void *arg)
{
	struct tap *tap = arg;

	if (len == 1 && data[0] == LISTEN_END) {
		tap_end(tap, LISTEN_CLOSE_OVER, "the call is over");
		return;
	}
	if (tap->asking) /* a pod that dies says nothing of the end */
		timer_start(tap->patience, FEED_TIMEOUT_MS);
	if (len > 1 && len <= MAX_PAYLOAD && (data[0] == LISTEN_CALLER || data[0] == LISTEN_AGENT))
		take_audio(tap, (size_t)data[0], (const uint8_t *)data + 1, len - 1);
}

/* ---- the carrier's stream ---- */

static void feed_destroy(void *data)
{
	struct feed *feed = data;

	list_remove(&feed->node);
	if (feed->ws)
		ws_detach(feed->ws);
	mem_unref(feed->ws);
	mem_unref(feed->taking);
	if (feed->tap)
		feed->tap->feed = NULL;
}

static void feed_audio(struct feed *feed, size_t side, const char *text, size_t len)
{
	auto_buf struct buf bytes = {0};
	char kind = (char)side;

	buf_append(&bytes, &kind, 1);
	if (base64_decode(&bytes, text, len) || bytes.len < 2 || bytes.len > MAX_PAYLOAD)
		return;
	if (feed->tap) {
		take_audio(feed->tap, side, (const uint8_t *)bytes.data + 1, bytes.len - 1);
	} else if (feed->relays) {
		char channel[LISTEN_CHANNEL_SIZE];

		listen_channel(channel, "listen", feed->token);
		state_publish(feed->hub->platform->api.state, channel, bytes.data, bytes.len);
	}
}

static void on_feed_message(struct ws *ws, const char *data, size_t len, bool binary, void *arg)
{
	struct feed *feed = arg;
	auto_json json_t *json = NULL;
	const json_t *media, *payload;
	const char *event, *sid;

	if (binary || json_parse(&json, data, len, NULL))
		return;
	event = json_get_str(json, "event", "");
	media = json_object_get(json, "media");
	payload = json_object_get(media, "payload");
	sid = json_get_str(json_object_get(json, "start"), "callSid", NULL);
	if (str_equal(event, "media") && json_is_string(payload))
		feed_audio(feed,
			   str_has_prefix(json_get_str(media, "track", ""), "outbound")
				   ? LISTEN_AGENT
				   : LISTEN_CALLER,
			   json_string_value(payload), json_string_length(payload));
	else if (str_equal(event, "start") && feed->tap && !str_equal(sid, feed->tap->call_sid))
		ws_close(ws, CLOSE_POLICY, "another call's stream");
	else if (str_equal(event, "stop"))
		ws_close(ws, LISTEN_CLOSE_OVER, "");
}

static void on_feed_close(struct ws *ws, int code, const char *reason, int http_status, void *arg)
{
	struct feed *feed = arg;
	struct tap *tap = feed->tap;
	char channel[LISTEN_CHANNEL_SIZE], end = LISTEN_END;

	feed->ws = mem_unref(feed->ws);
	if (feed->relays) {
		listen_channel(channel, "listen", feed->token);
		state_publish(feed->hub->platform->api.state, channel, &end, 1);
	}
	feed->tap = NULL;
	if (tap) {
		tap->feed = NULL;
		tap_end(tap, LISTEN_CLOSE_OVER, "the call is over");
	}
	mem_unref(feed);
}

/* Another pod asked for the stream. */
static void on_taken(int err, const struct state_answer *answer, void *arg)
{
	struct feed *feed = arg;

	feed->taking = mem_unref(feed->taking);
	if (err && feed->ws)
		ws_close(feed->ws, CLOSE_POLICY, "the token is not, or no longer, good");
	feed->relays = !err;
}

static void on_feed_open(struct ws *ws, void *arg)
{
	struct feed *feed = arg;

	feed->ws = mem_ref(ws);
	/* Whoever asked: the token is used up, everywhere. */
	state_token_take(feed->tap ? NULL : &feed->taking, feed->hub->platform->api.state,
			 feed->token, feed->tap ? NULL : on_taken, feed->tap ? NULL : feed);
}

static struct tap *tap_of_token(const struct listen_hub *hub, const char *token)
{
	LIST_EACH(&hub->taps, node)
	{
		struct tap *tap = node->data;

		if (str_equal(tap->token, token))
			return tap;
	}
	return NULL;
}

static int on_feed_upgrade(struct http_request *req, struct ws_handlers *ret_handlers,
			   void **ret_arg, void *arg)
{
	struct listen_hub *hub = arg;
	const char *token = http_request_param(req, "token");
	struct tap *tap = tap_of_token(hub, token);
	struct feed *feed;

	if (strlen(token) != TOKEN_DIGITS || strspn(token, "0123456789abcdef") != TOKEN_DIGITS ||
	    (tap && tap->fed) || (!tap && !state_is_shared(hub->platform->api.state)))
		return 403;
	feed = mem_new(sizeof(*feed), feed_destroy);
	feed->hub = hub;
	feed->tap = tap;
	str_copy(feed->token, sizeof(feed->token), token);
	if (tap) {
		tap->fed = true;
		tap->feed = feed;
	}
	list_append(&hub->feeds, &feed->node, feed);
	*ret_handlers = (struct ws_handlers){
		.openh = on_feed_open, .messageh = on_feed_message, .closeh = on_feed_close};
	*ret_arg = feed;
	return 0;
}

/* ---- the beginning of a tap ---- */

static void on_started(const struct provider_result *result, const char *stream_sid, void *arg)
{
	struct tap *tap = arg;

	tap->request = mem_unref(tap->request);
	if (!result->err) {
		mem_replace_str(&tap->stream_sid, stream_sid);
		return;
	}
	LOG_WARN(&tap->hub->platform->log, "stream_not_started", LOG_STR("call_id", tap->call_id),
		 LOG_ERR(result->err), LOG_STR("reason", result->reason));
	tap_end(tap, LISTEN_CLOSE_CARRIER, "the carrier does not copy the audio");
}

static void on_put(int err, const struct state_answer *answer, void *arg)
{
	struct tap *tap = arg;
	struct platform *platform = tap->hub->platform;
	auto_free char *url =
		mem_printf("ws%s%s%s", platform->base_url + 4, PATH_TWILIO_LISTEN, tap->token);

	tap->putting = mem_unref(tap->putting);
	if (twilio_stream_start(&tap->request, platform->twilio, tap->call_sid, url, on_started,
				tap))
		tap_end(tap, LISTEN_CLOSE_CARRIER, "the carrier does not copy the audio");
}

static void relay(struct tap *tap, const char *name)
{
	static const struct state_listener relayed = {.messageh = on_relayed};
	struct state *state = tap->hub->platform->api.state;
	char channel[LISTEN_CHANNEL_SIZE];

	listen_channel(channel, "listen", name);
	if (state_is_shared(state))
		tap->relay = state_subscribe(state, channel, &relayed, tap);
}

static void copy_at_carrier(struct tap *tap, const struct call *call)
{
	tap->call_sid = mem_strdup(call->twilio_call_sid);
	random_hex(tap->token, TOKEN_DIGITS);
	relay(tap, tap->token);
	state_token_put(&tap->putting, tap->hub->platform->api.state, tap->token, tap->call_id,
			strlen(tap->call_id), FEED_TIMEOUT_MS, on_put, tap);
}

static void ask_pods(void *arg)
{
	struct tap *tap = arg;
	char channel[LISTEN_CHANNEL_SIZE];

	listen_channel(channel, "listen-ask", tap->call_id);
	state_publish(tap->hub->platform->api.state, channel, "?", 1);
	timer_start(tap->asking, LISTEN_ASK_MS);
}

/* Whichever pod carries it: if it is this one, listen_hear() is called. */
static void copy_at_pod(struct tap *tap)
{
	relay(tap, tap->call_id);
	if (!tap->relay)
		return;
	tap->asking = timer_new(tap->hub->platform->api.loop, ask_pods, tap);
	ask_pods(tap);
}

static struct tap *tap_new(struct listen_hub *hub, const struct call *call)
{
	struct tap *tap = mem_new(sizeof(*tap), tap_destroy);

	tap->hub = hub;
	str_copy(tap->call_id, sizeof(tap->call_id), call->id);
	tap->patience = timer_new(hub->platform->api.loop, out_of_patience, tap);
	timer_start(tap->patience, FEED_TIMEOUT_MS);
	list_append(&hub->taps, &tap->node, tap);
	if (call_is_browser(call))
		copy_at_pod(tap);
	else
		copy_at_carrier(tap, call);
	return tap;
}

static struct tap *tap_of_call(const struct listen_hub *hub, const char *call_id)
{
	LIST_EACH(&hub->taps, node)
	{
		struct tap *tap = node->data;

		if (str_equal(tap->call_id, call_id))
			return tap;
	}
	return NULL;
}

bool listen_can(const struct call *call)
{
	return call->status == CALL_IN_PROGRESS && (call->twilio_call_sid || call_is_browser(call));
}

int listen_start(struct listener **ret_listener, struct listen_hub *hub, const struct call *call,
		 const struct listen_sink *sink, void *arg)
{
	struct tap *tap = tap_of_call(hub, call->id);
	struct listener *listener;

	if (!listen_can(call))
		return -ENOTCONN;
	if (hub->listeners >= LISTEN_MAX || (tap && tap->listeners.len >= LISTEN_MAX_A_CALL))
		return -EMFILE;
	if (!tap)
		tap = tap_new(hub, call);
	listener = mem_new(sizeof(*listener), listener_destroy);
	listener->tap = tap;
	listener->sink = sink;
	listener->arg = arg;
	list_append(&tap->listeners, &listener->node, listener);
	hub->listeners++;
	*ret_listener = listener;
	return 0;
}

/* ---- calls whose audio passes this pod ---- */

bool listen_is_wanted(const struct listen_hub *hub, const char *call_id)
{
	return tap_of_call(hub, call_id) != NULL;
}

void listen_hear(struct listen_hub *hub, const char *call_id, const char *message, size_t len)
{
	struct tap *tap = tap_of_call(hub, call_id);

	if (tap)
		on_relayed(message, len, tap);
}

void listen_over(struct listen_hub *hub, const char *call_id)
{
	struct tap *tap = tap_of_call(hub, call_id);

	if (tap)
		tap_end(tap, LISTEN_CLOSE_OVER, "the call is over");
}

/* ---- the hub ---- */

void listen_hub_close(struct listen_hub *hub, uint16_t code, const char *reason)
{
	while (hub->taps.head)
		tap_end(hub->taps.head->data, code, reason);
}

static void hub_destroy(void *data)
{
	struct listen_hub *hub = data;
	struct tap *tap;
	struct feed *feed;

	while ((tap = list_pop(&hub->taps))) {
		struct listener *listener;

		while ((listener = list_pop(&tap->listeners)))
			listener->tap = NULL;
		mem_unref(tap);
	}
	while ((feed = list_pop(&hub->feeds)))
		mem_unref(feed);
}

struct listen_hub *listen_hub_new(struct platform *platform)
{
	struct listen_hub *hub = mem_new(sizeof(*hub), hub_destroy);

	hub->platform = platform;
	http_server_ws_route(platform->server, PATH_TWILIO_LISTEN "{token}", on_feed_upgrade, hub);
	return hub;
}
