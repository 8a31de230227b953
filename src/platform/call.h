/*
 * A phone call as the platform knows it, and its state machine.
 *
 * platform/ is the product: what a call is (call.h), how it is changed (call_table.h), what is said
 *in it (transcript.h), what has to happen later (job.h), who watches (live.h). store/ has the SQL,
 *a file per table; api/ the HTTP surface, a file per resource.
 *
 *	PENDING -> INITIATING -> RINGING -> IN_PROGRESS -> COMPLETED
 *	   |           |            |            |
 *	   +-----------+------------+------------+--> FAILED, NO_ANSWER, BUSY
 *
 * Steps may be skipped forwards; nothing goes backwards; COMPLETED, FAILED, NO_ANSWER and BUSY are
 * never left. The database is the truth: a struct call is a snapshot of one version of the row.
 */
#pragma once

#include "core/uuid.h"

#include <stdbool.h>
#include <stdint.h>

struct principal;

/* CALL_STATUS(id, terminal); the name in the API and the database is the id. */
#define CALL_STATUSES(X)      \
	X(PENDING, false)     \
	X(INITIATING, false)  \
	X(RINGING, false)     \
	X(IN_PROGRESS, false) \
	X(COMPLETED, true)    \
	X(FAILED, true)       \
	X(NO_ANSWER, true)    \
	X(BUSY, true)

enum call_status {
#define CALL_STATUS(id_, terminal_) CALL_##id_,
	CALL_STATUSES(CALL_STATUS)
#undef CALL_STATUS
		CALL_STATUS_COUNT
};

enum call_direction { CALL_INBOUND, CALL_OUTBOUND };

/*
 * CALL_EVENT(id, name): what can happen to a call. Any may come in any state, twice, late or never.
 *
 * NOTED          nothing but the facts of the change; legal in every state, terminal ones too
 * SESSION        the engine made a session (ultravox_call_id, join_url)
 * WAITING        a call for later, due now, waits until its tenant may make one more
 * DIALLED        the carrier took the call (twilio_call_sid)
 * INITIATED .. CANCELED   the carrier's call status
 * ENGINE_JOINED  the agent is on the line, so the call was answered
 * ENGINE_ENDED   the agent's session is over; the line may still be open: the state stays, the
 *                deadline comes close, end_reason of the change is remembered
 * END_REQUESTED  somebody asked for the end; the same
 * DEADLINE       the call outlived its deadline and the carrier was told to end it
 * LOST           the carrier does not know the call (any more)
 */
#define CALL_EVENTS(X)                    \
	X(NOTED, "noted")                 \
	X(SESSION, "session_created")     \
	X(WAITING, "waiting")             \
	X(DIALLED, "dialled")             \
	X(INITIATED, "carrier_initiated") \
	X(RINGING, "carrier_ringing")     \
	X(ANSWERED, "carrier_answered")   \
	X(COMPLETED, "carrier_completed") \
	X(BUSY, "carrier_busy")           \
	X(NO_ANSWER, "carrier_no_answer") \
	X(FAILED, "carrier_failed")       \
	X(CANCELED, "carrier_canceled")   \
	X(ENGINE_JOINED, "engine_joined") \
	X(ENGINE_ENDED, "engine_ended")   \
	X(END_REQUESTED, "end_requested") \
	X(DEADLINE, "deadline_passed")    \
	X(LOST, "lost")

enum call_event {
#define CALL_EVENT(id_, name_) CALL_EV_##id_,
	CALL_EVENTS(CALL_EVENT)
#undef CALL_EVENT
		CALL_EVENT_COUNT
};

/* Why a call ended: end_reason is one of these on every terminal call, NULL before. */
#define CALL_END_CALLER   "caller_hangup"
#define CALL_END_AGENT    "agent_hangup"
#define CALL_END_API      "ended_by_api"
#define CALL_END_TIMEOUT  "timeout"
#define CALL_END_NOANSWER "no_answer"
#define CALL_END_BUSY     "busy"
#define CALL_END_REJECTED "rejected"
#define CALL_END_PROVIDER "provider_error"
#define CALL_END_CANCELED "canceled"
#define CALL_END_LOST     "lost"
#define CALL_END_UNKNOWN  "unknown" /* of imported calls only */

/*
 * One version of a call. Reference-counted (mem_ref, mem_unref), never changed after it was loaded.
 * Strings are NULL when the column is; times are UTC microseconds, 0 when not yet.
 */
