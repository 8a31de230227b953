/*
 * A recording of one call: the Recording resource of the API and, while it is being made, its tape.
 * A call has at most one under way at a time, and CALL_RECORDING_MAX in all.
 *
 *	IN_PROGRESS <-> PAUSED
 *	both -> STOPPED (by the customer) or PROCESSING (the call has ended), while it is written
 *	both of these -> COMPLETED, or ABSENT when there is nothing in it
 *
 * What the account records by itself is there for whoever asks first: the first request to record
 * such a call is given that recording instead of a second one.
 */
#pragma once

#include "carrier/call_leg.h"
#include "carrier/sid_index.h"

enum { CALL_RECORDING_MAX = 32 };

/* RECORDING_STATUS(id, name in the API) */
#define RECORDING_STATUSES(X)         \
	X(IN_PROGRESS, "in-progress") \
	X(PAUSED, "paused")           \
	X(STOPPED, "stopped")         \
	X(PROCESSING, "processing")   \
	X(COMPLETED, "completed")     \
	X(ABSENT, "absent")

enum call_recording_status {
#define X(id_, name_) RECORDING_##id_,
	RECORDING_STATUSES(X)
#undef X
		RECORDING_STATUS_COUNT
};

enum call_recording_event {
	RECORDING_EV_PAUSE,
	RECORDING_EV_RESUME,
	RECORDING_EV_STOP,
	RECORDING_EV_END, /* of the call */
	RECORDING_EV_WRITTEN,
	RECORDING_EV_EMPTY, /* nothing was written, or it could not be */
	RECORDING_EVENT_COUNT
};

/* 0 with the status that follows, or -EALREADY. */
int call_recording_status_next(enum call_recording_status *ret_status,
			       enum call_recording_status from, enum call_recording_event event);
const char *call_recording_status_name(enum call_recording_status status);
/* The status of that name; RECORDING_STATUS_COUNT when there is none. */
enum call_recording_status call_recording_status_of(const char *name);

enum call_recording_track { RECORDING_INBOUND = 1, RECORDING_OUTBOUND = 2, RECORDING_BOTH = 3 };

/* What to record, and whom to tell. Counted; made before the recording. */
struct call_recording_conf {
	uint32_t channels; /* 1 or 2 */
	unsigned track;
	bool trim;          /* silence at both ends is cut off */
	bool by_account;    /* nobody asked for it (yet) */
	const char *source; /* in the API; static */
	struct call_leg_target target;
	unsigned events; /* LEG_NOTIFY_* */
};

struct call_recording_conf *call_recording_conf_new(const char *source);
const char *call_recording_track_name(unsigned track); /* "both" */
unsigned call_recording_track_of(const char *name);    /* RECORDING_BOTH when unknown */

struct call_recording {
	struct list_node leg_node;  /* in its leg, oldest first */
	struct list_node book_node; /* in the book, newest first */
	struct sid_index_entry entry;
	uint64_t number; /* order of creation; also the page token */
	struct call_leg *leg;
	struct call_recording_conf *conf;
	char sid[SID_SIZE];
	enum call_recording_status status;
	int64_t started_us, updated_us;
	int64_t duration_s; /* -1 until known */
	bool from_answer;   /* asked for with the call, or by the account */
	struct call_tape *tape;
};

/*
 * Record the leg from now on; conf is referenced. What the account records already is taken over.
 * ret_recording: owned by the leg. Returns 0, -ENOTCONN when the call is not in progress,
 * -EBUSY when it is being recorded, or -E2BIG when it has too many recordings.
 */
int call_recording_start(struct call_recording **ret_recording, struct call_leg *leg,
			 struct call_recording_conf *conf);

/* Each returns 0, or -EALREADY when the recording is over. Twice is as good as once. */
int call_recording_pause(struct call_recording *recording, bool keep_silence);
int call_recording_resume(struct call_recording *recording);
int call_recording_stop(struct call_recording *recording);

/* The call has ended. */
void call_recording_end(struct call_recording *recording);

/* The carrier goes away: what there is of it is written, and nobody told. */
void call_recording_abandon(struct call_recording *recording);

/* The process died while it was made: it is what has been written. */
void call_recording_lost(struct call_recording *recording);

/* What goes into it. */
void call_recording_hear(struct call_recording *recording, const int16_t *samples, size_t count);
void call_recording_play(struct call_recording *recording, const int16_t *samples, size_t count);
void call_recording_clear(struct call_recording *recording);

/* It is neither under way nor being written. */
bool call_recording_is_over(const struct call_recording *recording);

/* Delete it and its files; it must be over. The pointer is gone then. */
void call_recording_delete(struct call_recording *recording);

/* One read from the journal; owned by the leg. */
struct call_recording *call_recording_restore(struct call_leg *leg, const char *sid,
					      struct call_recording_conf *conf);

/* For call_leg.c: the leg goes, and its recordings with it. */
void call_recording_free(struct call_recording *recording);

/* mem_free() */
char *call_recording_path(const struct call_recording *recording);
char *call_recording_mono_path(const struct call_recording *recording); /* both sides mixed */
char *call_recording_url(const struct call_recording *recording);       /* without extension */
