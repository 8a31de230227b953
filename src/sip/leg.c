#include "sip/leg.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "sip/play_queue.h"
#include "sip/telephone_event.h"
#include "sip/ua.h"

#include <errno.h>
#include <string.h>

static const char sdp_type[] = "application/sdp";

/* A phone that holds may send nothing; one that is gone does not come back. */
enum { HOLD_PATIENCE = 30 };

static void leg_destroy(void *data)
{
	struct leg *leg = data;
	char *strings[] = {leg->call_id,  leg->remote_user, leg->local_user, leg->source,
			   leg->to_uri,   leg->from_user,   leg->from_host,  leg->extra_headers,
			   leg->username, leg->password};

	for (size_t i = 0; i < ARRAY_LEN(strings); i++)
		mem_free(strings[i]);
	for (size_t i = 0; i < leg->header_count; i++) {
		mem_free(leg->headers[i].name);
		mem_free(leg->headers[i].value);
	}
	mem_unref(leg->queue);
	mem_unref(leg->ua);
}

struct leg *leg_new(struct ua *ua)
{
	struct leg *leg = mem_new(sizeof(*leg), leg_destroy);

	leg->ua = mem_ref(ua);
	leg->queue = play_queue_new();
	tmr_init(&leg->ring_timer);
	log_init(&leg->log, "sip", "");
	return leg;
}

/* Reporting */

static void report(struct leg *leg, enum event_type type)
{
	mailbox_put(ua_mailbox(leg->ua), &(struct event){.type = type, .leg = leg});
}

static void on_heard(void *arg)
{
	struct leg *leg = arg;

	if (!atomic_exchange(&leg->sounded, true))
		report(leg, EVENT_SOUND);
}

static void on_digit(char digit, uint32_t duration_ms, void *arg)
{
	struct leg *leg = arg;

	mailbox_put(ua_mailbox(leg->ua),
		    &(struct event){
			    .type = EVENT_DIGIT, .leg = leg, .digit = digit, .value = duration_ms});
}

static void on_mark(uint32_t mark, void *arg)
{
	struct leg *leg = arg;

	mailbox_put(ua_mailbox(leg->ua),
		    &(struct event){.type = EVENT_MARK, .leg = leg, .value = mark});
}

/* A leg that counts: in the list of its ua until it ends. */
static void enlist(struct leg *leg, enum leg_state state)
{
	leg->state = state;
	ua_add(leg->ua, &leg->node, mem_ref(leg));
}

static void leg_end(struct leg *leg, enum sip_end end, int code, const char *reason)
{
	struct event event = {.type = EVENT_ENDED, .leg = leg, .end = end, .code = code};

	if (leg->state == LEG_ENDED)
		return;
	leg->state = LEG_ENDED;
	str_copy(event.reason, sizeof(event.reason), reason ? reason : "");
	LOG_INFO(&leg->log, "sip_call_ended", LOG_INT("code", code),
		 LOG_STR("reason", event.reason),
		 LOG_INT("tx_packets", (int64_t)leg->counts.tx_packets),
		 LOG_INT("rx_packets", (int64_t)leg->counts.rx_packets),
		 LOG_INT("rx_lost", (int64_t)leg->counts.rx_lost));
	metric_add(METRIC_RTP_LOST, "", (double)leg->counts.rx_lost);
	mailbox_put(ua_mailbox(leg->ua), &event);

	tmr_cancel(&leg->ring_timer);
	leg->session = mem_deref(leg->session); /* BYE or CANCEL, if one is due */
	leg->sdp = mem_deref(leg->sdp);
	leg->media = NULL;
	leg->stream = mem_unref(leg->stream);
	if (leg->node.list) {
		ua_remove(leg->ua, &leg->node);
		mem_unref(leg);
	}
}

/* SDP */

static int add_formats(struct sdp_media *media)
{
	int err = sdp_format_add(NULL, media, false, "0", "PCMU", 8000, 1, NULL, NULL, NULL, false,
				 NULL);

	err |= sdp_format_add(NULL, media, false, "8", "PCMA", 8000, 1, NULL, NULL, NULL, false,
			      NULL);
	err |= sdp_format_add(NULL, media, false, "101", "telephone-event", 8000, 1, NULL, NULL,
			      NULL, false, "0-15");
	return err;
}

