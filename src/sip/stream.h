/*
 * The media of one call: RTP and RTCP on a pair of ports, G.711, digits (RFC 4733). Belongs to the
 * SIP thread; only the play queue and the ring of received frames are shared with the loop.
 */
#pragma once

#include "media/g711.h"
#include "media/jitter.h"
#include "sip/re_door.h"
#include "sip/sip.h"

#include <stdatomic.h>

struct play_queue;
struct stream;

/* Frames from the SIP thread (one writer) to the loop (one reader); full means the newest is
 * dropped. */
enum { FRAME_RING_SIZE = 64 };
struct frame_ring {
	int16_t frames[FRAME_RING_SIZE][SIP_FRAME_SAMPLES];
	_Atomic uint32_t written;
	_Atomic uint32_t read;
};
bool frame_ring_put(struct frame_ring *ring, const int16_t *samples);
/* The oldest frame, NULL when there is none; then frame_ring_pop() gives its place back. */
const int16_t *frame_ring_peek(struct frame_ring *ring);
void frame_ring_pop(struct frame_ring *ring);

struct stream_handlers {
	void (*heardh)(void *arg); /* there is something in the ring */
	void (*digith)(char digit, uint32_t duration_ms, void *arg);
	void (*markh)(uint32_t mark, void *arg);
};

/* Counted on the SIP thread, read anywhere. */
struct stream_counts {
	_Atomic uint64_t tx_packets, rx_packets, rx_lost, rx_late, concealed_frames;
};

struct stream_params {
	const struct sa *local; /* address the ports are opened on */
	uint16_t port_min, port_max;
	struct play_queue *queue;     /* referenced */
	struct frame_ring *ring;      /* outlives the stream */
	struct stream_counts *counts; /* outlives the stream */
	struct stream_handlers handlers;
	void *arg;
};

/* Payload types: RFC 3551, and the one we offer for digits, which counts whatever the answer calls
 * its own (RFC 3264, 5.1). */
enum { STREAM_PCMU_PT = 0, STREAM_PCMA_PT = 8, STREAM_EVENT_PT = 101 };

/* What was agreed in SDP. */
struct stream_peer {
	struct sa rtp, rtcp;
	enum g711_law law;
	int audio_pt; /* 0..127: what law is called in this call, both ways */
	int event_pt; /* telephone-event, -1 when not agreed */
	bool send;    /* hold: the peer does not want to hear, or not to be heard */
	bool receive;
};

/* Ports are open, nothing is sent. Returns 0 or a negative errno. Drop with mem_unref(). */
int stream_new(struct stream **ret_stream, const struct stream_params *params);
uint16_t stream_port(const struct stream *stream);
int stream_family(const struct stream *stream); /* AF_INET or AF_INET6 */

/* The peer is known, or has changed. */
void stream_set_peer(struct stream *stream, const struct stream_peer *peer);
/* The call is answered: from now on the play queue is heard. */
void stream_open_queue(struct stream *stream);

enum stream_tick {
	STREAM_TICK_ON_TIME,
	STREAM_TICK_LATE,   /* what came meanwhile may not be read yet: none of it is made up */
	STREAM_TICK_MISSED, /* and the time of its packet has passed: none is sent */
};

/* 20 ms have passed. After a stall there is one of these for each 20 ms of it. */
void stream_tick(struct stream *stream, uint64_t now_us, enum stream_tick tick);

/* How long nothing was heard of the peer; 0 while it is not known. */
bool stream_on_hold(const struct stream *stream); /* one way or both */
uint64_t stream_quiet_ms(const struct stream *stream, uint64_t now_us);
