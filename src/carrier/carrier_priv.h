/* What the files of the carrier share. */
#pragma once

#include "carrier/carrier.h"
#include "carrier/hook.h"
#include "core/list.h"
#include "core/log.h"

#include <stdbool.h>
#include <stdint.h>

struct health;
struct http_client;
struct http_server;
struct call_expiry;
struct call_journal;
struct call_leg;
struct call_leg_book;
struct phone_book;
struct safe;
struct sip;
struct strand;
struct timer;
struct tts;
struct work_pool;

enum {
	MAX_QUEUE = 10000,
	RING_TIMEOUT_S = 60,
	TIME_LIMIT_S = 14400,
	MAX_TIME_LIMIT_S = 86400,
};

struct carrier {
	struct loop *loop;
	struct settings *settings;
	struct log log;
	const char *version;
	struct http_server *server;
	struct health *health;
	struct http_client *client;
	struct hook_conf hooks;
	struct sip *sip;
	struct work_pool *pool;
	struct strand *disk;
	struct safe *safe; /* of recordings: core/safe_file.h */
	struct tts *tts;
	struct call_leg_book *book;
	struct call_journal *journal;
	struct call_expiry *expiry;
	struct phone_book *numbers;
	struct list queue; /* legs waiting to be dialled, oldest first */
	struct timer *dispatch;
	uint64_t next_dial_ms; /* when the next call may leave the queue */
	uint32_t live;         /* legs that are neither queued nor over */
	int64_t started_us;

	bool stopping;
	struct timer *stop_timer;
	uint64_t stop_deadline_ms;
	carrier_h *stoppedh;
	void *stopped_arg;
};

/* Put an outbound leg into the queue; it is dialled when its turn comes. */
void carrier_enqueue(struct carrier *carrier, struct call_leg *leg);

/* A leg has left or joined the living; dials the next when there is room. */
void carrier_live_changed(struct carrier *carrier, int change);

/* The leg's record has changed. */
void carrier_leg_changed(struct carrier *carrier, struct call_leg *leg);

/* Add the routes of the API to the carrier's server. */
void rest_routes(struct carrier *carrier);
void rest_call_routes(struct carrier *carrier);
void rest_recording_routes(struct carrier *carrier);
void rest_stream_routes(struct carrier *carrier);
void rest_number_routes(struct carrier *carrier);