/* Open the ports, and describe them. dst may be NULL. */
static int open_media(struct leg *leg, const struct sa *dst)
{
	const struct sip_conf *conf = ua_conf(leg->ua);
	struct sa local;
	int err;

	ua_local_address(leg->ua, &local, dst);
	err = stream_new(
		&leg->stream,
		&(struct stream_params){
			.local = &local,
			.port_min = conf->rtp_port_min,
			.port_max = conf->rtp_port_max,
			.queue = leg->queue,
			.ring = &leg->ring,
			.counts = &leg->counts,
			.handlers = {.heardh = on_heard, .digith = on_digit, .markh = on_mark},
			.arg = leg,
		});
	if (err)
		return err;
	sa_set_port(&local, 0);
	err = sdp_session_alloc(&leg->sdp, &local);
	if (!err)
		err = sdp_media_add(&leg->media, leg->sdp, sdp_media_audio,
				    stream_port(leg->stream), sdp_proto_rtpavp);
	if (!err)
		err = sdp_media_set_lattr(leg->media, true, sdp_attr_ptime, "%u", SIP_FRAME_MS);
	if (!err)
		err = add_formats(leg->media);
	return -err;
}

/* A static type needs no name (RFC 3551, 6). */
static bool is_format(const struct sdp_format *format, int static_pt, const char *name)
{
	return format->sup && (format->pt == static_pt || !str_casecmp(format->name, name));
}

/* The first codec both know, in the peer's order. */
static bool common_codec(const struct sdp_media *media, struct stream_peer *peer)
{
	for (struct le *le = list_head(sdp_media_format_lst(media, false)); le; le = le->next) {
		const struct sdp_format *format = le->data;
		bool ulaw = is_format(format, STREAM_PCMU_PT, "PCMU");

		if (format->pt < 0 || format->pt > 127 ||
		    (!ulaw && !is_format(format, STREAM_PCMA_PT, "PCMA")))
			continue;
		peer->law = ulaw ? G711_ULAW : G711_ALAW;
		peer->audio_pt = format->pt;
		return true;
	}
	return false;
}

/* What the peer's SDP means for the stream. Returns 0 or -EPROTO. */
static int agree(struct leg *leg)
{
	const struct sdp_format *event = sdp_media_rformat(leg->media, "telephone-event");
	const struct sa *remote = sdp_media_raddr(leg->media);
	enum sdp_dir dir = sdp_media_dir(leg->media);
	struct stream_peer peer = {
		.event_pt = event && event->pt >= 0 && event->pt <= 127 ? event->pt : -1,
		.send = dir & SDP_SENDONLY,
		.receive = dir & SDP_RECVONLY,
	};

	if (!common_codec(leg->media, &peer) || !sa_isset(remote, SA_PORT) ||
	    sa_af(remote) != stream_family(leg->stream))
		return -EPROTO;
	if (sa_is_any(remote)) /* c=0.0.0.0, how RFC 2543 put a call on hold */
		peer.send = peer.receive = false;
	peer.rtp = *remote;
	sdp_media_raddr_rtcp(leg->media, &peer.rtcp);
	stream_set_peer(leg->stream, &peer);
	leg->got_media = true;
	return 0;
}

static int take_sdp(struct leg *leg, const struct sip_msg *msg, bool offer)
{
	if (!msg_ctype_cmp(&msg->ctyp, "application", "sdp"))
		return -EPROTO;
	if (sdp_decode(leg->sdp, msg->mb, offer))
		return -EPROTO;
	return agree(leg);
}

/* The session's handlers */

static void on_progress(const struct sip_msg *msg, void *arg)
{
	struct leg *leg = arg;
	struct event event = {.type = EVENT_RINGING, .leg = leg};

	if (mbuf_get_left(msg->mb) && !leg->got_media)
		take_sdp(leg, msg, false);
	event.early_media = leg->got_media;
	if (msg->scode == 180 || (msg->scode > 180 && event.early_media))
		mailbox_put(ua_mailbox(leg->ua), &event);
}

