#include "carrier/call_leg_state.h"

#include "core/mem.h"

#include <errno.h>

static const struct transition {
	enum call_leg_state from;
	enum call_leg_event event;
	enum call_leg_state to;
} transitions[] = {
	{LEG_QUEUED, LEG_EV_DIAL, LEG_INITIATED},
	{LEG_QUEUED, LEG_EV_CANCEL, LEG_CANCELED},
	{LEG_QUEUED, LEG_EV_FAIL, LEG_FAILED},

	{LEG_INITIATED, LEG_EV_RING, LEG_RINGING},
	{LEG_INITIATED, LEG_EV_ANSWER, LEG_IN_PROGRESS},
	{LEG_INITIATED, LEG_EV_BUSY, LEG_BUSY},
	{LEG_INITIATED, LEG_EV_NO_ANSWER, LEG_NO_ANSWER},
	{LEG_INITIATED, LEG_EV_FAIL, LEG_FAILED},
	{LEG_INITIATED, LEG_EV_CANCEL, LEG_CANCELED},

	{LEG_RINGING, LEG_EV_ANSWER, LEG_IN_PROGRESS},
	{LEG_RINGING, LEG_EV_BUSY, LEG_BUSY},
	{LEG_RINGING, LEG_EV_NO_ANSWER, LEG_NO_ANSWER},
	{LEG_RINGING, LEG_EV_FAIL, LEG_FAILED},
	{LEG_RINGING, LEG_EV_CANCEL, LEG_CANCELED},

	/* An answered call that breaks was still a call: it is completed, and was talked on. */
	{LEG_IN_PROGRESS, LEG_EV_HANGUP, LEG_COMPLETED},
	{LEG_IN_PROGRESS, LEG_EV_CANCEL, LEG_COMPLETED},
	{LEG_IN_PROGRESS, LEG_EV_FAIL, LEG_COMPLETED},
};

static const struct {
	const char *api;
	const char *callback;
} names[LEG_STATE_COUNT] = {
#define X(id_, api_, callback_) [LEG_##id_] = {api_, callback_},
	LEG_STATES(X)
#undef X
};

int call_leg_state_next(enum call_leg_state *ret_state, enum call_leg_state from,
			enum call_leg_event event)
{
	for (size_t i = 0; i < ARRAY_LEN(transitions); i++) {
		if (transitions[i].from == from && transitions[i].event == event) {
			*ret_state = transitions[i].to;
			return 0;
		}
	}
	return -EALREADY;
}

bool call_leg_state_is_terminal(enum call_leg_state state)
{
	return state >= LEG_COMPLETED;
}

const char *call_leg_state_name(enum call_leg_state state)
{
	return names[state].api;
}

const char *call_leg_state_callback_name(enum call_leg_state state)
{
	return names[state].callback;
}

enum call_leg_event call_leg_event_of_sip(int code)
{
	switch (code) {
	case 486: /* Busy Here */
	case 600: /* Busy Everywhere */
	case 603: /* Decline */
		return LEG_EV_BUSY;
	case 408: /* Request Timeout */
	case 480: /* Temporarily Unavailable */
	case 487: /* Request Terminated */
		return LEG_EV_NO_ANSWER;
	default:
		return LEG_EV_FAIL;
	}
}
