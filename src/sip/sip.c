/* The loop's side: calls as the application sees them. */
#include "sip/sip.h"

#include "core/list.h"
#include "core/mem.h"
#include "core/str.h"
#include "media/dtmf.h"
#include "sip/leg.h"
#include "sip/mailbox.h"
#include "sip/play_queue.h"
#include "sip/ua.h"

#include <errno.h>
#include <string.h>

struct sip {
	struct ua *ua;
	struct mailbox *mailbox;
	struct list calls;
	sip_incoming_h *incomingh;
	void *arg;
};

struct sip_call {
	struct list_node node; /* in sip->calls until it ends */
	struct leg *leg;
	struct sip_call_handlers handlers;
	void *arg;
	bool accepted; /* handlers are set */
	bool ended;
	struct event *end; /* it ended before there were handlers */
};

/* Calls */

static void call_destroy(void *data)
{
	struct sip_call *call = data;

	list_remove(&call->node);
	call->leg->call = NULL;
	if (!call->ended)
		ua_post(call->leg->ua, UA_DROP, call->leg, 0, NULL);
	mem_unref(call->leg);
	mem_free(call->end);
}

static struct sip_call *call_new(struct sip *sip, struct leg *leg)
{
	struct sip_call *call = mem_new(sizeof(*call), call_destroy);

	call->leg = mem_ref(leg);
	leg->call = call;
	list_append(&sip->calls, &call->node, call);
	return call;
}

/* Handlers may end and release any call, this one too. */
static void hear(struct sip_call *call)
{
	const int16_t *samples;

	atomic_store(&call->leg->sounded, false);
	while (!call->ended && (samples = frame_ring_peek(&call->leg->ring))) {
		if (call->handlers.audioh)
			call->handlers.audioh(call, samples, call->arg);
		frame_ring_pop(&call->leg->ring);
	}
}

static void call_ended(struct sip_call *call, const struct event *event)
{
	if (call->ended)
		return;
	if (!call->accepted) {
		if (!call->end)
			call->end = mem_memdup(event, sizeof(*event));
		return;
	}
	hear(call);
	call->ended = true;
	list_remove(&call->node);
	if (call->handlers.endedh)
		call->handlers.endedh(call, event->end, event->code, event->reason, call->arg);
}

static void call_event(struct sip_call *call, const struct event *event)
{
	const struct sip_call_handlers *handlers = &call->handlers;

	if (call->ended)
		return;
	switch (event->type) {
	case EVENT_RINGING:
		if (handlers->ringingh)
			handlers->ringingh(call, event->early_media, call->arg);
		break;
	case EVENT_ANSWERED:
		if (handlers->answeredh)
			handlers->answeredh(call, call->arg);
		break;
	case EVENT_SOUND:
		hear(call);
		break;
	case EVENT_DIGIT:
		if (handlers->digith)
			handlers->digith(call, event->digit, event->value, call->arg);
		break;
	case EVENT_MARK:
		if (handlers->markh)
			handlers->markh(call, event->value, call->arg);
		break;
	case EVENT_ENDED:
		call_ended(call, event);
		break;
	case EVENT_INCOMING:
		break;
	}
}

static void on_incoming(struct sip *sip, struct leg *leg)
{
	auto_unref struct sip_call *call = call_new(sip, leg);

	if (sip->incomingh)
		sip->incomingh(call, sip->arg);
}

static void on_event(const struct event *event, void *arg)
{
	struct sip *sip = mem_ref(arg);

	if (event->type == EVENT_INCOMING) {
		on_incoming(sip, event->leg);
	} else if (event->leg->call) {
		auto_unref struct sip_call *call = mem_ref(event->leg->call);

		call_event(call, event);
	}
	mem_unref(sip);
}

/* The stack */

static void sip_destroy(void *data)
{
	struct sip *sip = data;
	struct sip_call *call;

	if (sip->mailbox)
		mailbox_close(sip->mailbox);
	while ((call = list_pop(&sip->calls)))
		call->ended = true;
	if (sip->ua)
		ua_stop(sip->ua);
	mem_unref(sip->mailbox);
}

