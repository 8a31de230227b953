/*
 * From the SIP thread to the loop: events in order, and one wake-up for everything that came since
 * the last. Referenced by both sides; the loop's side closes it when nobody is left to hear.
 */
#pragma once

#include "core/list.h"
#include "sip/sip.h"

struct leg;
struct loop;
struct mailbox;

enum event_type {
	EVENT_INCOMING,
	EVENT_RINGING,
	EVENT_ANSWERED,
	EVENT_SOUND,
	EVENT_DIGIT,
	EVENT_MARK,
	EVENT_ENDED,
};

enum { EVENT_REASON_SIZE = 96 };

struct event {
	struct list_node node;
	enum event_type type;
	struct leg *leg; /* referenced */
	bool early_media;
	char digit;
	uint32_t value; /* the mark, or the digit's length in ms */
	enum sip_end end;
	int code;
	char reason[EVENT_REASON_SIZE];
};

/* Runs on the loop for each event. */
typedef void mailbox_h(const struct event *event, void *arg);

struct mailbox *mailbox_new(struct loop *loop, mailbox_h *eventh, void *arg);

/* Any thread: copied, the leg referenced. */
void mailbox_put(struct mailbox *mailbox, const struct event *event);
/* Loop only: no handler runs any more. */
void mailbox_close(struct mailbox *mailbox);
