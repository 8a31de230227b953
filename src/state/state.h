/*
 * state/: facts that several processes share for a while: how often something was done (rate
 * limits), who holds one of a limited number of slots (active calls), tokens that work once, and
 * messages to whoever listens (live events). None of it is the truth about a call: that is the
 * database.
 *
 *	local, local:NAME                  in this process; states of the same NAME share it (tests)
 *	redis://[user:password@]host[:port][/db]
 *	redis-sentinel://[user:password@]host[:port],host[:port].../primary[/db]
 *	redis-cluster://[user:password@]host[:port],host[:port]...
 *
 * All functions are asynchronous: the handler runs once, on the loop, after the function returned.
 * When Redis is away, or slower than the time-out, an operation is done in this process instead,
 * with what this process alone knows: counts and limits become those of one process, and nobody
 * waits. state_trouble() says so.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct state;
struct state_request;
struct state_subscription;

enum {
	STATE_MAX_NAME = 200,           /* of keys, sets, ids, tokens, channels; bytes */
	STATE_MAX_IDS = 256,            /* of one state_lease_renew() */
	STATE_MAX_VALUE = 16 * 1024,    /* bytes kept with a token */
	STATE_MAX_MESSAGE = 256 * 1024, /* bytes of one publication */
	STATE_MAX_WAITING = 8192,       /* operations under way; more are done in this process */
	STATE_ERROR_SIZE = 256,
};

struct state_conf {
	const char *url;     /* NULL or "": local */
	const char *prefix;  /* of every key and channel in Redis; NULL: "voiceai:" */
	uint32_t timeout_ms; /* of an operation; 0: 500 */
};

/*
 * Connects later, by itself, again and again. ret_state: owned by the caller; mem_unref() drops the
 * handlers still due. Returns 0, or -EINVAL with one line in error.
 */
int state_open(struct state **ret_state, struct loop *loop, const struct state_conf *conf,
	       char error[STATE_ERROR_SIZE]);

/* NULL while facts are shared as configured; else what is wrong, one line (static or the state's).
 */
const char *state_trouble(const struct state *state);

/* Not in this process alone, when all is well. */
bool state_is_shared(const struct state *state);

struct state_answer {
	bool granted;      /* counted, taken, put */
	int64_t count;     /* in the window, of slots held, of ids renewed */
	uint32_t reset_ms; /* state_count(): until the window is over */
	const char *data;  /* state_token_take(): NUL-terminated */
	size_t len;
};

/*
 * err: 0, or as said at the function. answer is valid during the handler; all zero on error.
 * Every function takes doneh NULL, and ret_request NULL; ret_request is owned by the caller and
 * releasing it silences doneh but does not stop the operation.
 */
typedef void state_done_h(int err, const struct state_answer *answer, void *arg);

struct state_count_params {
	const char *key;
	uint32_t window_ms;
	int64_t add;   /* 0 only looks */
	int64_t limit; /* adding that would lead beyond it is not granted and adds nothing; 0: none
			*/
	/* false: a window begins with the first addition. true: windows follow each other, and the
	 * one before counts by the share of it that is less than window_ms ago. */
	bool sliding;
};

/* Count; with a limit, only if there is room. One key always has the same window and kind. */
void state_count(struct state_request **ret_request, struct state *state,
		 const struct state_count_params *params, state_done_h *doneh, void *arg);

struct state_lease_params {
	const char *set;
	const char *id;
	int64_t max;     /* slots of the set; 0: no limit */
	uint32_t ttl_ms; /* then the slot is free again, unless renewed */
};

/*
 * Take a slot of a set. Granted when the id has one already (it is renewed then) or fewer than max
 * are held; count: slots held now. err: 0, -ENOSPC (too many to remember, in this process only).
 */
void state_lease_take(struct state_request **ret_request, struct state *state,
		      const struct state_lease_params *params, state_done_h *doneh, void *arg);

/* Hold those slots longer which are held; count says how many of the ids they were. */
void state_lease_renew(struct state_request **ret_request, struct state *state, const char *set,
		       const char *const *ids, size_t count, uint32_t ttl_ms, state_done_h *doneh,
		       void *arg);
void state_lease_release(struct state_request **ret_request, struct state *state, const char *set,
			 const char *id, state_done_h *doneh, void *arg);
void state_lease_count(struct state_request **ret_request, struct state *state, const char *set,
		       state_done_h *doneh, void *arg);

/* Keep data (at most STATE_MAX_VALUE) under a token. Not granted when the token exists. */
void state_token_put(struct state_request **ret_request, struct state *state, const char *token,
		     const void *data, size_t len, uint32_t ttl_ms, state_done_h *doneh, void *arg);

/*
 * What was put, and it is gone. err: 0; -ENOENT (never put, taken, or too old); -EHOSTDOWN (unknown
 * here, and Redis cannot be asked).
 */
void state_token_take(struct state_request **ret_request, struct state *state, const char *token,
		      state_done_h *doneh, void *arg);

/*
 * Tell the subscriptions of other states, best effort: what is published while Redis is away
 * reaches nobody. What a state publishes does not come back to its own subscriptions.
 */
void state_publish(struct state *state, const char *channel, const char *data, size_t len);

struct state_listener {
	void (*messageh)(const char *data, size_t len, void *arg); /* NUL-terminated */
	/* May be NULL. true: from now on messages arrive, some may have been missed before. false:
	 * they no longer do. Called at least once after subscribing. */
	void (*changeh)(bool connected, void *arg);
};

/* listener is static. Owned by the caller; mem_unref() ends it. */
struct state_subscription *state_subscribe(struct state *state, const char *channel,
					   const struct state_listener *listener, void *arg);

/* Operations under way. */
size_t state_pending(const struct state *state);
