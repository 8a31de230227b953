#include "sip/stream.h"

#include "core/clock.h"
#include "core/mem.h"
#include "media/dtmf.h"
#include "media/g711.h"
#include "media/jitter.h"
#include "sip/play_queue.h"
#include "sip/telephone_event.h"

#include <errno.h>
#include <string.h>

enum {
	MAX_PAYLOAD = 1600, /* 200 ms */
	DIGIT_PAUSE_FRAMES = 3,
	RELATCH_US = 1000000, /* a source that was quiet for so long may have moved */
};

struct stream {
	struct rtp_sock *rtp;
	struct play_queue *queue;
	struct frame_ring *ring;
	struct stream_counts *counts;
	struct stream_handlers handlers;
	void *arg;

	struct stream_peer peer;
	bool has_peer;
	bool queue_open;
	bool rtcp_started;
	uint64_t last_rx_us;
	struct sa source; /* where packets really come from (symmetric RTP) */
	bool has_source;

	struct jitter *jitter;
	uint32_t ssrc;
	bool has_ssrc;
	struct telephone_event_receiver digit_rx;
	struct dtmf_detector *detector;

	struct mbuf *packet;
	uint32_t tx_ts;
	bool tx_started;
	struct telephone_event_sender digit_tx;
	struct dtmf_tone tone;
	uint32_t tone_frames;
	uint32_t pause_frames;
};

bool frame_ring_put(struct frame_ring *ring, const int16_t *samples)
{
	uint32_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
	uint32_t read = atomic_load_explicit(&ring->read, memory_order_acquire);

	if (written - read >= FRAME_RING_SIZE)
		return false;
	memcpy(ring->frames[written % FRAME_RING_SIZE], samples, sizeof(ring->frames[0]));
	atomic_store_explicit(&ring->written, written + 1, memory_order_release);
	return true;
}

const int16_t *frame_ring_peek(struct frame_ring *ring)
{
	uint32_t read = atomic_load_explicit(&ring->read, memory_order_relaxed);

	if (atomic_load_explicit(&ring->written, memory_order_acquire) == read)
		return NULL;
	return ring->frames[read % FRAME_RING_SIZE];
}

void frame_ring_pop(struct frame_ring *ring)
{
	atomic_fetch_add_explicit(&ring->read, 1, memory_order_release);
}

/* Receiving */

/*
 * Media comes from where SDP says, or from where the first packets come (a phone behind NAT);
 * somebody else's packets are dropped while that source is alive.
 */
static bool from_peer(struct stream *stream, const struct sa *src, uint64_t now_us)
{
	if (stream->has_source && sa_cmp(src, &stream->source, SA_ALL))
		return true;
	if (stream->has_source && now_us - stream->last_rx_us < RELATCH_US &&
	    !(sa_cmp(src, &stream->peer.rtp, SA_ALL)))
		return false;
	stream->source = *src;
	stream->has_source = true;
	return true;
}

/* RFC 3550, 5.1: the last byte says how many bytes of padding there are. */
static size_t payload_len(const struct rtp_header *hdr, struct mbuf *mb)
{
	size_t len = mbuf_get_left(mb);
	size_t padding = hdr->pad && len ? mbuf_buf(mb)[len - 1] : 0;

	if (hdr->pad && (!padding || padding > len))
		return 0;
	return len - padding > MAX_PAYLOAD ? MAX_PAYLOAD : len - padding;
}

static void new_source(struct stream *stream, uint32_t ssrc)
{
	if (stream->has_ssrc && stream->ssrc == ssrc)
		return;
	if (stream->has_ssrc) {
		jitter_reset(stream->jitter);
		stream->digit_rx.seen = stream->digit_rx.pending = false;
	}
	stream->ssrc = ssrc;
	stream->has_ssrc = true;
}

/* Static types mean what RFC 3551 says, and law may have another name in this call. */
static bool audio_law(const struct stream *stream, int pt, enum g711_law *ret_law)
{
	if (pt == stream->peer.audio_pt)
		*ret_law = stream->peer.law;
	else if (pt == STREAM_PCMU_PT || pt == STREAM_PCMA_PT)
		*ret_law = pt == STREAM_PCMU_PT ? G711_ULAW : G711_ALAW;
	else
		return false;
	return true;
}

static void on_rtcp(const struct sa *src, struct rtcp_msg *msg, void *arg)
{
	struct stream *stream = arg;

	(void)msg;
	if (stream->has_peer && (sa_cmp(src, &stream->peer.rtp, SA_ADDR) ||
				 (stream->has_source && sa_cmp(src, &stream->source, SA_ADDR))))
		stream->last_rx_us = (uint64_t)clock_mono_us();
}