int sip_open(struct sip **ret_sip, struct loop *loop, const struct sip_conf *conf,
	     sip_incoming_h *incomingh, void *arg)
{
	struct sip *sip = mem_new(sizeof(*sip), sip_destroy);
	int err;

	sip->incomingh = incomingh;
	sip->arg = arg;
	sip->mailbox = mailbox_new(loop, on_event, sip);
	err = ua_start(&sip->ua, conf, sip->mailbox);
	if (err) {
		mem_unref(sip);
		return err;
	}
	*ret_sip = sip;
	return 0;
}

uint16_t sip_port(const struct sip *sip)
{
	return ua_port(sip->ua);
}

/* Dialling */

/* Printable and without what would end a URI or a header field. */
static bool is_clean(const char *text, const char *forbidden)
{
	for (const char *at = text; *at; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f || strchr(forbidden, *at))
			return false;
	return true;
}

static bool is_sip_uri(const char *text, struct uri *uri)
{
	struct pl pl;

	if (!text || strlen(text) > 255 || !is_clean(text, "<>\""))
		return false;
	pl_set_str(&pl, text);
	return uri_decode(uri, &pl) == 0 && !pl_strcasecmp(&uri->scheme, "sip") &&
	       pl_isset(&uri->host);
}

static bool is_header(const char *text)
{
	const char *colon = strchr(text, ':');

	if (!colon || colon == text || strlen(text) > 1024)
		return false;
	for (const char *at = text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f || (at < colon && *at == ' '))
			return false;
	return true;
}

static int set_headers(struct leg *leg, const char *const *headers)
{
	char *text = mem_strdup("");

	for (; headers && *headers; headers++) {
		char *more = is_header(*headers) && strlen(text) < LEG_MAX_EXTRA
				     ? mem_printf("%s%s\r\n", text, *headers)
				     : NULL;

		mem_free(text);
		if (!more)
			return -EINVAL;
		text = more;
	}
	leg->extra_headers = text;
	return 0;
}

static int set_target(struct leg *leg, const struct sip_dial_params *params)
{
	const char *from_user = params->from_user ? params->from_user : "voiceai";
	struct uri uri;

	if (!is_sip_uri(params->to_uri, &uri))
		return -EINVAL;
	if (strlen(from_user) > 64 || !is_clean(from_user, "<>\"@:;?,"))
		return -EINVAL;
	if (params->from_host &&
	    (strlen(params->from_host) > 200 || !is_clean(params->from_host, "<>\"@;?,")))
		return -EINVAL;
	leg->to_uri = mem_strdup(params->to_uri);
	leg->remote_user = mem_strndup(uri.user.p ? uri.user.p : "", uri.user.p ? uri.user.l : 0);
	leg->from_user = mem_strdup(from_user);
	leg->local_user = mem_strdup(from_user);
	leg->from_host = mem_strdup(params->from_host);
	leg->username = mem_strdup(params->username);
	leg->password = mem_strdup(params->password);
	leg->ring_timeout_ms = params->ring_timeout_ms ? params->ring_timeout_ms : 60000;
	return 0;
}

int sip_dial(struct sip_call **ret_call, struct sip *sip, const struct sip_dial_params *params,
	     const struct sip_call_handlers *handlers, void *arg)
{
	auto_unref struct leg *leg = leg_new(sip->ua);
	int err;

	leg->outgoing = true;
	err = set_target(leg, params);
	if (!err)
		err = set_headers(leg, params->headers);
	if (err)
		return err;
	*ret_call = call_new(sip, leg);
	(*ret_call)->handlers = *handlers;
	(*ret_call)->arg = arg;
	(*ret_call)->accepted = true;
	ua_post(sip->ua, UA_DIAL, leg, 0, NULL);
	return 0;
}

