/*
 * Protects: what the carrier is told (TwiML, whose text and URLs come from others) and what its
 * words mean for a call.
 */
#include "core/mem.h"
#include "platform/carrier_status.h"
#include "platform/session.h"
#include "platform/twiml.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void twiml_streams_then_hangs_up(void **state)
{
	auto_free char *text = twiml_connect("wss://v.example/calls/1?a=1&b=\"<2>\"");

	assert_non_null(strstr(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
	assert_non_null(strstr(text,
			       "<Response><Connect><Stream url=\"wss://v.example/calls/1?a=1&amp;"
			       "b=&quot;&lt;2&gt;&quot;\"/></Connect><Hangup/></Response>"));
}

static void twiml_says_what_it_is_given(void **state)
{
	auto_free char *text = twiml_hangup("Fish & <chips>");
	auto_free char *silent = twiml_hangup(NULL);

	assert_non_null(
		strstr(text, "<Response><Say>Fish &amp; &lt;chips&gt;</Say><Hangup/></Response>"));
	assert_non_null(strstr(silent, "<Response><Hangup/></Response>"));
}

static void every_status_of_the_carrier_is_an_event(void **state)
{
	static const struct {
		const char *status;
		enum call_event event;
	} table[] = {
		{"queued", CALL_EV_NOTED},        {"initiated", CALL_EV_INITIATED},
		{"ringing", CALL_EV_RINGING},     {"in-progress", CALL_EV_ANSWERED},
		{"completed", CALL_EV_COMPLETED}, {"busy", CALL_EV_BUSY},
		{"no-answer", CALL_EV_NO_ANSWER}, {"failed", CALL_EV_FAILED},
		{"canceled", CALL_EV_CANCELED},
	};
	static const char *const unknown[] = {"", "answered", "Completed", "cancelled",
					      "in progress"};
	enum call_event event;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		assert_int_equal(0, carrier_status_event(&event, table[i].status));
		assert_int_equal(table[i].event, event);
	}
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
		assert_int_equal(-EINVAL, carrier_status_event(&event, unknown[i]));
}

static void the_engine_says_who_ended_a_call(void **state)
{
	static const char *const table[][2] = {
		{"hangup", CALL_END_CALLER},
		{"agent_hangup", CALL_END_AGENT},
		{"timeout", CALL_END_TIMEOUT},
		{"connection_error", CALL_END_PROVIDER},
		{"system_error", CALL_END_PROVIDER},
		{"unjoined", NULL},
		{"", NULL},
		{"something new", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct ultravox_call session = {0};
		const char *reason;

		strcpy(session.end_reason, table[i][0]);
		reason = session_end_reason(&session);
		if (table[i][1])
			assert_string_equal(table[i][1], reason);
		else
			assert_null(reason);
	}
}

static void only_failures_that_pass_are_tried_again(void **state)
{
	static const int passing[] = {-EAGAIN, -ETIMEDOUT, -ECONNREFUSED, -EHOSTUNREACH,
				      -EREMOTEIO};
	static const int lasting[] = {-EINVAL, -EACCES, -ENOENT, -EBADMSG};

	for (size_t i = 0; i < ARRAY_LEN(passing); i++)
		assert_true(provider_error_may_pass(passing[i]));
	for (size_t i = 0; i < ARRAY_LEN(lasting); i++)
		assert_false(provider_error_may_pass(lasting[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twiml_streams_then_hangs_up),
		cmocka_unit_test(twiml_says_what_it_is_given),
		cmocka_unit_test(every_status_of_the_carrier_is_an_event),
		cmocka_unit_test(the_engine_says_who_ended_a_call),
		cmocka_unit_test(only_failures_that_pass_are_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
