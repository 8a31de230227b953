/*
 * Live events: what happens to calls, told to everybody who watches (docs/live.md).
 *
 * Every event has a sequence number, strictly increasing, also over restarts. Durable events are
 * rows of call_event and can be replayed from any number; ephemeral ones (partials, counters) are
 * kept only in the ring of recent events. A reader that does not keep up is closed with 4008 and
 * never delays anybody.
 */
#pragma once

#include "core/json.h"

#include <stddef.h>
#include <stdint.h>

struct db;
struct http_server;
struct live;
struct loop;

/* LIVE_TYPE(id, name, durable) */
#define LIVE_TYPES(X)                                      \
	X(CALL_CREATED, "call.created", true)              \
	X(CALL_STATUS, "call.status", true)                \
	X(TRANSCRIPT_PARTIAL, "transcript.partial", false) \
	X(TRANSCRIPT_FINAL, "transcript.final", true)      \
	X(TURN_TIMING, "turn.timing", true)                \
	X(CALL_SUMMARY, "call.summary", true)              \
	X(CALL_RECORDING, "call.recording", true)          \
	X(COUNTERS, "counters", false)

enum live_type {
#define LIVE_TYPE(id_, name_, durable_) LIVE_##id_,
	LIVE_TYPES(LIVE_TYPE)
#undef LIVE_TYPE
		LIVE_TYPE_COUNT
};
const char *live_type_name(enum live_type type);

struct live_conf {
	const char *tenant_id; /* static */
	uint32_t ring_events;  /* 0 means 1024 */
	uint32_t queue_bytes;  /* of one reader; 0 means 1 MiB */
	uint32_t max_readers;  /* more are refused with 503; 0 means 2000 */
};

/* db: migrated, outlives the hub; NULL keeps everything in the ring. Owned by the caller. */
struct live *live_new(struct loop *loop, struct db *db, const struct live_conf *conf);

/* GET /api/v1/live on server. */
void live_route(struct live *live, struct http_server *server);

/* Tell everybody, now, of something that is stored nowhere. call_id may be NULL; data is
 * referenced. */
void live_publish(struct live *live, const char *call_id, enum live_type type, json_t *data);

/*
 * Tell everybody of a committed row of call_event: row_seq is its seq. Rows are published in the
 * order of their numbers. type is a name, so that types added later need no change here.
 */
void live_publish_row(struct live *live, int64_t row_seq, int64_t at, const char *call_id,
		      const char *type, json_t *data);

size_t live_readers(const struct live *live);