/* What the application does with a call */

void sip_call_accept(struct sip_call *call, const struct sip_call_handlers *handlers, void *arg)
{
	struct event *end = call->end;

	call->handlers = *handlers;
	call->arg = arg;
	call->accepted = true;
	if (!end)
		return;
	/* It ended while nobody listened: said again, in a turn of its own. */
	call->end = NULL;
	end->leg = call->leg;
	mailbox_put(ua_mailbox(call->leg->ua), end);
	mem_free(end);
}

void sip_call_ring(struct sip_call *call)
{
	ua_post(call->leg->ua, UA_RING, call->leg, 0, NULL);
}

void sip_call_answer(struct sip_call *call)
{
	ua_post(call->leg->ua, UA_ANSWER, call->leg, 0, NULL);
}

static const char *default_reason(int code)
{
	switch (code) {
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 480:
		return "Temporarily Unavailable";
	case 486:
		return "Busy Here";
	case 603:
		return "Decline";
	default:
		return code < 500 ? "Request Failure" : code < 600 ? "Server Failure" : "Declined";
	}
}

void sip_call_reject(struct sip_call *call, int code, const char *reason)
{
	if (code < 400 || code > 699)
		code = 480;
	(void)reason;
	ua_post(call->leg->ua, UA_REJECT, call->leg, code, default_reason(code));
}

void sip_call_hangup(struct sip_call *call)
{
	if (!call->ended)
		ua_post(call->leg->ua, UA_HANGUP, call->leg, 0, NULL);
}

const char *sip_call_id(const struct sip_call *call)
{
	const char *call_id = call->leg->call_id;

	return call_id ? call_id : "";
}

const char *sip_call_remote_user(const struct sip_call *call)
{
	return call->leg->remote_user;
}

const char *sip_call_local_user(const struct sip_call *call)
{
	return call->leg->local_user;
}

const char *sip_call_header(const struct sip_call *call, const char *name)
{
	const struct leg *leg = call->leg;

	for (size_t i = 0; i < leg->header_count; i++)
		if (str_equal_nocase(leg->headers[i].name, name))
			return leg->headers[i].value;
	return NULL;
}

const char *sip_call_source(const struct sip_call *call)
{
	return call->leg->source;
}

int sip_call_play(struct sip_call *call, const int16_t *samples, size_t count)
{
	return call->ended ? 0 : play_queue_audio(call->leg->queue, samples, count);
}

int sip_call_mark(struct sip_call *call, uint32_t mark)
{
	return call->ended ? 0 : play_queue_mark(call->leg->queue, mark);
}

static void report_mark(uint32_t mark, void *arg)
{
	struct leg *leg = arg;

	mailbox_put(ua_mailbox(leg->ua),
		    &(struct event){.type = EVENT_MARK, .leg = leg, .value = mark});
}

size_t sip_call_clear(struct sip_call *call)
{
	return play_queue_clear(call->leg->queue, report_mark, call->leg);
}

size_t sip_call_queued_samples(const struct sip_call *call)
{
	return play_queue_samples(call->leg->queue);
}

size_t sip_call_peek(const struct sip_call *call, int16_t *out, size_t max)
{
	return play_queue_peek(call->leg->queue, out, max);
}

int sip_call_send_digit(struct sip_call *call, char digit, uint32_t duration_ms)
{
	if (!dtmf_is_digit(digit))
		return -EINVAL;
	return call->ended ? 0 : play_queue_digit(call->leg->queue, digit, duration_ms);
}

void sip_call_stats(const struct sip_call *call, struct sip_call_stats *ret_stats)
{
	const struct stream_counts *counts = &call->leg->counts;

	*ret_stats = (struct sip_call_stats){
		.tx_packets = counts->tx_packets,
		.rx_packets = counts->rx_packets,
		.rx_lost = counts->rx_lost,
		.rx_late = counts->rx_late,
		.concealed_frames = counts->concealed_frames,
	};
}
