/*
 * Telephone keys of a peer's: the input is a series of packets, each two bytes of time stamp, one
 * of time and one of length, then the payload.
 */
#include "media/dtmf.h"
#include "sip/telephone_event.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_digit(char digit, uint32_t duration_ms, void *arg)
{
	size_t *reports = arg;

	if (!dtmf_is_digit(digit) || duration_ms > 65535 / 8)
		abort();
	++*reports;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t reports = 0, packets = 0, at = 0;
	uint64_t now_us = 0;
	struct telephone_event_receiver receiver = {.digith = on_digit, .arg = &reports};

	while (size - at >= 4) {
		uint32_t ts = (uint32_t)(data[at] << 8 | data[at + 1]) << 8;
		size_t len = data[at + 3] % 8u;
		uint8_t *payload;

		now_us += (uint64_t)data[at + 2] * 10000;
		at += 4;
		len = len < size - at ? len : size - at;
		payload = malloc(len ? len : 1); /* a byte read too far is seen */
		memcpy(payload, data + at, len);
		telephone_event_poll(&receiver, now_us);
		telephone_event_receive(&receiver, ts, payload, len, now_us);
		free(payload);
		at += len;
		packets++;
	}
	telephone_event_poll(&receiver, now_us + 1000000);
	if (reports > packets || receiver.pending)
		abort();
	return 0;
}
