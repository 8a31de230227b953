/*
 * What is said in a call. A turn is known by its ordinal (the engine's); it grows through partials,
 * which are only shown, and is stored once it is final. Storing the same turn again replaces it:
 * messages come twice, and the reconciliation at the end may know better.
 */
#pragma once

#include "core/json_writer.h"
#include "platform/call_table.h"

enum { TRANSCRIPT_MAX_TURNS = 10000, TRANSCRIPT_MAX_TEXT = 16 * 1024 };

struct transcript_turn {
	const char *tenant_id;
	const char *call_id;
	int64_t ordinal;     /* 0.. */
	const char *speaker; /* "agent" or "user" */
	const char *text;    /* all of it so far; UTF-8, at most TRANSCRIPT_MAX_TEXT bytes */
	double confidence;   /* 0..1; NAN when unknown */
	int64_t at;          /* when it began; 0 means now */
};

/* Show the turn as it grows (transcript.partial); stores nothing. Returns 0 or -EINVAL. */
int transcript_partial(struct call_table *table, const struct transcript_turn *turn);

/*
 * Store the turn and publish transcript.final. Nothing is published when it was stored before with
 * the same text. doneh may be NULL; -ENOENT for an unknown call, -E2BIG past TRANSCRIPT_MAX_TURNS.
 */
int transcript_final(struct call_table *table, const struct transcript_turn *turn,
		     call_noted_h *doneh, void *arg);

/*
 * Times of a turn, {"end_of_speech_ms":..,"recognised_ms":..,"answer_ms":..,"first_audio_ms":..}:
 * stored with the turn (which may come later), published as turn.timing, counted in
 * METRIC_TURN_LATENCY.
 */
void transcript_timing(struct call_table *table, const char *tenant_id, const char *call_id,
		       int64_t ordinal, json_t *timing, call_noted_h *doneh, void *arg);

/* turns: [{"ordinal","timestamp","speaker","text","confidence","timing"}], final ones in order. */
typedef void transcript_done_h(int err, json_t *turns, void *arg);
void transcript_load(struct call_table *table, const char *tenant_id, const char *call_id,
		     transcript_done_h *doneh, void *arg);

/* The same from rows of store_turn_select(). New reference. */
struct db_result;
void transcript_write_rows(struct json_writer *writer, const char *key,
			   const struct db_result *result);
json_t *transcript_rows(const struct db_result *result);
