#include "platform/summary.h"

#include "core/clock.h"
#include "core/str.h"
#include "platform/call_table_priv.h"
#include "platform/live.h"
#include "platform/store/summary.h"

#include <errno.h>
#include <string.h>

static bool is_one_of(const char *value, const char *const *allowed, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(value, allowed[i]))
			return true;
	return false;
}

static bool is_valid(const struct summary *summary)
{
	static const char *const statuses[] = {"pending", "completed", "failed"};
	static const char *const sentiments[] = {"positive", "neutral", "negative"};

	if (!is_one_of(summary->status, statuses, ARRAY_LEN(statuses)))
		return false;
	if (!summary->sentiment)
		return strcmp(summary->status, "completed") != 0;
	return is_one_of(summary->sentiment, sentiments, ARRAY_LEN(sentiments));
}

static void set_list(json_t *json, const char *key, json_t *list)
{
	if (json_is_array(list))
		json_object_set(json, key, list);
	else
		json_object_set_new(json, key, json_array());
}

json_t *summary_view(const struct summary *summary, int64_t created_at)
{
	json_t *view = json_object();

	json_set_str(view, "status", summary->status);
	json_set_str(view, "summary", summary->text);
	set_list(view, "key_points", summary->key_points);
	json_set_str(view, "sentiment", summary->sentiment);
	set_list(view, "action_items", summary->action_items);
	set_list(view, "highlights", summary->highlights);
	json_set_str(view, "analyser", summary->analyser);
	json_set_str(view, "model", summary->model);
	json_set_str(view, "error", summary->error);
	json_set_time(view, "created_at", created_at);
	return view;
}

int summary_save(struct call_table *table, const struct summary *summary, call_noted_h *doneh,
		 void *arg)
{
	struct batch batch auto_batch = {0};
	int64_t now = clock_wall_us();

	if (!is_valid(summary))
		return -EINVAL;
	store_summary_save(&batch, summary, now);
	call_note(table, &batch, summary->tenant_id, summary->call_id,
		  live_type_name(LIVE_CALL_SUMMARY), summary_view(summary, now), doneh, arg);
	return 0;
}

static json_t *list_of(const struct db_result *result, size_t row, size_t column)
{
	const char *text = db_get_text(result, row, column);
	json_t *list = NULL;

	if (text)
		json_parse(&list, text, strlen(text), NULL);
	return list;
}

json_t *summary_row(const struct db_result *result, size_t row, size_t first)
{
	json_t *auto_json key_points = list_of(result, row, first + 2);
	json_t *auto_json action_items = list_of(result, row, first + 4);
	json_t *auto_json highlights = list_of(result, row, first + 5);
	struct summary summary = {
		.status = db_get_text(result, row, first),
		.text = db_get_text(result, row, first + 1),
		.key_points = key_points,
		.sentiment = db_get_text(result, row, first + 3),
		.action_items = action_items,
		.highlights = highlights,
		.analyser = db_get_text(result, row, first + 6),
		.model = db_get_text(result, row, first + 7),
		.error = db_get_text(result, row, first + 8),
	};

	if (!summary.status)
		return json_null();
	return summary_view(&summary, db_get_int(result, row, first + 9));
}
