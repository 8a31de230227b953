/*
 * A unidirectional media stream of a call (the Stream resource of the API, <Start> in TwiML): what
 * the phone says, or hears, or both, copied to a WebSocket of the customer's while the call goes on
 * as it is. Frames of 20 ms by the clock, one message a track; what is missing is silence. A server
 * that does not read loses its stream and delays nobody.
 */
#pragma once

#include "carrier/call_leg.h"
#include "core/json.h"

struct call_fork;

/* A call has four tracks at most: both_tracks are two. */
enum { CALL_FORK_MAX_TRACKS = 4 };

enum call_fork_track { FORK_INBOUND = 1, FORK_OUTBOUND = 2 };

/* Of "inbound_track", "outbound_track" or "both_tracks"; inbound of anything else, and of NULL. */
unsigned call_fork_tracks(const char *name);

struct call_fork_conf {
	const char *url;  /* wss://, or ws:// on a loopback address; its query string is dropped */
	const char *name; /* NULL: none */
	unsigned tracks;  /* call_fork_track */
	const char *status_callback; /* NULL: none */
	const char *status_method;
	const json_t *parameters; /* object of strings */
};

/*
 * conf is copied. ret_fork: the leg's, gone when the leg's media are; valid until the loop runs.
 * Returns 0, -ENOTCONN (the call is not in progress), -EMFILE (too many tracks) or -EINVAL (the
 * URL).
 */
int call_fork_start(struct call_fork **ret_fork, struct call_leg *leg,
		    const struct call_fork_conf *conf);

/* By its SID or its name; NULL when there is none. */
struct call_fork *call_fork_find(const struct call_leg *leg, const char *sid_or_name);
/* It is gone from the leg afterwards. */
void call_fork_stop(struct call_fork *fork);

/* As the API shows it. Owned by the caller. */
json_t *call_fork_json(const struct call_fork *fork, bool stopped);

/* Of all forks of a leg: its audio, and its end. */
void call_forks_hear(struct call_leg *leg, const int16_t *samples, size_t count);
void call_forks_play(struct call_leg *leg, const int16_t *samples, size_t count);
void call_forks_clear(struct call_leg *leg);
void call_forks_end(struct call_leg *leg);
