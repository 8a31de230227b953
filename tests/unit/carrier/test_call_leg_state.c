/* Protects: every event in every state; nothing leaves a terminal state or goes backwards. */
#include "unit/check.h"

#include "carrier/call_leg_state.h"
#include "core/mem.h"

#include <errno.h>

/* What follows; -1 where the event means nothing. Rows in the order of the states. */
static const int expected[LEG_STATE_COUNT][LEG_EVENT_COUNT] = {
	/* DIAL, RING, ANSWER, BUSY, NO_ANSWER, FAIL, CANCEL, HANGUP */
	[LEG_QUEUED] = {LEG_INITIATED, -1, -1, -1, -1, LEG_FAILED, LEG_CANCELED, -1},
	[LEG_INITIATED] = {-1, LEG_RINGING, LEG_IN_PROGRESS, LEG_BUSY, LEG_NO_ANSWER, LEG_FAILED,
			   LEG_CANCELED, -1},
	[LEG_RINGING] = {-1, -1, LEG_IN_PROGRESS, LEG_BUSY, LEG_NO_ANSWER, LEG_FAILED, LEG_CANCELED,
			 -1},
	[LEG_IN_PROGRESS] = {-1, -1, -1, -1, -1, LEG_COMPLETED, LEG_COMPLETED, LEG_COMPLETED},
	[LEG_COMPLETED] = {-1, -1, -1, -1, -1, -1, -1, -1},
	[LEG_BUSY] = {-1, -1, -1, -1, -1, -1, -1, -1},
	[LEG_NO_ANSWER] = {-1, -1, -1, -1, -1, -1, -1, -1},
	[LEG_FAILED] = {-1, -1, -1, -1, -1, -1, -1, -1},
	[LEG_CANCELED] = {-1, -1, -1, -1, -1, -1, -1, -1},
};

static void every_event_in_every_state(void **state)
{
	for (int from = 0; from < LEG_STATE_COUNT; from++) {
		for (int event = 0; event < LEG_EVENT_COUNT; event++) {
			enum call_leg_state to = LEG_STATE_COUNT;
			int err = call_leg_state_next(&to, from, event);

			assert_int_equal(err, expected[from][event] < 0 ? -EALREADY : 0);
			assert_int_equal(to, err ? LEG_STATE_COUNT : expected[from][event]);
			assert_true(err || to > (enum call_leg_state)from);
		}
	}
}

static void terminal_states_are_those_of_the_vendor(void **state)
{
	for (int at = 0; at < LEG_STATE_COUNT; at++)
		assert_int_equal(call_leg_state_is_terminal(at), at >= LEG_COMPLETED);
	assert_string_equal(call_leg_state_name(LEG_INITIATED), "queued");
	assert_string_equal(call_leg_state_callback_name(LEG_INITIATED), "initiated");
	assert_string_equal(call_leg_state_name(LEG_NO_ANSWER), "no-answer");
}

static void sip_codes_become_events(void **state)
{
	static const struct {
		int code;
		enum call_leg_event event;
	} cases[] = {
		{486, LEG_EV_BUSY},      {600, LEG_EV_BUSY},      {603, LEG_EV_BUSY},
		{408, LEG_EV_NO_ANSWER}, {480, LEG_EV_NO_ANSWER}, {487, LEG_EV_NO_ANSWER},
		{404, LEG_EV_FAIL},      {403, LEG_EV_FAIL},      {503, LEG_EV_FAIL},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(call_leg_event_of_sip(cases[i].code), cases[i].event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_in_every_state),
		cmocka_unit_test(terminal_states_are_those_of_the_vendor),
		cmocka_unit_test(sip_codes_become_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
