/*
 * One call on the SIP thread: its SIP session, what SDP agreed, and its media. The struct is shared
 * with the loop; the comments say whose a member is.
 *
 *	DIALING --180/183--> DIALING --200--> UP ----BYE, RTP timeout, hang-up---> ENDED
 *	OFFERED --180------> OFFERED --200--> ANSWERING --ACK--> UP
 *	any -----refused, cancelled, timed out--------------------------> ENDED
 *
 * ENDED is entered once, by leg_end(), which reports it and lets go of everything libre owns.
 */
#pragma once

#include "core/list.h"
#include "core/log.h"
#include "sip/mailbox.h"
#include "sip/re_door.h"
#include "sip/sip.h"
#include "sip/stream.h"

struct sip_call;
struct ua;

enum leg_state { LEG_NEW, LEG_DIALING, LEG_OFFERED, LEG_ANSWERING, LEG_UP, LEG_ENDED };

enum { LEG_MAX_HEADERS = 64, LEG_MAX_EXTRA = 4096 };

struct leg_header {
	char *name;
	char *value;
};

struct leg {
	/* Set before the leg is shared, never changed. */
	struct ua *ua; /* referenced */
	bool outgoing;
	_Atomic(char *) call_id; /* outgoing: set once, when the INVITE is sent */
	char *remote_user;
	char *local_user;
	char *source;
	struct leg_header headers[LEG_MAX_HEADERS];
	size_t header_count;

	/* Of an outgoing call; read once, by leg_dial(). */
	char *to_uri;
	char *from_user;
	char *from_host;
	char *username;
	char *password;
	char *extra_headers; /* "Name: value\r\n"... */
	uint32_t ring_timeout_ms;

	/* The loop's. */
	struct sip_call *call; /* NULL when the application let go */

	/* Both threads'. */
	struct play_queue *queue;
	struct frame_ring ring;
	_Atomic bool sounded; /* EVENT_SOUND is on its way */
	struct stream_counts counts;

	/* The SIP thread's. */
	struct list_node node;
	enum leg_state state;
	struct log log;
	struct sipsess *session;
	struct sdp_session *sdp;
	struct sdp_media *media;
	struct stream *stream;
	struct tmr ring_timer;
	bool got_media; /* SDP of the peer was accepted */
	int fail_code;  /* why we refused what was agreed; 0 for nothing */
};

struct leg *leg_new(struct ua *ua); /* owned by the caller (mem_unref) */

/* An INVITE outside a dialogue: refuse it, or make a leg of it and report EVENT_INCOMING. */
void leg_incoming(struct ua *ua, const struct sip_msg *msg);

void leg_dial(struct leg *leg);
void leg_ring(struct leg *leg);
void leg_answer(struct leg *leg);
void leg_reject(struct leg *leg, int code, const char *reason);
void leg_hangup(struct leg *leg);
void leg_tick(struct leg *leg, uint64_t now_us, enum stream_tick tick);