static void on_event_digit(char digit, uint32_t duration_ms, void *arg)
{
	struct stream *stream = arg;

	stream->handlers.digith(digit, duration_ms, stream->arg);
}

static void on_tone_digit(char digit, void *arg)
{
	struct stream *stream = arg;

	stream->handlers.digith(digit, 100, stream->arg);
}

static void copy_counts(struct stream *stream)
{
	struct jitter_stats stats;

	jitter_stats(stream->jitter, &stats);
	atomic_store_explicit(&stream->counts->rx_lost, stats.lost, memory_order_relaxed);
	atomic_store_explicit(&stream->counts->rx_late, stats.late, memory_order_relaxed);
	atomic_store_explicit(&stream->counts->concealed_frames, stats.concealed,
			      memory_order_relaxed);
}

static void pass_on(struct stream *stream)
{
	int16_t samples[SIP_FRAME_SAMPLES];
	enum jitter_frame frame;
	bool heard = false;

	while ((frame = jitter_get(stream->jitter, samples)) != JITTER_NONE) {
		/* Without RFC 4733 keys can only come as tones, and not as what we make up. */
		if (stream->detector && stream->peer.event_pt < 0 && frame != JITTER_MADE_UP)
			dtmf_detector_feed(stream->detector, samples, SIP_FRAME_SAMPLES);
		frame_ring_put(stream->ring, samples);
		heard = true;
	}
	if (!heard)
		return;
	copy_counts(stream);
	stream->handlers.heardh(stream->arg);
}

static void on_rtp(const struct sa *src, const struct rtp_header *hdr, struct mbuf *mb, void *arg)
{
	struct stream *stream = arg;
	uint64_t now_us = (uint64_t)clock_mono_us();
	size_t len = payload_len(hdr, mb);
	int16_t samples[MAX_PAYLOAD];
	enum g711_law law;

	if (!stream->has_peer || !from_peer(stream, src, now_us))
		return;
	stream->last_rx_us = now_us;
	atomic_fetch_add_explicit(&stream->counts->rx_packets, 1, memory_order_relaxed);
	new_source(stream, hdr->ssrc);
	if (!stream->peer.receive)
		return;

	if (audio_law(stream, hdr->pt, &law)) {
		g711_decode(samples, law, mbuf_buf(mb), len);
		jitter_put(stream->jitter, hdr->seq, hdr->ts, samples, len);
		pass_on(stream);
		return;
	}
	jitter_put(stream->jitter, hdr->seq, hdr->ts, samples, 0); /* its number is not missing */
	if (stream->peer.event_pt >= 0 &&
	    (hdr->pt == stream->peer.event_pt || hdr->pt == STREAM_EVENT_PT))
		telephone_event_receive(&stream->digit_rx, hdr->ts, mbuf_buf(mb), len, now_us);
}

/* Sending */

static void send_packet(struct stream *stream, bool marker, int pt, uint32_t ts,
			const uint8_t *payload, size_t len)
{
	struct mbuf *mb = stream->packet;
	const struct sa *dst = stream->has_source ? &stream->source : &stream->peer.rtp;

	mb->pos = mb->end = RTP_HEADER_SIZE;
	mbuf_write_mem(mb, payload, len);
	mb->pos = RTP_HEADER_SIZE;
	if (rtp_send(stream->rtp, dst, false, marker, (uint8_t)pt, ts, mb) == 0)
		atomic_fetch_add_explicit(&stream->counts->tx_packets, 1, memory_order_relaxed);
}

static void send_audio(struct stream *stream, const int16_t *samples)
{
	uint8_t payload[SIP_FRAME_SAMPLES];

	g711_encode(payload, stream->peer.law, samples, SIP_FRAME_SAMPLES);
	send_packet(stream, !stream->tx_started, stream->peer.audio_pt, stream->tx_ts, payload,
		    sizeof(payload));
	stream->tx_started = true;
}

static void start_digit(struct stream *stream, char digit, uint32_t duration_ms)
{
	if (stream->peer.event_pt >= 0) {
		telephone_event_start(&stream->digit_tx, digit, duration_ms, stream->tx_ts);
	} else {
		dtmf_tone_start(&stream->tone, digit);
		stream->tone_frames = (duration_ms + SIP_FRAME_MS - 1) / SIP_FRAME_MS;
	}
	stream->pause_frames = DIGIT_PAUSE_FRAMES;
}

/* True when this tick belongs to a digit. */
static bool send_digit(struct stream *stream, int16_t *samples, bool *ret_is_audio)
{
	uint8_t payload[TELEPHONE_EVENT_SIZE];
	bool marker;

	*ret_is_audio = false;
	if (telephone_event_next(&stream->digit_tx, payload, &marker)) {
		if (stream->peer.send && stream->peer.event_pt >= 0)
			send_packet(stream, marker, stream->peer.event_pt, stream->digit_tx.ts,
				    payload, sizeof(payload));
		return true;
	}
	if (stream->tone_frames) {
		stream->tone_frames--;
		dtmf_tone_fill(&stream->tone, samples, SIP_FRAME_SAMPLES);
	} else if (stream->pause_frames) {
		stream->pause_frames--;
	} else {
		return false;
	}
	*ret_is_audio = true;
	return true;
}

