/*
 * Tables call_figure, turn_figure and cost_quarter: figures of any period (schema_figure.c). Times
 * are multiples of STORE_FIGURE_QUARTER_US. Reading adds what is not folded yet and, of calls,
 * those that are not over, as rollup.h does.
 */
#pragma once

#include "platform/store/batch.h"

#define STORE_FIGURE_QUARTER_US (900ll * 1000000)

/*
 * Into the batch of store_rollup_fold(), before it forgets its differences: those with that mark
 * added to call_figure. One statement.
 */
void store_figure_fold(struct batch *batch, int64_t mark);

/* As store_rollup_fold(), for the times of turns: three statements, the first changes a row each.
 */
void store_turn_figure_fold(struct batch *batch, int64_t mark, int64_t limit);

/*
 * A turn's times, milliseconds or -1; nothing when the turn has some already. Before
 * store_turn_timing() in the same batch.
 */
struct store_turn_times {
	int64_t end_of_speech_ms, recognised_ms, answer_ms, first_audio_ms;
};
void store_turn_figure_add(struct batch *batch, const char *tenant_id, const char *call_id,
			   int64_t ordinal, int64_t at, const struct store_turn_times *times);

/* Of calls made from from to before to: dimension, value, calls, completed, answered, talk_s. */
void store_figure_totals(struct batch *batch, const char *tenant_id, int64_t from, int64_t to);

/* The same calls: bucket, calls, completed, answered, talk_s; no order. */
void store_figure_series(struct batch *batch, const char *tenant_id, int64_t from, int64_t to);

/* stage ("first_audio"...), ms (lower end of its step), turns; in the order of stage and ms. */
void store_turn_figure_totals(struct batch *batch, const char *tenant_id, int64_t from, int64_t to);

/* Where the step of the scale that begins at ms ends. */
int64_t store_turn_figure_step_end(int64_t ms);

/* Of calls that ended then: bucket, telephony, voice_ai, analysis, infrastructure, calls. */
void store_cost_series(struct batch *batch, const char *tenant_id, const char *currency,
		       int64_t from, int64_t to);
