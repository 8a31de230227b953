#include "platform/record.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "platform/call_view.h"
#include "platform/store/call.h"
#include "platform/store/summary.h"
#include "platform/store/turn.h"
#include "platform/transcript.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const int64_t second_us = 1000000;
enum {
	MAX_ID = UUID_SIZE - 1,
	MAX_NAME = 200,
	MAX_DETAIL = 1000,
	MAX_TEXT = 64 * 1024,
	MAX_ITEMS = 1000
};

/* ---- checking ---- */

static int wrong(char error[RECORD_ERROR_SIZE], const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static int wrong(char error[RECORD_ERROR_SIZE], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, RECORD_ERROR_SIZE, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static const json_t *member(const json_t *json, const char *name)
{
	const json_t *value = json_object_get(json, name);

	return json_is_null(value) ? NULL : value;
}

/* A string member of at most max bytes; *ret is NULL when it is missing or null. */
static int text(const char **ret, const json_t *json, const char *name, size_t max, bool required,
		char error[RECORD_ERROR_SIZE])
{
	const json_t *value = member(json, name);

	*ret = NULL;
	if (!value)
		return required ? wrong(error, "%s: is missing", name) : 0;
	if (!json_is_string(value))
		return wrong(error, "%s: is not a string", name);
	if (json_string_length(value) > max)
		return wrong(error, "%s: is longer than %zu bytes", name, max);
	if (required && !json_string_length(value))
		return wrong(error, "%s: is empty", name);
	*ret = json_string_value(value);
	return 0;
}

static int time_of(int64_t *ret, const json_t *json, const char *name, bool required,
		   char error[RECORD_ERROR_SIZE])
{
	const char *value;
	int err = text(&value, json, name, 64, required, error);

	if (err || !value)
		return err;
	if (timestamp_parse_iso(ret, value) || *ret <= 0)
		return wrong(error, "%s: is not an ISO 8601 time", name);
	return 0;
}

static int number_of(double *ret, const json_t *json, const char *name, double min, double max,
		     char error[RECORD_ERROR_SIZE])
{
	const json_t *value = member(json, name);

	if (!value)
		return 0;
	if (!json_is_number(value))
		return wrong(error, "%s: is not a number", name);
	if (!(json_number_value(value) >= min && json_number_value(value) <= max))
		return wrong(error, "%s: is not within %g..%g", name, min, max);
	*ret = json_number_value(value);
	return 0;
}

static int object_text(char **ret, const json_t *json, const char *name,
		       char error[RECORD_ERROR_SIZE])
{
	const json_t *value = member(json, name);

	if (!value)
		return 0;
	if (!json_is_object(value))
		return wrong(error, "%s: is not an object", name);
	*ret = json_text(value);
	return 0;
}

/* ---- the call ---- */

static int parse_id(struct call *call, const json_t *json, char error[RECORD_ERROR_SIZE])
{
	const char *id;
	int err = text(&id, json, "call_id", MAX_ID, true, error);

	if (err || !id)
		return err;
	for (const char *c = id; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("-_.~", *c))
			return wrong(error, "call_id: may only have letters, digits and -_.~");
	str_copy(call->id, sizeof(call->id), id);
	return 0;
}

static int parse_enums(struct call *call, const json_t *json, char error[RECORD_ERROR_SIZE])
{
	const char *status, *direction;
	int err = text(&status, json, "status", 32, true, error);

	if (!err)
		err = text(&direction, json, "direction", 32, true, error);
	if (err)
		return err;
	if (call_status_parse(&call->status, status))
		return wrong(error, "status: \"%s\" is none of the statuses of a call", status);
	if (call_direction_parse(&call->direction, direction))
		return wrong(error, "direction: \"%s\" is not INBOUND or OUTBOUND", direction);
	return 0;
}

static int parse_strings(struct call *call, const json_t *json, char error[RECORD_ERROR_SIZE])
{
	const struct {
		const char *name;
		char **field;
		size_t max;
		bool required;
	} fields[] = {
		{"phone_number", &call->phone_number, MAX_NAME, true},
		{"from_number", &call->from_number, MAX_NAME, false},
		{"ultravox_call_id", &call->ultravox_call_id, MAX_NAME, false},
		{"twilio_call_sid", &call->twilio_call_sid, MAX_NAME, false},
		{"agent", &call->agent, MAX_NAME, false},
		{"model", &call->model, MAX_NAME, false},
		{"system_prompt", &call->system_prompt, MAX_TEXT, false},
		{"first_message", &call->first_message, MAX_TEXT, false},
		{"voice", &call->voice, MAX_NAME, false},
		{"language", &call->language, MAX_NAME, false},
		{"answered_by", &call->answered_by, MAX_NAME, false},
		{"end_reason", &call->end_reason, MAX_NAME, false},
		{"end_detail", &call->end_detail, MAX_DETAIL, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const char *value;
		int err = text(&value, json, fields[i].name, fields[i].max, fields[i].required,
			       error);

		if (err)
			return err;
		if (!str_is_empty(value))
			*fields[i].field = mem_strdup(value);
	}
	return 0;
}

static int parse_times(struct call *call, const json_t *json, char error[RECORD_ERROR_SIZE])
{
	double duration = -1;
	int err = time_of(&call->created_at, json, "created_at", true, error);

	if (!err)
		err = time_of(&call->started_at, json, "started_at", false, error);
	if (!err)
		err = time_of(&call->ended_at, json, "ended_at", false, error);
	if (!err)
		err = number_of(&duration, json, "duration_seconds", 0, 1e9, error);
	if (err)
		return err;
	if (call->ended_at && call->ended_at < call->started_at)
		return wrong(error, "ended_at: is before started_at");
	if (duration >= 0)
		call->duration_s = (int64_t)duration;
	else if (call->started_at && call->ended_at)
		call->duration_s = (call->ended_at - call->started_at + second_us / 2) / second_us;
	return 0;
}

static int parse_rest(struct call *call, const json_t *json, char error[RECORD_ERROR_SIZE])
{
	double max_duration = 3600;
	int err = number_of(&call->temperature, json, "temperature", 0, 2, error);

	if (!err)
		err = number_of(&max_duration, json, "max_duration_seconds", 1, 86400, error);
	if (!err)
		err = object_text(&call->metadata, json, "metadata", error);
	if (!err)
		err = object_text(&call->outcome, json, "outcome", error);
	call->max_duration_s = (int64_t)max_duration;
	return err;
}

/* Nobody is on the line of a call that comes out of a file. */
static void settle(struct call *call)
{
	static const char *const reasons[CALL_STATUS_COUNT] = {
		[CALL_NO_ANSWER] = CALL_END_NOANSWER,
		[CALL_BUSY] = CALL_END_BUSY,
	};

	if (!call_status_is_terminal(call->status)) {
		mem_replace_str(&call->end_detail, "not over when it was written down");
		mem_replace_str(&call->end_reason, CALL_END_LOST);
		call->status = CALL_FAILED;
	}
	if (!call->end_reason)
		call->end_reason = mem_strdup(reasons[call->status] ? reasons[call->status]
								    : CALL_END_UNKNOWN);
	if (!call->ended_at)
		call->ended_at = (call->started_at ? call->started_at : call->created_at) +
				 call->duration_s * second_us;
	call->updated_at = clock_wall_us();
	call->version = 1;
}

static int parse_call(struct call *call, const json_t *json, char error[RECORD_ERROR_SIZE])
{
	int err = parse_id(call, json, error);

	if (!err)
		err = parse_enums(call, json, error);
	if (!err)
		err = parse_strings(call, json, error);
	if (!err)
		err = parse_times(call, json, error);
	if (!err)
		err = parse_rest(call, json, error);
	if (!err)
		settle(call);
	return err;
}

/* ---- transcript and summary ---- */

static int check_turn(const json_t *turn, char error[RECORD_ERROR_SIZE])
{
	const char *speaker, *said;
	double confidence, ordinal;
	int64_t at;
	int err;

	if (!json_is_object(turn))
		return wrong(error, "is not an object");
	err = text(&speaker, turn, "speaker", 16, true, error);
	if (!err && !str_equal(speaker, "agent") && !str_equal(speaker, "user"))
		return wrong(error, "speaker: is not agent or user");
	if (!err)
		err = text(&said, turn, "text", TRANSCRIPT_MAX_TEXT, false, error);
	if (!err)
		err = time_of(&at, turn, "timestamp", false, error);
	if (!err)
		err = number_of(&confidence, turn, "confidence", 0, 1, error);
	if (!err)
		err = number_of(&ordinal, turn, "ordinal", 0, TRANSCRIPT_MAX_TURNS - 1, error);
	return err;
}

static int parse_transcript(struct record *record, const json_t *json,
			    char error[RECORD_ERROR_SIZE])
{
	const json_t *turns = member(json, "transcript");

	record->transcript = turns ? json_incref((json_t *)turns) : json_array();
	if (!json_is_array(record->transcript))
		return wrong(error, "transcript: is not an array");
	if (json_array_size(record->transcript) > RECORD_MAX_TURNS)
		return wrong(error, "transcript: has more than %d turns", RECORD_MAX_TURNS);
	for (size_t i = 0; i < json_array_size(record->transcript); i++) {
		char reason[RECORD_ERROR_SIZE / 2];
		char full[RECORD_ERROR_SIZE];

		if (!check_turn(json_array_get(record->transcript, i), full))
			continue;
		str_copy(reason, sizeof(reason), full);
		return wrong(error, "transcript[%zu].%s", i, reason);
	}
	return 0;
}

static int check_list(const json_t *summary, const char *name, char error[RECORD_ERROR_SIZE])
{
	const json_t *list = member(summary, name);

	if (!list)
		return 0;
	if (!json_is_array(list) || json_array_size(list) > MAX_ITEMS)
		return wrong(error, "summary.%s: is not an array of at most %d", name, MAX_ITEMS);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!json_is_string(json_array_get(list, i)))
			return wrong(error, "summary.%s[%zu]: is not a string", name, i);
	return 0;
}

static int check_summary(const json_t *summary, char error[RECORD_ERROR_SIZE])
{
	static const char *const names[] = {"summary",  "sentiment", "status",
					    "analyser", "model",     "error"};
	static const char *const lists[] = {"key_points", "action_items", "highlights"};
	const char *sentiment = json_get_str(summary, "sentiment", "neutral");
	const char *status = json_get_str(summary, "status", "completed");

	if (!json_is_object(summary))
		return wrong(error, "summary: is not an object");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (member(summary, names[i]) && !json_is_string(member(summary, names[i])))
			return wrong(error, "summary.%s: is not a string", names[i]);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if (check_list(summary, lists[i], error))
			return -EINVAL;
	if (!str_equal(sentiment, "positive") && !str_equal(sentiment, "neutral") &&
	    !str_equal(sentiment, "negative"))
		return wrong(error, "summary.sentiment: is not positive, neutral or negative");
	if (!str_equal(status, "completed") && !str_equal(status, "failed") &&
	    !str_equal(status, "pending"))
		return wrong(error, "summary.status: is not completed, failed or pending");
	return 0;
}

static int parse_summary(struct record *record, const json_t *json, char error[RECORD_ERROR_SIZE])
{
	const json_t *summary = member(json, "summary");

	if (!summary)
		return 0;
	record->summary = json_incref((json_t *)summary);
	return check_summary(summary, error);
}

int record_parse(struct record *ret_record, const char *tenant_id, const json_t *json,
		 char error[RECORD_ERROR_SIZE])
{
	struct record record = {0};
	int err;

	if (!json_is_object(json))
		return wrong(error, "record: is not an object");
	record.call = store_call_new();
	record.call->tenant_id = mem_strdup(tenant_id);
	err = parse_call(record.call, json, error);
	if (!err)
		err = parse_transcript(&record, json, error);
	if (!err)
		err = parse_summary(&record, json, error);
	if (err)
		record_free(&record);
	else
		*ret_record = record;
	return err;
}

void record_free(struct record *record)
{
	record->call = mem_unref(record->call);
	json_decref(record->transcript);
	json_decref(record->summary);
	record->transcript = record->summary = NULL;
}

/* ---- storing ---- */

static void store_turn(const struct record *record, size_t index, struct batch *batch)
{
	const json_t *json = json_array_get(record->transcript, index);
	const json_t *timing = member(json, "timing");
	struct transcript_turn turn = {
		.tenant_id = record->call->tenant_id,
		.call_id = record->call->id,
		.ordinal = json_get_int(json, "ordinal", (int64_t)index),
		.speaker = json_get_str(json, "speaker", ""),
		.text = json_get_str(json, "text", ""),
		.confidence = json_get_number(json, "confidence", NAN),
		.at = record->call->created_at,
	};

	if (member(json, "timestamp"))
		timestamp_parse_iso(&turn.at, json_get_str(json, "timestamp", ""));
	store_turn_import(batch, &turn,
			  json_is_object(timing) ? batch_own(batch, json_text(timing)) : NULL);
}

static void store_summary(const struct record *record, struct batch *batch)
{
	const json_t *json = record->summary;
	const char *status = json_get_str(json, "status", "completed");
	struct summary summary = {
		.tenant_id = record->call->tenant_id,
		.call_id = record->call->id,
		.status = status,
		.text = json_get_str(json, "summary", NULL),
		.key_points = json_object_get(json, "key_points"),
		.sentiment = json_get_str(json, "sentiment",
					  str_equal(status, "completed") ? "neutral" : NULL),
		.action_items = json_object_get(json, "action_items"),
		.highlights = json_object_get(json, "highlights"),
		.analyser = json_get_str(json, "analyser", NULL),
		.model = json_get_str(json, "model", NULL),
		.error = json_get_str(json, "error", NULL),
	};
	int64_t at = record->call->ended_at;

	if (member(json, "created_at"))
		timestamp_parse_iso(&at, json_get_str(json, "created_at", ""));
	store_summary_import(batch, &summary, at);
}

/* What one batch takes of parameters and texts, whatever the statements are. */
enum { STEP_STATEMENTS = 10 };

/* Statements are counted: the call, the turns, the summary. */
bool record_store(const struct record *record, size_t *next, struct batch *batch)
{
	size_t turns = json_array_size(record->transcript);
	size_t total = 1 + turns + (record->summary ? 1 : 0);

	for (; *next < total && batch->count < STEP_STATEMENTS; (*next)++) {
		if (*next == 0)
			store_call_import(batch, record->call);
		else if (*next <= turns)
			store_turn(record, *next - 1, batch);
		else
			store_summary(record, batch);
	}
	return *next == total;
}

json_t *record_view(const struct call *call, json_t *transcript, json_t *summary)
{
	json_t *view = call_view(call);

	json_object_set(view, "transcript", transcript);
	json_object_set(view, "summary", summary);
	return view;
}
