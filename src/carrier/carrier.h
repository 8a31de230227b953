/*
 * The embedded carrier: Twilio's API on one side, SIP and RTP on the other.
 *
 *	rest*.c          the REST API: calls, recordings, account (call_leg_json.c: how they look)
 *	call_leg.c            one call: states (call_leg_state.c), callbacks, audio
 *	call_leg_book.c       every call there is and lately was; call_journal.c keeps it across
 *restarts twiml.c          documents; script.c carries them out, player.c speaks and plays,
 *	                 gather.c collects keys
 *	stream.c         media streams (stream_message.c: their messages)
 *	hook.c           signed requests to the customer
 *	call_tape.c, clip.c   recordings; audio files to play
 *
 * Everything belongs to the loop.
 */
#pragma once

#include <stdint.h>

struct carrier;
struct loop;
struct settings;

typedef void carrier_h(void *arg);

/*
 * ret_carrier: owned by the caller; mem_unref() drops every call. settings is referenced,
 * version static. Returns 0,
 * or a negative errno with error (room for 256) naming what could not be opened.
 */
int carrier_new(struct carrier **ret_carrier, struct loop *loop, struct settings *settings,
		const char *version, char error[256]);

uint16_t carrier_port(const struct carrier *carrier);

/* Take no more calls, hang up those there are, and run doneh when their callbacks are delivered or
 * 1.5 s have passed. */
void carrier_stop(struct carrier *carrier, carrier_h *doneh, void *arg);