/* An answer in a 200 or an ACK. An error makes libre end the session, which ends the leg. */
static int on_answer(const struct sip_msg *msg, void *arg)
{
	struct leg *leg = arg;

	if (!mbuf_get_left(msg->mb) && leg->got_media)
		return 0;
	if (take_sdp(leg, msg, false) == 0)
		return 0;
	if (leg->state != LEG_UP) /* else the call goes on as it was */
		leg->fail_code = 488;
	return EPROTO;
}

/* A new offer within the call: hold, another port, a session refresh; or a request for ours. */
static int on_offer(struct mbuf **descp, const struct sip_msg *msg, void *arg)
{
	struct leg *leg = arg;
	bool offered = mbuf_get_left(msg->mb) > 0;

	if (offered && take_sdp(leg, msg, true))
		return EPROTO;
	return sdp_encode(descp, leg->sdp, !offered);
}

static void on_established(const struct sip_msg *msg, void *arg)
{
	struct leg *leg = arg;

	(void)msg;
	tmr_cancel(&leg->ring_timer);
	leg->state = LEG_UP;
	stream_open_queue(leg->stream);
	LOG_INFO(&leg->log, "sip_call_answered");
	report(leg, EVENT_ANSWERED);
}

static uint32_t info_duration_ms(const struct pl *body)
{
	struct pl duration;
	uint32_t ms = TELEPHONE_EVENT_DEFAULT_MS;

	if (re_regex(body->p, body->l, "Duration=[ ]*[0-9]+", NULL, &duration) == 0)
		ms = duration.l < 6 ? pl_u32(&duration) : TELEPHONE_EVENT_MAX_MS;
	return ms < TELEPHONE_EVENT_MAX_MS ? ms : TELEPHONE_EVENT_MAX_MS;
}

/* Digits of phones that send them in INFO: "Signal=5" (application/dtmf-relay), or just "5". */
static void on_info(struct re_sip *stack, const struct sip_msg *msg, void *arg)
{
	struct leg *leg = arg;
	struct pl body, signal;
	bool relay = msg_ctype_cmp(&msg->ctyp, "application", "dtmf-relay");
	bool plain = msg_ctype_cmp(&msg->ctyp, "application", "dtmf");

	pl_set_mbuf(&body, msg->mb);
	if (!relay && !plain) {
		sip_reply(stack, msg, 415, "Unsupported Media Type");
		return;
	}
	if (plain && re_regex(body.p, body.l, "[0-9A-D*#]1", &signal) == 0)
		on_digit(*signal.p, TELEPHONE_EVENT_DEFAULT_MS, leg);
	else if (re_regex(body.p, body.l, "Signal=[ ]*[0-9A-D*#]1", NULL, &signal) == 0)
		on_digit(*signal.p, info_duration_ms(&body), leg);
	sip_reply(stack, msg, 200, "OK");
}

static void on_close(int err, const struct sip_msg *msg, void *arg)
{
	struct leg *leg = arg;
	bool up = leg->state == LEG_UP || leg->state == LEG_ANSWERING;
	char reason[EVENT_REASON_SIZE];

	if (leg->fail_code) {
		leg_end(leg, SIP_END_ERROR, leg->fail_code, "no common codec");
	} else if (msg && msg->scode >= 300) {
		pl_strcpy(&msg->reason, reason, sizeof(reason));
		leg_end(leg, SIP_END_REJECTED, msg->scode, reason);
	} else if (err == ECONNRESET) {
		leg_end(leg, SIP_END_REMOTE, up ? 200 : 487, up ? "BYE" : "CANCEL");
	} else if (err == ETIMEDOUT) {
		leg_end(leg, SIP_END_TIMEOUT, 408, "no response");
	} else {
		leg_end(leg, SIP_END_ERROR, 503, err ? strerror(err) : "unexpected end");
	}
}

/* Outgoing */

struct credentials {
	char *username;
	char *password;
};

static void credentials_destroy(void *data)
{
	struct credentials *credentials = data;

	mem_deref(credentials->username);
	mem_deref(credentials->password);
}

static int on_auth(char **username, char **password, const char *realm, void *arg)
{
	const struct credentials *credentials = arg;

	(void)realm;
	if (!credentials->username)
		return EAUTH;
	return str_dup(username, credentials->username) | str_dup(password, credentials->password);
}

/* libre keeps them for as long as it may be challenged, which is longer than the leg lives. */
static struct credentials *credentials_new(const struct leg *leg)
{
	struct credentials *credentials = mem_zalloc(sizeof(*credentials), credentials_destroy);

