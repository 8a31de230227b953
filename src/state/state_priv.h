/* Between the front (state.c) and the backends. */
#pragma once

#include "core/list.h"
#include "core/log.h"
#include "state/state.h"

enum state_op_kind {
	STATE_COUNT,
	STATE_LEASE_TAKE,
	STATE_LEASE_RENEW,
	STATE_LEASE_RELEASE,
	STATE_LEASE_COUNT,
	STATE_TOKEN_PUT,
	STATE_TOKEN_TAKE,
	STATE_PUBLISH,
};
const char *state_op_name(enum state_op_kind kind);

/* One operation. What the caller gave is copied behind it; arguments are checked. */
struct state_op {
	struct list_node node; /* the front's */
	struct state *front;   /* whom the caller asked */
	struct state_request *request;
	state_done_h *doneh;
	void *arg;
	enum state_op_kind kind;
	const char *key; /* key, set, token or channel */
	bool sliding;
	uint32_t ms;      /* window or ttl */
	int64_t add;      /* STATE_COUNT */
	int64_t limit;    /* STATE_COUNT, STATE_LEASE_TAKE */
	const char **ids; /* leases */
	size_t id_count;
	const char *value; /* STATE_TOKEN_PUT, STATE_PUBLISH */
	size_t value_len;
	int64_t started_us;
	bool by_twin;
	bool retried; /* a backend's */
	int err;
	struct state_answer answer;
	char *taken; /* what answer.data points at; mem_free() */
};

struct state_ops {
	const char *schemes[4]; /* of the url, without ':' */
	/* A state made with mem_new(size, state_destroy) and state_init(). */
	int (*open)(struct state **ret_state, struct loop *loop, const struct state_conf *conf,
		    char error[STATE_ERROR_SIZE]);
	/* Do it and hand it to state_op_done(), at once or later. */
	void (*run)(struct state *state, struct state_op *op);
	/* Also for a channel that has a subscription already: say again that messages arrive. */
	void (*subscribe)(struct state *state, const char *channel);
	void (*unsubscribe)(struct state *state, const char *channel);
	/* Release everything; no state_op_done() afterwards. */
	void (*close)(struct state *state);
};

struct state_outbox;

/* First member of every backend's own struct. */
struct state {
	const struct state_ops *ops;
	struct loop *loop;
	struct log log;
	struct state *twin;  /* local; does what this one cannot. NULL: this one is local */
	const char *trouble; /* see state_trouble(); of a remote backend */
	bool connected;      /* messages arrive */
	struct list busy;    /* of struct state_op */
	struct state_outbox *outbox;
	struct list subscriptions;
};

void state_init(struct state *state, const struct state_ops *ops, struct loop *loop);
void state_destroy(void *data);

/*
 * err 0: op->answer (and taken) is filled in; -ENOENT, -ENOSPC: the answer. Anything else: the
 * backend could not, and the twin does it. From the loop.
 */
void state_op_done(struct state_op *op, int err);

/* A message has come. */
void state_deliver(struct state *state, const char *channel, const char *data, size_t len);
/*
 * Messages of the channel arrive from now on, or no longer; NULL: of any channel. May not be called
 * from subscribe().
 */
void state_set_connected(struct state *state, const char *channel, bool connected);
/* NULL: all is well. text is static. quiet: not worth a log line. */
void state_set_trouble(struct state *state, const char *text, bool quiet);

/* What another state has answered: a twin keeps in mind what slots this process holds. */
void state_local_mirror(struct state *twin, const struct state_op *op);

extern const struct state_ops state_local;
extern const struct state_ops state_redis;
