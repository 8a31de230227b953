/*
 * A leg is one call as the carrier sees it: the Call resource of the API, and, while it lives, the
 * telephone connection, the TwiML it is carrying out, its media stream and its recording.
 *
 * Legs are made by rest_calls.c (outbound) and carrier.c (inbound), kept in a book
 * (call_leg_book.h) for the API, and end in a terminal state in which only the record is left.
 */
#pragma once

#include "carrier/call_leg_state.h"
#include "carrier/sid_index.h"
#include "core/list.h"
#include "core/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call_recording;
struct call_recording_conf;
struct carrier;
struct form;
struct hook_queue;
struct script;
struct sip_call;
struct timer;
struct twiml;

enum { SID_SIZE = 35 };

/* A new identifier: two letters and 32 random hex digits. */
void sid_new(char out[SID_SIZE], const char *prefix);
bool sid_is_valid(const char *text, const char *prefix);

/* An address of the customer's that we ask. */
struct call_leg_target {
	char *url; /* NULL: none */
	char *method;
};

enum {
	LEG_NOTIFY_INITIATED = 1,
	LEG_NOTIFY_RINGING = 2,
	LEG_NOTIFY_ANSWERED = 4,
	LEG_NOTIFY_COMPLETED = 8,
	/* of recordings */
	LEG_NOTIFY_IN_PROGRESS = 16,
	LEG_NOTIFY_RECORDED = 32,
	LEG_NOTIFY_ABSENT = 64,
};

struct call_leg {
	struct list_node node;       /* in the book, newest first */
	struct list_node queue_node; /* in carrier->queue while QUEUED */
	struct list_node note_node;  /* in the journal while a change is not yet written */
	struct sid_index_entry entry;
	struct carrier *carrier;
	struct log log;
	char sid[SID_SIZE];
	uint64_t number; /* order of creation; also the page token */
	enum call_leg_state state;
	bool inbound;
	char *to, *from;
	struct call_leg_target voice, fallback, status;
	unsigned status_events; /* LEG_NOTIFY_* */
	char *twiml;
	char *send_digits;
	char *sip_username, *sip_password;
	uint32_t ring_timeout_s;
	uint32_t time_limit_s;
	struct call_recording_conf *record; /* from the answer on; NULL: not */
	struct list recordings;             /* oldest first */
	int64_t created_us, updated_us, started_us, answered_us, ended_us; /* 0: not yet */
	int64_t queue_ms;
	int sip_code;      /* that ended it; 0 when none */
	uint32_t sequence; /* of the next status callback */
	bool deleted;      /* by the customer; kept until it has ended */

	/* While it lives. */
	struct sip_call *sip;
	struct timer *limit;
	struct script *script;
	struct call_recording *recording; /* the one under way */
	struct list forks;                /* of struct call_fork: streams beside the script's */
	struct hook_queue *hooks;
};

/* A leg in QUEUED (outbound) or RINGING (inbound). Owned by the caller. */
struct call_leg *call_leg_new(struct carrier *carrier, bool inbound, const char *to,
			      const char *from);

void call_leg_target_set(struct call_leg_target *target, const char *url, const char *method);

/* Something has happened. Returns 0, or -EALREADY when it means nothing in the leg's state. */
int call_leg_step(struct call_leg *leg, enum call_leg_event event);

/* An INVITE has come: ring, and ask the voice webhook what to do. */
void call_leg_receive(struct call_leg *leg, struct sip_call *sip);

/* The call is answered, and its keys are pressed: run its first document. */
void call_leg_begin(struct call_leg *leg);

/* Pick up an inbound call; harmless when that was done. */
void call_leg_answer(struct call_leg *leg);
/* Turn an inbound call away before the answer; busy, or not in service. */
void call_leg_reject(struct call_leg *leg, bool busy);

/* The carrier goes away: drop everything that lives, reporting nothing. */
void call_leg_abandon(struct call_leg *leg);

/*
 * The leg was read from the journal: what was alive then is over now, and its recording is what has
 * been written of it. Callbacks go out.
 */
void call_leg_lost(struct call_leg *leg);

/* New orders for a live call: a document, or where to fetch one. */
void call_leg_redirect(struct call_leg *leg, struct twiml *twiml, const char *url,
		       const char *method);

/* A new limit, counted from the answer. */
void call_leg_limit(struct call_leg *leg, uint32_t time_limit_s);

/*
 * Audio for the phone, behind what is queued; the mark that call_leg_mark() gives back is told to
 * the script when everything before it was played or cleared.
 */
void call_leg_play(struct call_leg *leg, const int16_t *samples, size_t count);
/* Keys, 0-9A-D*#; 'w' is half a second of silence, 'W' a whole one. */
void call_leg_play_digits(struct call_leg *leg, const char *digits);
uint32_t call_leg_mark(struct call_leg *leg);
void call_leg_clear(struct call_leg *leg);

/* The parameters that every webhook about the leg carries. Owned by the caller. */
struct form *call_leg_params(const struct call_leg *leg);

int64_t call_leg_duration_s(const struct call_leg *leg); /* answer to end; -1 unless completed */
