#include "carrier/media_stream.h"

#include "carrier/call_leg.h"
#include "carrier/carrier_priv.h"
#include "carrier/stream_message.h"
#include "carrier/twiml.h"
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
#include <stdio.h>
#include <string.h>

enum {
	MAX_MESSAGE = 1024 * 1024,
	MAX_QUEUE_BYTES = 256 * 1024, /* some 20 s of audio */
	KEEP_IN_BYTES = 64 * 1024,
	PLAY_SAMPLES = 1600,
	MAX_BAD_MESSAGES = 100,
	MAX_MARKS = 1000,
	CONNECT_TIMEOUT_MS = 5000,
	SILENCE_AFTER_MS = 60,
	CLOSE_NORMAL = 1000,
	CLOSE_POLICY = 1008,
};

/* A mark the server waits for. */
struct mark {
	struct list_node node;
	uint32_t id;
	char *name;
};

struct media_stream {
	struct call_leg *leg;
	const struct twiml_verb *verb;
	struct ws *ws;
	struct timer *timer; /* reports a failure before the connection; then fills silence */
	char sid[SID_SIZE];
	json_t *parameters;
	char *url;
	const char *error; /* why it could not be begun; static */
	bool open;
	bool counted;
	bool over;
	uint64_t sequence;
	uint64_t chunk;
	uint64_t started_ms, heard_ms;
	unsigned bad_messages;
	struct list marks;
	struct buf out;
	struct buf in; /* audio of the message being read */
	media_stream_done_h *doneh;
	void *arg;
};

static struct stream_start start_of(const struct media_stream *stream)
{
	return (struct stream_start){
		.account_sid = stream->leg->carrier->settings->twilio_account_sid,
		.call_sid = stream->leg->sid,
		.stream_sid = stream->sid,
		.parameters = stream->parameters,
	};
}

static void notify(struct media_stream *stream, const char *event, const char *error)
{
	const char *url = twiml_text(stream->verb, "statusCallback");
	auto_unref struct form *form = NULL;
	char time[TIMESTAMP_SIZE];

	if (str_is_empty(url))
		return;
	form = form_new();
	timestamp_iso(time, clock_wall_us());
	form_add(form, "AccountSid", stream->leg->carrier->settings->twilio_account_sid);
	form_add(form, "CallSid", stream->leg->sid);
	form_add(form, "StreamSid", stream->sid);
	if (twiml_text(stream->verb, "name"))
		form_add(form, "StreamName", twiml_text(stream->verb, "name"));
	form_add(form, "StreamEvent", event);
	if (error)
		form_add(form, "StreamError", error);
	form_add(form, "Timestamp", time);
	hook_queue_add(stream->leg->hooks, twiml_text(stream->verb, "statusCallbackMethod"), url,
		       form);
}

static void report_error(struct media_stream *stream, const char *error)
{
	LOG_WARN(&stream->leg->log, "stream_error", LOG_STR("stream_sid", stream->sid),
		 LOG_STR("reason", error));
	notify(stream, "stream-error", error);
}

static void send_text(struct media_stream *stream, const char *text, size_t len)
{
	int err = ws_send(stream->ws, text, len, false);

	if (err == -ENOBUFS && stream->open) {
		stream->open = false;
		report_error(stream, "31924: the server does not read what it is sent");
		ws_close(stream->ws, CLOSE_POLICY, "too slow");
	}
}

static void send_out(struct media_stream *stream)
{
	send_text(stream, stream->out.data, stream->out.len);
}

/* ---- end ---- */

static void no_longer_counted(struct media_stream *stream)
{
	if (stream->counted)
		metric_add(METRIC_CARRIER_STREAMS, "", -1);
	stream->counted = false;
}

static void stream_over(struct media_stream *stream)
{
	if (stream->over)
		return;
	stream->over = true;
	stream->open = false;
	no_longer_counted(stream);
	stream->doneh(stream->arg);
}

static void on_close(struct ws *ws, int code, const char *reason, int http_status, void *arg)
{
	struct media_stream *stream = arg;
	auto_free char *text = NULL;

	stream->ws = mem_unref(stream->ws);
	/* We have left already; the reference taken then is the last thing here. */
	if (stream->over) {
		mem_unref(stream);
		return;
	}
	mem_ref(stream);
	if (!stream->counted) {
		if (http_status)
			text = mem_printf("31920: handshake answered %d", http_status);
		else
			text = mem_printf("31902: connection failed");
		report_error(stream, text);
	} else {
		if (code == 1006 || code == 1002 || code == 1009)
			report_error(stream, "31924: connection broken or protocol error");
		notify(stream, "stream-stopped", NULL);
	}
	LOG_INFO(&stream->leg->log, "stream_closed", LOG_STR("stream_sid", stream->sid),
		 LOG_INT("code", code));
	call_leg_clear(stream->leg);
	stream_over(stream);
	mem_unref(stream);
}