struct call {
	char id[UUID_SIZE];
	char *tenant_id;
	enum call_status status;
	enum call_direction direction;
	char *phone_number; /* the other side; E.164, or what the carrier said for inbound */
	char *from_number;  /* our number, in both directions */
	char *ultravox_call_id;
	char *twilio_call_sid;
	char *join_url; /* where the carrier sends the audio; a credential, never logged or shown */
	char *data_token; /* what the engine's data connection must show; the same */
	char *agent;
	int64_t agent_version; /* 0: built-in, or not known */
	char *model;
	char *system_prompt;
	char *first_message;
	char *voice;
	char *language;
	double temperature; /* NAN when not given */
	int64_t max_duration_s;
	int64_t wants_recording; /* 0 or 1 */
	char *tools;             /* JSON array text, as the engine takes it */
	char *metadata;          /* JSON object text */
	char *outcome;           /* JSON object text: what the dialogue reached */
	char *answered_by;
	char *end_reason;     /* see above; not NULL exactly on terminal calls */
	char *end_hint;       /* the reason to take when it ends, see ENGINE_ENDED */
	char *end_detail;     /* a sentence for people: the carrier's error and so on */
	int64_t scheduled_at; /* not dialled before; 0: at once */
	char *retry;          /* JSON object text, see retry_policy.h */
	char *retry_of;       /* id of the first call, when this one is made again */
	int64_t attempt;      /* 1 for that first one */
	int64_t created_at;
	int64_t started_at; /* answered */
	int64_t ended_at;
	int64_t updated_at;
	int64_t deadline_at; /* by then the next thing must have happened; 0 on terminal calls */
	int64_t deadline_misses;
	int64_t duration_s; /* started to ended, 0 when never answered */
	int64_t version;
	char *traceparent; /* of who asked for the call; NULL: its trace follows from its id */
};

/*
 * The other side of a call that came from a browser: its phone_number. It is INBOUND and has no
 * carrier: the platform itself carries its audio (talk.h).
 */
#define CALL_BROWSER "browser"
bool call_is_browser(const struct call *call);

/* It is settled when nothing is heard of the pod that carries it for so long (talk_lease.h). */
enum { CALL_CARRIED_S = 10 };

/* When it is to be dialled: made, or scheduled. */
int64_t call_due_at(const struct call *call);

const char *call_status_name(enum call_status status);
int call_status_parse(enum call_status *ret_status, const char *name); /* 0 or -EINVAL; any case */
bool call_status_is_terminal(enum call_status status);
const char *call_direction_name(enum call_direction direction); /* "INBOUND", "OUTBOUND" */
int call_direction_parse(enum call_direction *ret_direction, const char *name); /* any case */
const char *call_event_name(enum call_event event);

/*
 * What comes with an event. Everything but the event may be left zero. The strings are stored on
 * the call where they are not NULL, also when the event itself changes nothing (a late ringing that
 * brings the SID): that a call ended never loses a fact about it.
 */
struct call_change {
	enum call_event event;
	int64_t at;             /* when it happened; 0 means now */
	const char *source;     /* who says so: "api", "twilio", "ultravox", "sweeper"; static */
	const char *end_reason; /* CALL_END_*, for terminal events, ENGINE_ENDED and END_REQUESTED;
				   NULL takes the event's own. */
	const char *end_detail;
	const char *twilio_call_sid; /* kept when already set */
	const char *ultravox_call_id;
	const char *join_url;
	const char *answered_by;
	const char *outcome; /* JSON object text */
	const char *receipt; /* unique name of the callback that brought this, such as
				"twilio:CA..:3"; seen before: nothing happens */
	uint32_t duration_s; /* of COMPLETED: the carrier's figure, used when the answer was missed
			      */
	const struct principal *by; /* whose wish it is, for audit_log; referenced; or NULL */
	int64_t scheduled_at;       /* of WAITING: it is dialled then; 0: soon */
	uint32_t ring_timeout_s;    /* of DIALLED: how long it may ring; 0 means the table's */
	/*
	 * The call as it was read a moment ago, or NULL; referenced. It is not read again unless
	 * somebody has changed it since.
	 */
	const struct call *known;
};

/* What an event does to a call in a state: from a table, no side effects. */
struct call_step {
	enum call_step_kind {
		CALL_STEP_NONE, /* too late, or said before: only its facts are kept */
		CALL_STEP_MOVE, /* to another state */
		CALL_STEP_STAY, /* same state, but the deadline moves: DIALLED */
		CALL_STEP_HINT, /* same state: remember end_reason, bring the deadline close */
	} kind;
	enum call_status to;
	const char *end_reason; /* when the change brings none; NULL while there is no end in it */
	bool hint_wins;         /* a remembered reason is better than end_reason */
};
struct call_step call_step(enum call_status from, enum call_event event);