	if (leg->username) {
		str_dup(&credentials->username, leg->username);
		str_dup(&credentials->password, leg->password ? leg->password : "");
	}
	return credentials;
}

static void on_ring_timeout(void *arg)
{
	leg_end(arg, SIP_END_TIMEOUT, 408, "not answered in time");
}

/* Without a name server libre knows no names; this one needs none. */
static char *dial_uri(const struct leg *leg)
{
	struct uri uri;
	struct pl pl;
	char *text;

	pl_set_str(&pl, leg->to_uri);
	if (uri_decode(&uri, &pl) == 0 && !pl_strcasecmp(&uri.host, "localhost")) {
		pl_set_str(&uri.host, "127.0.0.1");
		uri.af = AF_INET;
	}
	return re_sdprintf(&text, "%H", uri_encode, &uri) ? NULL : text;
}

/* Where a call goes, when its URI says so in numbers. */
static const struct sa *target_address(struct sa *addr, const char *to_uri)
{
	struct uri uri;
	struct pl pl;

	pl_set_str(&pl, to_uri);
	if (uri_decode(&uri, &pl) || sa_set(addr, &uri.host, uri.port ? uri.port : SIP_PORT))
		return NULL;
	return addr;
}

static int connect_session(struct leg *leg, const char *to_uri, const struct sa *dst)
{
	struct credentials *credentials = credentials_new(leg);
	struct mbuf *offer = NULL;
	struct sa local;
	char from_uri[320];
	int err;

	ua_local_address(leg->ua, &local, dst);
	if (leg->from_host)
		re_snprintf(from_uri, sizeof(from_uri), "sip:%s@%s", leg->from_user,
			    leg->from_host);
	else
		re_snprintf(from_uri, sizeof(from_uri), "sip:%s@%j:%u", leg->from_user, &local,
			    ua_port(leg->ua));
	err = sdp_encode(&offer, leg->sdp, true);
	if (!err)
		err = sipsess_connect(&leg->session, ua_sessions(leg->ua), to_uri, NULL, from_uri,
				      leg->from_user, NULL, 0, sdp_type, offer, on_auth,
				      credentials, true, on_offer, on_answer, on_progress,
				      on_established, on_info, NULL, on_close, leg, "%s",
				      leg->extra_headers ? leg->extra_headers : "");
	mem_deref(offer);
	mem_deref(credentials);
	return err;
}

void leg_dial(struct leg *leg)
{
	const struct sa *dst;
	struct sa addr;
	char *to_uri;
	int err;

	if (leg->state != LEG_NEW)
		return;
	enlist(leg, LEG_DIALING);
	to_uri = dial_uri(leg);
	dst = to_uri ? target_address(&addr, to_uri) : NULL;
	err = to_uri ? -open_media(leg, dst) : EINVAL;
	if (!err)
		err = connect_session(leg, to_uri, dst);
	mem_deref(to_uri);
	if (err) {
		leg_end(leg, SIP_END_ERROR, 503, strerror(err));
		return;
	}
	leg->call_id = mem_strdup(sip_dialog_callid(sipsess_dialog(leg->session)));
	log_init(&leg->log, "sip", leg->call_id);
	LOG_INFO(&leg->log, "sip_call_dialled", LOG_PHONE("to", leg->remote_user));
	tmr_start(&leg->ring_timer, leg->ring_timeout_ms, on_ring_timeout, leg);
}

/* Incoming */

static char *copy_pl(const struct pl *pl)
{
	return mem_strndup(pl->p ? pl->p : "", pl->p ? pl->l : 0);
}

static char *copy_user(const struct pl *user)
{
	char *text = NULL, *copy;

	if (!user->p || re_sdprintf(&text, "%H", uri_user_unescape, user))
		return copy_pl(user);
	copy = mem_strdup(text);
	mem_deref(text);
	return copy;
}

static void copy_headers(struct leg *leg, const struct sip_msg *msg)
{
	for (struct le *le = list_head(&msg->hdrl); le; le = le->next) {
		const struct sip_hdr *header = le->data;

		if (leg->header_count == LEG_MAX_HEADERS)
			return;
		leg->headers[leg->header_count].name = copy_pl(&header->name);
		leg->headers[leg->header_count].value = copy_pl(&header->val);
		leg->header_count++;
	}
}