void media_stream_stop(struct media_stream *stream)
{
	struct stream_start start = start_of(stream);

	if (stream->over)
		return;
	stream->over = true;
	timer_stop(stream->timer);
	if (stream->open) {
		stream_message_stop(&stream->out, ++stream->sequence, &start);
		(void)ws_send(stream->ws, stream->out.data, stream->out.len, false);
		notify(stream, "stream-stopped", NULL);
		LOG_INFO(&stream->leg->log, "stream_stopped", LOG_STR("stream_sid", stream->sid));
	}
	stream->open = false;
	no_longer_counted(stream);
	/* What was queued and the close frame still have to leave: on_close() lets go of us. */
	if (stream->ws) {
		mem_ref(stream);
		ws_close(stream->ws, CLOSE_NORMAL, "");
	}
}

static void media_stream_destroy(void *data)
{
	struct media_stream *stream = data;
	struct mark *mark;

	if (stream->ws)
		ws_detach(stream->ws);
	no_longer_counted(stream);
	mem_unref(stream->ws);
	mem_unref(stream->timer);
	json_decref(stream->parameters);
	mem_free(stream->url);
	buf_free(&stream->out);
	buf_free(&stream->in);
	while ((mark = list_pop(&stream->marks))) {
		mem_free(mark->name);
		mem_free(mark);
	}
}

/* ---- from the server ---- */

static void play_payload(struct media_stream *stream)
{
	const uint8_t *payload = (const uint8_t *)stream->in.data;
	int16_t samples[PLAY_SAMPLES];

	for (size_t at = 0; at < stream->in.len && stream->open; at += PLAY_SAMPLES) {
		size_t n = stream->in.len - at < PLAY_SAMPLES ? stream->in.len - at : PLAY_SAMPLES;

		g711_decode(samples, G711_ULAW, payload + at, n);
		call_leg_play(stream->leg, samples, n);
	}
}

static void queue_mark(struct media_stream *stream, const char *name)
{
	struct mark *mark;

	if (stream->marks.len >= MAX_MARKS) {
		report_error(stream, "31951: too many marks are waiting");
		return;
	}
	mark = mem_alloc(sizeof(*mark));
	mark->name = mem_strdup(name);
	mark->id = call_leg_mark(stream->leg);
	list_append(&stream->marks, &mark->node, mark);
}

static void bad_message(struct media_stream *stream, const char *reason)
{
	auto_free char *text = mem_printf("31951: invalid message: %s", reason);

	/* Once is enough to tell; a server that goes on is left. */
	if (++stream->bad_messages == 1)
		report_error(stream, text);
	if (stream->bad_messages >= MAX_BAD_MESSAGES) {
		stream->open = false;
		ws_close(stream->ws, CLOSE_POLICY, "too many invalid messages");
	}
}

static void on_message(struct ws *ws, const char *data, size_t len, bool binary, void *arg)
{
	struct media_stream *stream = arg;
	struct stream_message message;
	char error[JSON_ERROR_SIZE];

	if (!stream->open)
		return;
	if (binary) {
		bad_message(stream, "binary frame");
		return;
	}
	buf_clear(&stream->in);
	if (stream_message_parse(&message, &stream->in, data, len, stream->sid, error)) {
		bad_message(stream, error);
		return;
	}
	if (message.command == STREAM_MEDIA)
		play_payload(stream);
	else if (message.command == STREAM_MARK)
		queue_mark(stream, message.mark);
	else if (message.command == STREAM_CLEAR)
		call_leg_clear(stream->leg);
	/* One long message must not hold its memory for the rest of the call. */
	if (stream->in.cap > KEEP_IN_BYTES)
		buf_free(&stream->in);
}

/* ---- to the server ---- */

static void send_frame(struct media_stream *stream, const int16_t *samples)
{
	uint8_t payload[SIP_FRAME_SAMPLES];
	char message[STREAM_MEDIA_SIZE];
	size_t len;

	g711_encode(payload, G711_ULAW, samples, SIP_FRAME_SAMPLES);
	stream->chunk++;
	stream->heard_ms = loop_now_ms(stream->leg->carrier->loop);
	len = stream_message_media(
		message, ++stream->sequence, stream->sid,
		&(struct stream_media){.track = "inbound",
				       .chunk = stream->chunk,
				       .timestamp_ms = stream->heard_ms - stream->started_ms,
				       .payload = payload,
				       .len = sizeof(payload)});
	send_text(stream, message, len);
}

void media_stream_hear(struct media_stream *stream, const int16_t *samples)
{
	if (stream->open)
		send_frame(stream, samples);
}

