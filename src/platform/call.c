#include "platform/call.h"

#include "core/mem.h"
#include "core/str.h"

#include <errno.h>

static const struct {
	const char *name;
	bool terminal;
} statuses[] = {
#define CALL_STATUS(id_, terminal_) [CALL_##id_] = {#id_, terminal_},
	CALL_STATUSES(CALL_STATUS)
#undef CALL_STATUS
};

static const char *const events[] = {
#define CALL_EVENT(id_, name_) [CALL_EV_##id_] = name_,
	CALL_EVENTS(CALL_EVENT)
#undef CALL_EVENT
};

static const char *const directions[] = {[CALL_INBOUND] = "INBOUND", [CALL_OUTBOUND] = "OUTBOUND"};

/*
 * What is not in the table is CALL_STEP_NONE. Once a call was answered, "busy" and "no answer" make
 * no sense any more, but the carrier says that it is over, so it is: FAILED.
 */
#define MOVE(to_)                                       \
	{                                               \
		CALL_STEP_MOVE, CALL_##to_, NULL, false \
	}
#define STAY(state_)                                       \
	{                                                  \
		CALL_STEP_STAY, CALL_##state_, NULL, false \
	}
#define HINT(state_, reason_)                                 \
	{                                                     \
		CALL_STEP_HINT, CALL_##state_, reason_, false \
	}
#define OVER(to_, reason_)                                 \
	{                                                  \
		CALL_STEP_MOVE, CALL_##to_, reason_, false \
	}
#define OVER_OR_HINT(to_, reason_)                        \
	{                                                 \
		CALL_STEP_MOVE, CALL_##to_, reason_, true \
	}

#define ENDS(state_)                                          \
	[CALL_EV_FAILED] = OVER(FAILED, CALL_END_PROVIDER),   \
	[CALL_EV_CANCELED] = OVER(FAILED, CALL_END_CANCELED), \
	[CALL_EV_ENGINE_ENDED] = HINT(state_, NULL),          \
	[CALL_EV_END_REQUESTED] = HINT(state_, CALL_END_API), \
	[CALL_EV_LOST] = OVER(FAILED, CALL_END_LOST)
/* However far it got, a call that nobody answered ends in the same ways. */
#define ENDS_UNANSWERED(state_)                                         \
	[CALL_EV_COMPLETED] = OVER_OR_HINT(COMPLETED, CALL_END_CALLER), \
	[CALL_EV_BUSY] = OVER(BUSY, CALL_END_BUSY),                     \
	[CALL_EV_NO_ANSWER] = OVER(NO_ANSWER, CALL_END_NOANSWER), ENDS(state_)

static const struct call_step steps[CALL_STATUS_COUNT][CALL_EVENT_COUNT] = {
	[CALL_PENDING] =
		{
			[CALL_EV_SESSION] = MOVE(INITIATING),
			[CALL_EV_WAITING] = STAY(PENDING),
			[CALL_EV_DIALLED] = MOVE(INITIATING),
			[CALL_EV_INITIATED] = MOVE(INITIATING),
			[CALL_EV_RINGING] = MOVE(RINGING),
			[CALL_EV_ANSWERED] = MOVE(IN_PROGRESS),
			[CALL_EV_ENGINE_JOINED] = MOVE(IN_PROGRESS),
			[CALL_EV_DEADLINE] = OVER_OR_HINT(FAILED, CALL_END_TIMEOUT),
			ENDS_UNANSWERED(PENDING),
		},
	[CALL_INITIATING] =
		{
			[CALL_EV_DIALLED] = STAY(INITIATING),
			[CALL_EV_RINGING] = MOVE(RINGING),
			[CALL_EV_ANSWERED] = MOVE(IN_PROGRESS),
			[CALL_EV_ENGINE_JOINED] = MOVE(IN_PROGRESS),
			[CALL_EV_DEADLINE] = OVER_OR_HINT(FAILED, CALL_END_TIMEOUT),
			ENDS_UNANSWERED(INITIATING),
		},
	[CALL_RINGING] =
		{
			[CALL_EV_ANSWERED] = MOVE(IN_PROGRESS),
			[CALL_EV_ENGINE_JOINED] = MOVE(IN_PROGRESS),
			[CALL_EV_DEADLINE] = OVER_OR_HINT(NO_ANSWER, CALL_END_NOANSWER),
			ENDS_UNANSWERED(RINGING),
		},
	[CALL_IN_PROGRESS] =
		{
			[CALL_EV_COMPLETED] = OVER_OR_HINT(COMPLETED, CALL_END_CALLER),
			[CALL_EV_BUSY] = OVER(FAILED, CALL_END_PROVIDER),
			[CALL_EV_NO_ANSWER] = OVER(FAILED, CALL_END_PROVIDER),
			[CALL_EV_DEADLINE] = OVER_OR_HINT(COMPLETED, CALL_END_TIMEOUT),
			ENDS(IN_PROGRESS),
		},
};

struct call_step call_step(enum call_status from, enum call_event event)
{
	struct call_step step = steps[from][event];

	if (step.kind == CALL_STEP_NONE)
		step.to = from;
	return step;
}

int64_t call_due_at(const struct call *call)
{
	return call->scheduled_at > call->created_at ? call->scheduled_at : call->created_at;
}

bool call_is_browser(const struct call *call)
{
	return call->direction == CALL_INBOUND && !call->twilio_call_sid &&
	       str_equal(call->phone_number, CALL_BROWSER);
}

const char *call_status_name(enum call_status status)
{
	return statuses[status].name;
}

bool call_status_is_terminal(enum call_status status)
{
	return statuses[status].terminal;
}

int call_status_parse(enum call_status *ret_status, const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LEN(statuses); i++) {
		if (!str_equal_nocase(statuses[i].name, name))
			continue;
		*ret_status = (enum call_status)i;
		return 0;
	}
	return -EINVAL;
}

const char *call_direction_name(enum call_direction direction)
{
	return directions[direction];
}

int call_direction_parse(enum call_direction *ret_direction, const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LEN(directions); i++) {
		if (!str_equal_nocase(directions[i], name))
			continue;
		*ret_direction = (enum call_direction)i;
		return 0;
	}
	return -EINVAL;
}

const char *call_event_name(enum call_event event)
{
	return events[event];
}
