/* Telephone keys as RTP events (RFC 4733): payloads out and in, one packet every 20 ms. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TELEPHONE_EVENT_SIZE = 4,
	TELEPHONE_EVENT_MIN_MS = 40,
	TELEPHONE_EVENT_MAX_MS = 5000,
	TELEPHONE_EVENT_DEFAULT_MS = 100,
};

/* Embedded by value, all zero is idle. */
struct telephone_event_sender {
	int event;
	uint32_t ts;      /* RTP timestamp of every packet of this event */
	uint32_t elapsed; /* samples */
	uint32_t duration;
	uint32_t ends_left; /* packets with the end bit still to be sent */
	bool active;
};

/* duration_ms is brought into the range above; 0 means the default. */
void telephone_event_start(struct telephone_event_sender *sender, char digit, uint32_t duration_ms,
			   uint32_t ts);
/* The payload of this tick. False when no event is being sent. */
bool telephone_event_next(struct telephone_event_sender *sender,
			  uint8_t ret_payload[TELEPHONE_EVENT_SIZE], bool *ret_marker);

/* Reports each event once: at its end, or when its packets stop coming. Set digith and arg only. */
struct telephone_event_receiver {
	void (*digith)(char digit, uint32_t duration_ms, void *arg);
	void *arg;
	bool pending;
	bool seen;
	uint32_t ts; /* of the event pending or reported last */
	int event;
	uint32_t duration;
	uint64_t last_us;
};
void telephone_event_receive(struct telephone_event_receiver *receiver, uint32_t ts,
			     const uint8_t *payload, size_t len, uint64_t now_us);
/* Time passes: an event whose end was lost is reported 200 ms after its last packet. */
void telephone_event_poll(struct telephone_event_receiver *receiver, uint64_t now_us);
