#include "platform/transcript.h"

#include "core/clock.h"
#include "core/metric.h"
#include "core/str.h"
#include "platform/analyser.h"
#include "platform/call_table_priv.h"
#include "platform/live.h"
#include "platform/store/figure.h"
#include "platform/store/turn.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static bool is_valid(const struct transcript_turn *turn)
{
	if (!str_equal(turn->speaker, "agent") && !str_equal(turn->speaker, "user"))
		return false;
	if (!turn->text || strlen(turn->text) > TRANSCRIPT_MAX_TEXT ||
	    !str_is_utf8(turn->text, strlen(turn->text)))
		return false;
	return turn->ordinal >= 0 &&
	       (isnan(turn->confidence) || (turn->confidence >= 0 && turn->confidence <= 1));
}

static json_t *turn_data(const struct transcript_turn *turn)
{
	json_t *data = json_object();

	json_set_int(data, "ordinal", turn->ordinal);
	json_set_time(data, "timestamp", turn->at ? turn->at : clock_wall_us());
	json_set_str(data, "speaker", turn->speaker);
	json_set_str(data, "text", turn->text);
	if (isnan(turn->confidence))
		json_set_str(data, "confidence", NULL);
	else
		json_set_number(data, "confidence", turn->confidence);
	return data;
}

int transcript_partial(struct call_table *table, const struct transcript_turn *turn)
{
	json_t *auto_json data = NULL;

	if (!is_valid(turn))
		return -EINVAL;
	if (!table->conf.live)
		return 0;
	data = turn_data(turn);
	live_publish(table->conf.live, turn->tenant_id, turn->call_id, LIVE_TRANSCRIPT_PARTIAL,
		     data);
	return 0;
}

/* A mean that forgets: the last twenty turns or so make it. */
static void count_confidence(struct call_table *table, const struct transcript_turn *turn)
{
	if (isnan(turn->confidence) || !str_equal(turn->speaker, "user"))
		return;
	if (isnan(table->confidence))
		table->confidence = turn->confidence;
	table->confidence += (turn->confidence - table->confidence) / 20;
	metric_set(METRIC_STT_CONFIDENCE, "", table->confidence);
}

/* What a caller says shows how the call goes while it goes: two digits are as much as there is to
 * know. */
static json_t *final_data(const struct transcript_turn *turn)
{
	json_t *data = turn_data(turn);

	if (str_equal(turn->speaker, "user"))
		json_set_number(data, "sentiment",
				round(analyser_sentiment(turn->text) * 100) / 100);
	return data;
}

int transcript_final(struct call_table *table, const struct transcript_turn *turn,
		     call_noted_h *doneh, void *arg)
{
	struct batch batch auto_batch = {0};
	struct transcript_turn row = *turn;

	if (!is_valid(turn))
		return -EINVAL;
	if (turn->ordinal >= TRANSCRIPT_MAX_TURNS)
		return -E2BIG;
	if (!row.at)
		row.at = clock_wall_us();
	count_confidence(table, turn);
	store_turn_save(&batch, &row);
	call_note(table, &batch, turn->tenant_id, turn->call_id,
		  live_type_name(LIVE_TRANSCRIPT_FINAL), final_data(&row), doneh, arg);
	return 0;
}

static void count_timing(const json_t *timing)
{
	static const struct {
		const char *key;
		const char *stage;
	} stages[] = {
		{"recognised_ms", "recognised"},
		{"answer_ms", "answer"},
		{"first_audio_ms", "first_audio"},
	};

	for (size_t i = 0; i < ARRAY_LEN(stages); i++) {
		double ms = json_get_number(timing, stages[i].key, -1);

		if (ms >= 0)
			metric_observe(METRIC_TURN_LATENCY, stages[i].stage, ms / 1000);
	}
}

void transcript_timing(struct call_table *table, const char *tenant_id, const char *call_id,
		       int64_t ordinal, json_t *timing, call_noted_h *doneh, void *arg)
{
	struct batch batch auto_batch = {0};
	json_t *data = json_deep_copy(timing);
	int64_t at = clock_wall_us();
	struct store_turn_times times = {
		.end_of_speech_ms = json_get_int(timing, "end_of_speech_ms", -1),
		.recognised_ms = json_get_int(timing, "recognised_ms", -1),
		.answer_ms = json_get_int(timing, "answer_ms", -1),
		.first_audio_ms = json_get_int(timing, "first_audio_ms", -1),
	};

	count_timing(timing);
	store_turn_figure_add(&batch, tenant_id, call_id, ordinal, at, &times);
	store_turn_timing(&batch, tenant_id, call_id, ordinal, at,
			  batch_own(&batch, json_text(timing)));
	json_set_int(data, "ordinal", ordinal);
	call_note(table, &batch, tenant_id, call_id, live_type_name(LIVE_TURN_TIMING), data, doneh,
		  arg);
}

static void write_turn(struct json_writer *writer, const struct db_result *result, size_t row)
{
	const char *timing = db_get_text(result, row, 5);

	json_write_open(writer, NULL, '{');
	json_write_int(writer, "ordinal", db_get_int(result, row, 0));
	json_write_time(writer, "timestamp", db_get_int(result, row, 1));
	json_write_str(writer, "speaker", db_get_text(result, row, 2));
	json_write_str(writer, "text", db_get_text(result, row, 3));
	json_write_number(writer, "confidence",
			  db_is_null(result, row, 4) ? NAN : db_get_real(result, row, 4));
	if (!str_is_empty(timing))
		json_write_raw(writer, "timing", timing, "null");
	json_write_close(writer, '}');
}

void transcript_write_rows(struct json_writer *writer, const char *key,
			   const struct db_result *result)
{
	json_write_open(writer, key, '[');
	for (size_t row = 0; row < db_rows(result); row++)
		write_turn(writer, result, row);
	json_write_close(writer, ']');
}

json_t *transcript_rows(const struct db_result *result)
{
	struct buf auto_buf text = {0};
	struct json_writer writer = {.out = &text};

	transcript_write_rows(&writer, NULL, result);
	return json_written(&text);
}

struct transcript_op {
	struct call_op op;
	transcript_done_h *doneh;
	void *arg;
};

static void op_destroy(void *data)
{
	call_op_free(data);
}

static void on_turns(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct transcript_op *load = arg;
	json_t *auto_json turns = err ? NULL : transcript_rows(results[0]);

	list_remove(&load->op.node);
	load->doneh(err, turns, load->arg);
	mem_unref(load);
}

void transcript_load(struct call_table *table, const char *tenant_id, const char *call_id,
		     transcript_done_h *doneh, void *arg)
{
	struct batch batch auto_batch = {0};
	struct transcript_op *load = (struct transcript_op *)call_op_new(
		table, sizeof(*load), op_destroy, tenant_id, call_id);

	load->doneh = doneh;
	load->arg = arg;
	store_turn_select(&batch, tenant_id, call_id);
	batch_run(&batch, &load->op.request, table->conf.db, on_turns, load);
}