/* A phone that sends nothing (muted, on hold) is heard as silence: the server's clock needs it. */
static void fill_silence(struct media_stream *stream)
{
	static const int16_t silence[SIP_FRAME_SAMPLES];
	uint64_t now = loop_now_ms(stream->leg->carrier->loop);

	if (now - stream->heard_ms >= SILENCE_AFTER_MS)
		for (uint64_t ms = now - stream->heard_ms; ms >= SIP_FRAME_MS && stream->open;
		     ms -= SIP_FRAME_MS)
			send_frame(stream, silence);
	timer_start(stream->timer, SIP_FRAME_MS);
}

void media_stream_digit(struct media_stream *stream, char digit)
{
	if (!stream->open)
		return;
	stream_message_dtmf(&stream->out, ++stream->sequence, stream->sid, digit);
	send_out(stream);
}

void media_stream_mark(struct media_stream *stream, uint32_t mark)
{
	LIST_EACH(&stream->marks, node)
	{
		struct mark *waiting = node->data;

		if (waiting->id != mark)
			continue;
		list_remove(&waiting->node);
		if (stream->open) {
			stream_message_mark(&stream->out, ++stream->sequence, stream->sid,
					    waiting->name);
			send_out(stream);
		}
		mem_free(waiting->name);
		mem_free(waiting);
		return;
	}
}

/* ---- begin ---- */

static void on_open(struct ws *ws, void *arg)
{
	struct media_stream *stream = arg;
	struct stream_start start = start_of(stream);

	stream->open = stream->counted = true;
	metric_add(METRIC_CARRIER_STREAMS, "", 1);
	stream->started_ms = stream->heard_ms = loop_now_ms(stream->leg->carrier->loop);
	stream_message_connected(&stream->out);
	send_out(stream);
	stream_message_start(&stream->out, ++stream->sequence, &start);
	send_out(stream);
	LOG_INFO(&stream->leg->log, "stream_started", LOG_STR("stream_sid", stream->sid));
	notify(stream, "stream-started", NULL);
	timer_start(stream->timer, SIP_FRAME_MS);
}

static void on_timer(void *arg)
{
	struct media_stream *stream = mem_ref(arg);

	if (stream->error) {
		report_error(stream, stream->error);
		stream_over(stream);
	} else if (stream->open) {
		fill_silence(stream);
	}
	mem_unref(stream);
}

/* Only TLS leaves the machine; NULL when the URL will do. */
static const char *url_fault(const char *text)
{
	struct http_url url;

	if (http_url_parse(&url, text) || !str_has_prefix(url.scheme, "ws"))
		return "31922: the stream URL is not wss://";
	if (!url.tls && !http_url_is_loopback(&url))
		return "31922: ws:// is for loopback addresses only, use wss://";
	return NULL;
}

static int dial(struct media_stream *stream)
{
	auto_buf struct buf signature = {0};
	struct ws_header header = {.name = "X-Twilio-Signature"};
	struct ws_connect_params params = {
		.url = stream->url,
		.headers = &header,
		.header_count = 1,
		.connect_timeout_ms = CONNECT_TIMEOUT_MS,
		.handlers = {.openh = on_open,
			     .messageh = on_message,
			     .closeh = on_close,
			     .max_message_bytes = MAX_MESSAGE,
			     .max_queue_bytes = MAX_QUEUE_BYTES},
		.arg = stream,
	};

	twilio_sign(&signature, stream->leg->carrier->settings->twilio_auth_token, stream->url,
		    NULL);
	header.value = buf_str(&signature);
	return ws_connect(&stream->ws, stream->leg->carrier->loop, &params);
}

struct media_stream *media_stream_new(struct call_leg *leg, const struct twiml_verb *verb,
				      const char *base_url, media_stream_done_h *doneh, void *arg)
{
	struct media_stream *stream = mem_new(sizeof(*stream), media_stream_destroy);
	const char *url = twiml_text(verb, "url");

	stream->leg = leg;
	stream->verb = verb;
	stream->doneh = doneh;
	stream->arg = arg;
	stream->parameters = json_object();
	stream->timer = timer_new(leg->carrier->loop, on_timer, stream);
	sid_new(stream->sid, "MZ");
	for (size_t i = 0; i < verb->child_count; i++)
		json_set_str(stream->parameters, twiml_text(&verb->children[i], "name"),
			     twiml_text(&verb->children[i], "value"));
	/* The vendor drops a query string; so do we, lest it be relied upon. */
	stream->url = mem_strndup(url, strcspn(url, "?#"));
	stream->error = url_fault(stream->url);
	if (!stream->error && dial(stream))
		stream->error = "31922: the stream URL cannot be used";
	if (stream->error)
		timer_start(stream->timer, 0);
	return stream;
}