static void take_frame(struct stream *stream, struct play_frame *frame)
{
	memset(frame->samples, 0, sizeof(frame->samples));
	play_queue_take(stream->queue, frame);
	if (frame->digit)
		start_digit(stream, frame->digit, frame->digit_ms);
}

static void transmit_frame(struct stream *stream)
{
	struct play_frame frame;
	bool is_audio = true;

	frame.mark_count = 0;
	memset(frame.samples, 0, sizeof(frame.samples));
	if (!send_digit(stream, frame.samples, &is_audio)) {
		is_audio = true;
		if (stream->queue_open)
			take_frame(stream, &frame);
		if (stream->queue_open && frame.digit)
			send_digit(stream, frame.samples, &is_audio);
	}
	if (is_audio && stream->peer.send)
		send_audio(stream, frame.samples);
	for (size_t i = 0; i < frame.mark_count; i++)
		stream->handlers.markh(frame.marks[i], stream->arg);
}

void stream_tick(struct stream *stream, uint64_t now_us, enum stream_tick tick)
{
	if (!stream->has_peer)
		return;
	jitter_tick(stream->jitter, tick != STREAM_TICK_ON_TIME);
	if (tick == STREAM_TICK_ON_TIME)
		telephone_event_poll(&stream->digit_rx, now_us);
	pass_on(stream);
	if (tick != STREAM_TICK_MISSED)
		transmit_frame(stream);
	stream->tx_ts += SIP_FRAME_SAMPLES;
}

bool stream_on_hold(const struct stream *stream)
{
	return stream->has_peer && (!stream->peer.send || !stream->peer.receive);
}

uint64_t stream_quiet_ms(const struct stream *stream, uint64_t now_us)
{
	if (!stream->has_peer || now_us < stream->last_rx_us)
		return 0;
	return (now_us - stream->last_rx_us) / 1000;
}

void stream_open_queue(struct stream *stream)
{
	stream->queue_open = true;
	stream->last_rx_us = (uint64_t)clock_mono_us();
}

void stream_set_peer(struct stream *stream, const struct stream_peer *peer)
{
	bool moved = stream->has_peer && !sa_cmp(&peer->rtp, &stream->peer.rtp, SA_ALL);
	bool turned = stream->has_peer &&
		      (peer->receive != stream->peer.receive || peer->send != stream->peer.send);

	if (moved)
		stream->has_source = false;
	if (moved || turned || !stream->has_peer) {
		stream->last_rx_us = (uint64_t)clock_mono_us();
		jitter_reset(stream->jitter);
	}
	stream->peer = *peer;
	stream->has_peer = true;
	if (peer->event_pt < 0 && !stream->detector)
		stream->detector = dtmf_detector_new(on_tone_digit, stream);
	if (!stream->rtcp_started || moved)
		rtcp_start(stream->rtp, "voiceai", &peer->rtcp);
	stream->rtcp_started = true;
}

uint16_t stream_port(const struct stream *stream)
{
	return sa_port(rtp_local(stream->rtp));
}

int stream_family(const struct stream *stream)
{
	return sa_af(rtp_local(stream->rtp));
}

static void stream_destroy(void *data)
{
	struct stream *stream = data;

	mem_deref(stream->rtp);
	mem_deref(stream->packet);
	mem_unref(stream->jitter);
	mem_unref(stream->detector);
	mem_unref(stream->queue);
}

int stream_new(struct stream **ret_stream, const struct stream_params *params)
{
	struct stream *stream = mem_new(sizeof(*stream), stream_destroy);
	int err;

	stream->queue = mem_ref(params->queue);
	stream->ring = params->ring;
	stream->counts = params->counts;
	stream->handlers = params->handlers;
	stream->arg = params->arg;
	stream->jitter = jitter_new();
	stream->packet = mbuf_alloc(RTP_HEADER_SIZE + SIP_FRAME_SAMPLES);
	stream->tx_ts = rand_u32();
	stream->digit_rx.digith = on_event_digit;
	stream->digit_rx.arg = stream;
	err = rtp_listen(&stream->rtp, IPPROTO_UDP, params->local, params->port_min,
			 params->port_max, true, on_rtp, on_rtcp, stream);
	if (err) {
		mem_unref(stream);
		return -err;
	}
	rtcp_set_srate(stream->rtp, 8000, 8000);
	*ret_stream = stream;
	return 0;
}
