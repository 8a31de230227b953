#include "sip/telephone_event.h"

#include "media/dtmf.h"

enum { TICK_SAMPLES = 160, END_PACKETS = 3, VOLUME = 10, LOST_END_US = 200000 };

void telephone_event_start(struct telephone_event_sender *sender, char digit, uint32_t duration_ms,
			   uint32_t ts)
{
	if (!duration_ms)
		duration_ms = TELEPHONE_EVENT_DEFAULT_MS;
	if (duration_ms < TELEPHONE_EVENT_MIN_MS)
		duration_ms = TELEPHONE_EVENT_MIN_MS;
	if (duration_ms > TELEPHONE_EVENT_MAX_MS)
		duration_ms = TELEPHONE_EVENT_MAX_MS;
	*sender = (struct telephone_event_sender){
		.event = dtmf_event(digit),
		.ts = ts,
		.duration = duration_ms * 8,
		.ends_left = END_PACKETS,
		.active = dtmf_is_digit(digit),
	};
}

bool telephone_event_next(struct telephone_event_sender *sender,
			  uint8_t ret_payload[TELEPHONE_EVENT_SIZE], bool *ret_marker)
{
	bool end;

	if (!sender->active)
		return false;
	*ret_marker = sender->elapsed == 0;
	sender->elapsed += TICK_SAMPLES;
	end = sender->elapsed >= sender->duration;
	if (end) {
		sender->elapsed = sender->duration;
		sender->active = --sender->ends_left > 0;
	}
	ret_payload[0] = (uint8_t)sender->event;
	ret_payload[1] = (uint8_t)((end ? 0x80 : 0) | VOLUME);
	ret_payload[2] = (uint8_t)(sender->elapsed >> 8);
	ret_payload[3] = (uint8_t)sender->elapsed;
	return true;
}

static void report(struct telephone_event_receiver *receiver)
{
	receiver->pending = false;
	receiver->digith(dtmf_digit(receiver->event), receiver->duration / 8, receiver->arg);
}

void telephone_event_receive(struct telephone_event_receiver *receiver, uint32_t ts,
			     const uint8_t *payload, size_t len, uint64_t now_us)
{
	uint32_t duration;

	if (len < TELEPHONE_EVENT_SIZE || !dtmf_digit(payload[0]))
		return;
	/* A copy of the end, or a packet that was overtaken by the next event. */
	if (receiver->seen && !receiver->pending && ts == receiver->ts)
		return;
	if (receiver->seen && (int32_t)(ts - receiver->ts) < 0 &&
	    (int32_t)(ts - receiver->ts) > -8000)
		return;

	if (receiver->pending && ts != receiver->ts)
		report(receiver);
	duration = (uint32_t)payload[2] << 8 | payload[3];
	if (!receiver->pending) {
		receiver->duration = 0;
		receiver->event = payload[0];
	}
	if (duration > receiver->duration)
		receiver->duration = duration;
	receiver->pending = receiver->seen = true;
	receiver->ts = ts;
	receiver->last_us = now_us;
	if (payload[1] & 0x80)
		report(receiver);
}

void telephone_event_poll(struct telephone_event_receiver *receiver, uint64_t now_us)
{
	if (receiver->pending && now_us - receiver->last_us > LOST_END_US)
		report(receiver);
}
