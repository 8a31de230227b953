/*
 * The states of a call and how they follow each other.
 *
 *	outbound   QUEUED -> INITIATED -> RINGING -> IN_PROGRESS -> COMPLETED
 *	inbound                           RINGING -> IN_PROGRESS -> COMPLETED
 *
 * and from every state before IN_PROGRESS to BUSY, NO_ANSWER, FAILED or CANCELED. RINGING may be
 * skipped. What is terminal stays so.
 */
#pragma once

#include <stdbool.h>

/* LEG_STATE(id, name in the API, name in callbacks) */
#define LEG_STATES(X)                                \
	X(QUEUED, "queued", "queued")                \
	X(INITIATED, "queued", "initiated")          \
	X(RINGING, "ringing", "ringing")             \
	X(IN_PROGRESS, "in-progress", "in-progress") \
	X(COMPLETED, "completed", "completed")       \
	X(BUSY, "busy", "busy")                      \
	X(NO_ANSWER, "no-answer", "no-answer")       \
	X(FAILED, "failed", "failed")                \
	X(CANCELED, "canceled", "canceled")

enum call_leg_state {
#define X(id_, api_, callback_) LEG_##id_,
	LEG_STATES(X)
#undef X
		LEG_STATE_COUNT
};

enum call_leg_event {
	LEG_EV_DIAL,      /* its turn in the queue has come */
	LEG_EV_RING,      /* the other side rings */
	LEG_EV_ANSWER,    /* somebody picked up */
	LEG_EV_BUSY,      /* the other side is busy or declined */
	LEG_EV_NO_ANSWER, /* nobody picked up, or the caller gave up */
	LEG_EV_FAIL,      /* it could not be connected, or the connection broke */
	LEG_EV_CANCEL,    /* we gave up before the answer */
	LEG_EV_HANGUP,    /* either side hung up after the answer */
	LEG_EVENT_COUNT
};

/* 0 with the state that follows, or -EALREADY: the event means nothing in this state. */
int call_leg_state_next(enum call_leg_state *ret_state, enum call_leg_state from,
			enum call_leg_event event);

bool call_leg_state_is_terminal(enum call_leg_state state);
const char *
call_leg_state_name(enum call_leg_state state); /* in the API; "initiated" is not there */
const char *call_leg_state_callback_name(enum call_leg_state state); /* in webhooks */

/* The event that a SIP status means for a call not yet answered. */
enum call_leg_event call_leg_event_of_sip(int code);
