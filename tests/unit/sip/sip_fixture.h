/* One stack under test, one call of its, and a phone made by hand that it talks to. */
#pragma once

#include "core/list.h"
#include "core/log.h"
#include "core/mem.h"
#include "loop/loop.h"
#include "sip/sip.h"

#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <time.h>

#include "unit/sip/raw_phone.h"

#include <cmocka.h>

enum { DEADLINE_MS = 8000 };

struct fixture {
	struct loop *loop;
	struct sip *sip;
	struct raw_phone phone;
	struct sip_call *call;
	char trace[256];
	char digits[32];
	uint32_t digit_ms;
	int marks, frames, loud_frames, quiet_frames,
		code; /* quiet ones before the first loud one */
	int16_t peak;
	enum sip_end end;
	bool ended;
	char reason[96];
};

static inline void trace(struct fixture *f, const char *word)
{
	size_t len = strlen(f->trace);

	snprintf(f->trace + len, sizeof(f->trace) - len, "%s ", word);
}

static inline void on_ringing(struct sip_call *call, bool early_media, void *arg)
{
	trace(arg, early_media ? "early" : "ringing");
}

static inline void on_answered(struct sip_call *call, void *arg)
{
	trace(arg, "answered");
}

static inline void on_audio(struct sip_call *call, const int16_t *samples, void *arg)
{
	struct fixture *f = arg;
	int16_t peak = 0;

	for (int i = 0; i < SIP_FRAME_SAMPLES; i++)
		if (abs(samples[i]) > peak)
			peak = (int16_t)abs(samples[i]);
	f->frames++;
	f->loud_frames += peak > 1000;
	f->quiet_frames += !f->loud_frames;
	if (peak > 1000)
		f->peak = peak;
}

static inline void on_digit(struct sip_call *call, char digit, uint32_t duration_ms, void *arg)
{
	struct fixture *f = arg;
	size_t len = strlen(f->digits);

	f->digit_ms = duration_ms;
	if (len + 1 < sizeof(f->digits))
		f->digits[len] = digit;
}

static inline void on_mark(struct sip_call *call, uint32_t mark, void *arg)
{
	((struct fixture *)arg)->marks++;
}

static inline void on_ended(struct sip_call *call, enum sip_end end, int code, const char *reason,
			    void *arg)
{
	struct fixture *f = arg;

	assert_false(f->ended);
	f->ended = true;
	f->end = end;
	f->code = code;
	snprintf(f->reason, sizeof(f->reason), "%s", reason);
	trace(f, "ended");
}

static const struct sip_call_handlers handlers = {
	.ringingh = on_ringing,
	.answeredh = on_answered,
	.audioh = on_audio,
	.digith = on_digit,
	.markh = on_mark,
	.endedh = on_ended,
};

static inline void on_incoming(struct sip_call *call, void *arg)
{
	struct fixture *f = arg;

	mem_unref(f->call);
	f->call = mem_ref(call);
	sip_call_accept(call, &handlers, f);
}

static inline int set_up_conf(void **state, const struct sip_conf *more)
{
	struct fixture *f = mem_new(sizeof(*f), NULL);
	struct sip_conf conf = *more;

	conf.rtp_port_min = 24000;
	conf.rtp_port_max = 24999;
	f->loop = loop_new();
	assert_int_equal(sip_open(&f->sip, f->loop, &conf, on_incoming, f), 0);
	raw_open(&f->phone, sip_port(f->sip));
	*state = f;
	return 0;
}

static inline int set_up(void **state)
{
	return set_up_conf(state, &(struct sip_conf){.rtp_timeout_ms = 0});
}

static inline int tear_down(void **state)
{
	struct fixture *f = *state;

	mem_unref(f->call);
	mem_unref(f->sip);
	loop_run_once(f->loop, 0);
	mem_unref(f->loop);
	raw_close(&f->phone);
	mem_unref(f);
	return 0;
}

static inline uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Run the loop until the condition holds; fail at the deadline. */
#define WAIT_FOR(f_, condition_)                                             \
	do {                                                                 \
		uint64_t deadline_ = now_ms() + DEADLINE_MS;                 \
		bool held_;                                                  \
		while (!(held_ = (condition_)) && now_ms() < deadline_)      \
			loop_run_once((f_)->loop, 5);                        \
		if (!held_)                                                  \
			fail_msg("%s; trace: %s", #condition_, (f_)->trace); \
	} while (0)

#define WAIT_MSG(f_, start_) WAIT_FOR(f_, raw_got(&(f_)->phone, start_))

static inline void dial_with(struct fixture *f, const char *username, const char *password)
{
	char uri[64];

	snprintf(uri, sizeof(uri), "sip:+15550200@127.0.0.1:%u", f->phone.sip_port);
	assert_int_equal(sip_dial(&f->call, f->sip,
				  &(struct sip_dial_params){.to_uri = uri,
							    .from_user = "+15550100",
							    .username = username,
							    .password = password},
				  &handlers, f),
			 0);
	WAIT_MSG(f, "INVITE ");
}

/* The stack calls, the phone answers. */
static inline void connect_out(struct fixture *f, const char *formats, const char *more)
{
	dial_with(f, NULL, NULL);
	raw_reply(&f->phone, f->phone.invite, "200 OK", NULL, raw_sdp(&f->phone, formats, more));
	WAIT_MSG(f, "ACK ");
	WAIT_FOR(f, strstr(f->trace, "answered"));
}

/* The phone calls, the stack answers. */
static inline void connect_in(struct fixture *f, const char *formats, const char *more)
{
	raw_request(&f->phone, "INVITE", NULL, raw_sdp(&f->phone, formats, more));
	WAIT_FOR(f, f->call);
	sip_call_answer(f->call);
	WAIT_MSG(f, "SIP/2.0 200");
	raw_learn_dialogue(&f->phone);
	raw_request(&f->phone, "ACK", NULL, NULL);
	WAIT_FOR(f, strstr(f->trace, "answered"));
}

/* What the phone sends while the loop runs: a packet of a loud square wave every ptime. */
static inline void speak(struct fixture *f, int pt, unsigned ptime_ms, int packets)
{
	uint8_t payload[1600];
	uint64_t next = now_ms();

	for (size_t i = 0; i < sizeof(payload); i++) /* +-8031 (mu-law), +-8448 (A-law) */
		payload[i] = (uint8_t)((pt == 8 ? 0xb5 ^ (i / 8 % 2 ? 0x80 : 0)
						: 0x9f ^ (i / 8 % 2 ? 0x80 : 0)));
	while (packets--) {
		raw_send_rtp(&f->phone, pt, payload, ptime_ms * 8);
		next += ptime_ms;
		do {
			loop_run_once(f->loop, 1);
		} while (now_ms() < next);
	}
}
