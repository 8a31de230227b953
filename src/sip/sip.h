/*
 * Telephone calls over SIP/UDP and RTP (libre), G.711 both laws, RFC 4733 digits.
 *
 * libre runs on a thread of its own; this interface belongs to the loop: call it from there, and
 * every handler runs there. Audio crosses as 20 ms frames of 160 samples, signed 16 bit, 8 kHz.
 * Frames leave on a steady 20 ms clock of the SIP thread, silence when nothing is queued.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct sip;
struct sip_call;

enum { SIP_FRAME_SAMPLES = 160, SIP_FRAME_MS = 20 };

struct sip_conf {
	const char *bind_address; /* IP address; NULL means 127.0.0.1; 0.0.0.0 all there are now */
	uint16_t port;            /* UDP; 0 any free port, see sip_port() */
	uint16_t rtp_port_min;    /* 0 means 10000 */
	uint16_t rtp_port_max;    /* 0 means 20000 */
	uint32_t max_calls;       /* 0 means 1000; more are answered 486 */
	uint32_t rtp_timeout_ms;  /* no packet for so long ends a call; 0 means 20000 */
	const char *user_agent;   /* NULL means "voiceai" */
};

/* An INVITE has come; the caller keeps it with mem_ref() and rings, answers or rejects it. */
typedef void sip_incoming_h(struct sip_call *call, void *arg);

/* ret_sip: owned by the caller; mem_unref() hangs up every call and ends the thread. */
int sip_open(struct sip **ret_sip, struct loop *loop, const struct sip_conf *conf,
	     sip_incoming_h *incomingh, void *arg);
uint16_t sip_port(const struct sip *sip);

enum sip_end {
	SIP_END_LOCAL,    /* sip_call_hangup() */
	SIP_END_REMOTE,   /* BYE, or CANCEL before the answer */
	SIP_END_REJECTED, /* final 3xx..6xx (redirects are not followed); see code: 486 busy,
			     480/408 no answer, 404... */
	SIP_END_TIMEOUT,  /* ring_timeout_ms passed (CANCEL was sent), or no response at all: code
			     408 */
	SIP_END_RTP_TIMEOUT, /* the other side stopped sending audio */
	SIP_END_ERROR,       /* no common codec, unroutable, broken SDP */
};

struct sip_call_handlers {
	/* 180 or 183; early_media: the peer sends audio before the answer (it is heard in audioh).
	 */
	void (*ringingh)(struct sip_call *call, bool early_media, void *arg);
	void (*answeredh)(struct sip_call *call, void *arg);
	/* The next 20 ms from the peer, as soon as they are there, or made up once they are overdue
	 * (media/jitter.h). As many as time passes, not evenly. */
	void (*audioh)(struct sip_call *call, const int16_t samples[SIP_FRAME_SAMPLES], void *arg);
	void (*digith)(struct sip_call *call, char digit, uint32_t duration_ms, void *arg);
	/* Everything queued before this mark has been sent (or was cleared). */
	void (*markh)(struct sip_call *call, uint32_t mark, void *arg);
	/* Once, the last. code is the SIP status that ended it, 200 for a BYE, 487 for a CANCEL. */
	void (*endedh)(struct sip_call *call, enum sip_end end, int code, const char *reason,
		       void *arg);
};

struct sip_dial_params {
	const char *to_uri;    /* "sip:user@host[:port]" */
	const char *from_user; /* user part of From, such as "+15550100" */
	const char *from_host; /* NULL means our address */
	const char *username;  /* digest authentication; NULL for none */
	const char *password;
	uint32_t ring_timeout_ms;   /* 0 means 60000 */
	const char *const *headers; /* extra "Name: value", NULL at the end; may be NULL */
};

/*
 * Call. ret_call: owned by the caller; dropping the last reference hangs up and reports nothing
 * more. Returns 0 or -EINVAL (bad URI). handlers is copied; any may be NULL.
 */
int sip_dial(struct sip_call **ret_call, struct sip *sip, const struct sip_dial_params *params,
	     const struct sip_call_handlers *handlers, void *arg);

/* Incoming calls only. The handlers must be set before anything else is done with the call. */
void sip_call_accept(struct sip_call *call, const struct sip_call_handlers *handlers, void *arg);
void sip_call_ring(struct sip_call *call);                                 /* 180 */
void sip_call_answer(struct sip_call *call);                               /* 200 */
void sip_call_reject(struct sip_call *call, int code, const char *reason); /* 4xx..6xx */

/* BYE, CANCEL or a final response, as the state asks; endedh follows. Harmless when ended. */
void sip_call_hangup(struct sip_call *call);

const char *sip_call_id(const struct sip_call *call); /* Call-ID header */
const char *
sip_call_remote_user(const struct sip_call *call); /* user part of From (in) or To (out) */
const char *
sip_call_local_user(const struct sip_call *call); /* user part of the request URI (in) */
/* A header of the INVITE by name, NULL when absent. Incoming calls only. */
const char *sip_call_header(const struct sip_call *call, const char *name);
const char *sip_call_source(const struct sip_call *call); /* peer's IP address */

/*
 * Queue audio behind what is queued; any number of samples. At most ten minutes wait; more is
 * dropped and -ENOBUFS returned. sip_call_mark() queues a mark (markh); sip_call_clear() drops
 * queued audio, its marks are reported at once, and returns how many samples were dropped.
 */
int sip_call_play(struct sip_call *call, const int16_t *samples, size_t count);
int sip_call_mark(struct sip_call *call, uint32_t mark);
size_t sip_call_clear(struct sip_call *call);
size_t sip_call_queued_samples(const struct sip_call *call);
/* Copy the first of what is queued, at most max samples; it stays queued. Returns how many. */
size_t sip_call_peek(const struct sip_call *call, int16_t *out, size_t max);

/* RFC 4733 digits when negotiated, in-band tones otherwise; queued in order. 0-9A-D*# */
int sip_call_send_digit(struct sip_call *call, char digit, uint32_t duration_ms);

struct sip_call_stats {
	uint64_t tx_packets, rx_packets, rx_lost, rx_late, concealed_frames;
};
void sip_call_stats(const struct sip_call *call, struct sip_call_stats *ret_stats);