static void copy_invite(struct leg *leg, const struct sip_msg *msg)
{
	char source[64];

	sa_ntop(&msg->src, source, sizeof(source));
	leg->source = mem_strdup(source);
	leg->call_id = copy_pl(&msg->callid);
	leg->remote_user = copy_user(&msg->from.uri.user);
	leg->local_user = copy_user(&msg->uri.user);
	copy_headers(leg, msg);
	log_init(&leg->log, "sip", leg->call_id);
}

static void refuse(struct ua *ua, const struct sip_msg *msg, uint16_t code, const char *reason)
{
	sip_treply(NULL, ua_stack(ua), msg, code, reason);
}

void leg_incoming(struct ua *ua, const struct sip_msg *msg)
{
	auto_unref struct leg *leg = leg_new(ua);
	int err;

	copy_invite(leg, msg);
	err = open_media(leg, &msg->src);
	if (err) {
		LOG_ERROR(&leg->log, "rtp_ports_not_opened", LOG_ERR(err));
		refuse(ua, msg, 503, "Service Unavailable");
	} else if (mbuf_get_left(msg->mb) && take_sdp(leg, msg, true)) {
		refuse(ua, msg, 488, "Not Acceptable Here");
	} else if (sipsess_accept(&leg->session, ua_sessions(ua), msg, 183, "Session Progress",
				  leg->local_user[0] ? leg->local_user : "voiceai", sdp_type, NULL,
				  NULL, NULL, false, on_offer, on_answer, on_established, on_info,
				  NULL, on_close, leg, NULL)) {
		refuse(ua, msg, 400, "Bad Request");
	} else {
		enlist(leg, LEG_OFFERED);
		LOG_INFO(&leg->log, "sip_call_offered", LOG_PHONE("from", leg->remote_user),
			 LOG_PHONE("to", leg->local_user), LOG_STR("source", leg->source));
		report(leg, EVENT_INCOMING);
		return;
	}
	leg->sdp = mem_deref(leg->sdp);
	leg->stream = mem_unref(leg->stream);
}

void leg_ring(struct leg *leg)
{
	if (leg->state == LEG_OFFERED)
		sipsess_progress(leg->session, 180, "Ringing", NULL, NULL);
}

void leg_answer(struct leg *leg)
{
	struct mbuf *desc = NULL;
	int err;

	if (leg->state != LEG_OFFERED)
		return;
	leg->state = LEG_ANSWERING;
	err = sdp_encode(&desc, leg->sdp, !leg->got_media);
	if (!err)
		err = sipsess_answer(leg->session, 200, "OK", desc, NULL);
	mem_deref(desc);
	if (err)
		leg_end(leg, SIP_END_ERROR, 500, strerror(err));
}

void leg_reject(struct leg *leg, int code, const char *reason)
{
	if (leg->state != LEG_OFFERED)
		return;
	sipsess_reject(leg->session, (uint16_t)code, reason, NULL);
	leg_end(leg, SIP_END_LOCAL, code, reason);
}

void leg_hangup(struct leg *leg)
{
	if (leg->state == LEG_OFFERED)
		leg_reject(leg, 480, "Temporarily Unavailable");
	else
		leg_end(leg, SIP_END_LOCAL, leg->state == LEG_UP ? 200 : 487, "hung up");
}

void leg_tick(struct leg *leg, uint64_t now_us, enum stream_tick tick)
{
	bool talking = leg->state == LEG_UP || leg->state == LEG_ANSWERING ||
		       (leg->state == LEG_DIALING && leg->got_media);
	uint64_t timeout_ms;

	if (!talking)
		return;
	stream_tick(leg->stream, now_us, tick);
	if (tick != STREAM_TICK_ON_TIME)
		return; /* what was sent to us meanwhile is not read yet */
	timeout_ms = ua_conf(leg->ua)->rtp_timeout_ms;
	if (stream_on_hold(leg->stream))
		timeout_ms *= HOLD_PATIENCE;
	if (leg->state == LEG_UP && stream_quiet_ms(leg->stream, now_us) > timeout_ms)
		leg_end(leg, SIP_END_RTP_TIMEOUT, 408, "no audio received");
}
