/*
 * Live events: what happens to calls, told to everybody who watches (docs/live.md).
 *
 * Every event has a sequence number, strictly increasing, also over restarts. Durable events are
 * rows of call_event and can be replayed from any number, on any pod; ephemeral ones (partials,
 * counters) are kept only in the ring of recent events. A reader that does not keep up is closed
 * with 4008 and never delays anybody.
 *
 * Pods tell each other of events through state/ (live_message.h); while that is away, each looks
 * into the database for what the others have written. Rows reach readers in the order of their
 * numbers, whoever wrote them (live_order.h).
 */
#pragma once

#include "core/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct live;
struct live_reader;
struct loop;
struct state;

/* LIVE_TYPE(id, name, durable) */
#define LIVE_TYPES(X)                                      \
	X(CALL_CREATED, "call.created", true)              \
	X(CALL_STATUS, "call.status", true)                \
	X(CALL_UPDATED, "call.updated", true)              \
	X(TRANSCRIPT_PARTIAL, "transcript.partial", false) \
	X(TRANSCRIPT_FINAL, "transcript.final", true)      \
	X(TURN_TIMING, "turn.timing", true)                \
	X(CALL_SUMMARY, "call.summary", true)              \
	X(CALL_RECORDING, "call.recording", true)          \
	X(CALL_NOTE, "call.note", true)                    \
	X(CALL_INSTRUCTION, "call.instruction", true)      \
	X(LEAD_CREATED, "lead.created", true)              \
	X(WEBHOOK_PAUSED, "webhook.paused", true)          \
	X(COUNTERS, "counters", false)

enum live_type {
#define LIVE_TYPE(id_, name_, durable_) LIVE_##id_,
	LIVE_TYPES(LIVE_TYPE)
#undef LIVE_TYPE
		LIVE_TYPE_COUNT
};
const char *live_type_name(enum live_type type);

struct live_conf {
	const char *tenant_id; /* whose the hub's own rows are; static */
	struct state *state;   /* outlives the hub; NULL: there are no other pods */
	uint32_t ring_events;  /* 0 means 1024 */
	uint32_t queue_bytes;  /* of one reader; 0 means 1 MiB */
	uint32_t max_readers;  /* more are refused with 503; 0 means 5000 */
};

/* db: migrated, outlives the hub; NULL keeps everything in the ring. Owned by the caller. */
struct live *live_new(struct loop *loop, struct db *db, const struct live_conf *conf);

/* Events have numbers: what came before is settled. Takes moments. */
bool live_is_ready(const struct live *live);

/*
 * Somebody who watches. Where its events go is a sink, so that the hub knows nothing of sockets
 * (api/live_socket.c is the one there is). Sink functions are called from the loop and must not
 * release the reader.
 */
struct live_sink {
	/* Take one event. Returns 0 or -ENOBUFS, which makes the reader a slow one. */
	int (*send)(void *arg, const char *text, size_t len);
	/* Bytes not yet sent: a replay waits until there are none, see live_reader_drained(). */
	size_t (*queued)(void *arg);
	/* The reader is dropped and gets nothing more; tell it why. */
	void (*drop)(void *arg, uint16_t code, const char *reason);
};

enum {
	LIVE_FROM_NOW = -1,
	LIVE_CLOSE_RESTART = 1012,
	LIVE_CLOSE_SLOW = 4008,
	LIVE_CLOSE_AHEAD = 4010,
};

/*
 * tenant_id: whose events; since: LIVE_FROM_NOW, or the last number seen: what came after it is
 * sent first. A number that was never given out drops the reader with LIVE_CLOSE_AHEAD. call_id:
 * only that call; NULL for all. sink is static. Owned by the caller; mem_unref() ends it. NULL when
 * there are too many readers.
 */
struct live_reader *live_reader_new(struct live *live, const char *tenant_id, int64_t since,
				    const char *call_id, const struct live_sink *sink, void *arg);
void live_reader_drained(struct live_reader *reader);

/* Drop every reader, and take no more. reason is static. */
void live_close(struct live *live, uint16_t code, const char *reason);

/* Tell a tenant's readers (NULL: everybody), now, of something that is stored nowhere. call_id may
 * be NULL; data is referenced. */
void live_publish(struct live *live, const char *tenant_id, const char *call_id,
		  enum live_type type, json_t *data);

/*
 * Tell a tenant's readers, on every pod, of a committed row of call_event: row_seq is its seq.
 * Readers get rows in the order of their numbers. type is a name, so that types added later need no
 * change here. data: the text of a JSON value, copied.
 */
void live_publish_row(struct live *live, const char *tenant_id, int64_t row_seq, int64_t at,
		      const char *call_id, const char *type, const char *data);

/* The number under which readers know a row of call_event. */
int64_t live_seq_of_row(int64_t row_seq);
int64_t live_row_of_seq(int64_t seq);
#define LIVE_MAX_SEQ ((1ll << 53) - 1) /* what JavaScript can count exactly */

size_t live_readers(const struct live *live);
