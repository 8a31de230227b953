/* Between the hub (live.c) and its readers (live_reader.c). */
#pragma once

#include "core/list.h"
#include "core/log.h"
#include "core/map.h"
#include "core/uuid.h"
#include "platform/live.h"
#include "platform/live_order.h"

/*
 * A number is the row number of the last durable event, and a counter of the ephemeral ones after
 * it. 20 bits of counter leave 33 bits for rows below 2^53, what JavaScript can count exactly. The
 * hub writes a row of its own when it starts, so that the counter never starts again under one row.
 * Counters are each pod's own: a reader that comes from another pod may miss ephemeral events.
 */
enum { LIVE_COUNTER_BITS = 20, LIVE_COUNTER_MAX = (1 << LIVE_COUNTER_BITS) - 1 };

struct live_event {
	int64_t seq;
	char tenant_id[UUID_SIZE]; /* "" for everybody */
	char call_id[UUID_SIZE];   /* "" when about no call */
	char *text;
	size_t len;
};

/* The readers of one tenant. */
struct live_audience {
	struct map_node node;
	struct list readers;
	char tenant_id[UUID_SIZE];
};

struct live {
	struct loop *loop;
	struct db *db;
	struct live_conf conf;
	struct log log;
	bool ready;               /* what came before is settled */
	struct live_order *order; /* NULL without a database */
	struct state_subscription *subscription;
	bool connected; /* other pods tell us */
	struct timer *poll;
	struct db_request *starting;
	struct timer *retry;
	int64_t last_seq;
	int64_t floor_seq;        /* of the newest event that is not in the ring */
	struct live_event **ring; /* oldest at head, ring_len of them */
	size_t ring_head;
	size_t ring_len;
	struct map audiences; /* of struct live_audience */
	size_t reader_count;
	size_t waiting_count; /* readers that wait for a row of another pod */
};

enum live_reader_state {
	READER_WAITING, /* for the hub to be ready */
	READER_ASKING,  /* whether there is the number it names */
	READER_AHEAD,   /* for that number to come here */
	READER_READING, /* rows from the database */
	READER_FULL,    /* for its socket to take the rows it got */
	READER_LIVE,
	READER_DROPPED,
};

struct live_reader {
	struct list_node node;
	struct live *live; /* NULL once it is gone */
	struct live_audience *audience;
	const struct live_sink *sink;
	void *arg;
	enum live_reader_state state;
	bool from_now;    /* from whenever the hub is ready */
	int64_t sent_seq; /* everything up to it was sent, or is not wanted */
	int64_t read_row; /* the last row of the replay under way */
	char call_id[UUID_SIZE];
	struct db_request *request;
};

struct live_event *live_ring_at(const struct live *live, size_t index);
char *live_event_text(int64_t seq, int64_t at, const char *type, const char *call_id,
		      const char *data);

/* To whom it may concern. */
void live_readers_offer(struct live *live, const struct live_event *event);
/* The hub is ready, or has got further: those who wait for that go on. */
void live_readers_wake(struct live *live);
void live_readers_drop(struct live *live, uint16_t code, const char *reason);
/* The hub goes away: readers stay with their owners, and are dead. */
void live_readers_leave(struct live *live);
