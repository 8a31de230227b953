/* Protects telephone keys over RTP: each press is reported once, whatever is lost, late or sent
 * twice. */
#include "core/mem.h"
#include "sip/telephone_event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct heard {
	char digits[32];
	uint32_t duration_ms;
};

static void on_digit(char digit, uint32_t duration_ms, void *arg)
{
	struct heard *heard = arg;

	heard->digits[strlen(heard->digits)] = digit;
	heard->duration_ms = duration_ms;
}

/* Send a key; packets whose bit is set in lost do not arrive, all others arrive twice. */
static void press(struct telephone_event_receiver *receiver, char digit, uint32_t ts, unsigned lost)
{
	struct telephone_event_sender sender;
	uint8_t payload[TELEPHONE_EVENT_SIZE];
	uint64_t now_us = ts;
	bool marker;

	telephone_event_start(&sender, digit, 100, ts);
	for (int i = 0; telephone_event_next(&sender, payload, &marker); i++) {
		assert_int_equal(marker, i == 0);
		now_us += 20000;
		for (int copy = 0; copy < 2 && !(lost & 1u << i); copy++)
			telephone_event_receive(receiver, ts, payload, sizeof(payload), now_us);
	}
	telephone_event_poll(receiver, now_us + 300000);
}

static void each_press_is_reported_once(void **state)
{
	static const unsigned losses[] = {0x00, 0x01, 0x10, 0x70, 0x2a, 0x3f};

	for (size_t i = 0; i < ARRAY_LEN(losses); i++) {
		struct heard heard = {""};
		struct telephone_event_receiver receiver = {.digith = on_digit, .arg = &heard};

		press(&receiver, '5', 1000, losses[i]);
		press(&receiver, '5', 4000, losses[i]);
		press(&receiver, '#', 9000, losses[i]);
		assert_string_equal(heard.digits, "55#");
		assert_in_range(heard.duration_ms, 20, 100);
	}
}

static void short_and_unknown_payloads_are_ignored(void **state)
{
	struct heard heard = {""};
	struct telephone_event_receiver receiver = {.digith = on_digit, .arg = &heard};
	uint8_t payload[] = {16, 0x80, 1, 0}; /* flash-hook */

	for (size_t len = 0; len <= sizeof(payload); len++)
		telephone_event_receive(&receiver, 1, payload, len, 0);
	assert_string_equal(heard.digits, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_press_is_reported_once),
		cmocka_unit_test(short_and_unknown_payloads_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
