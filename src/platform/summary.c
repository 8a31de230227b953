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

/* Lists are texts of JSON arrays here, as they are stored; NULL gives []. */
struct list_texts {
	const char *key_points;
	const char *action_items;
	const char *highlights;
};

static void write(struct json_writer *writer, const char *key, const struct summary *summary,
		  const struct list_texts *lists, int64_t created_at)
{
	json_write_open(writer, key, '{');
	json_write_str(writer, "status", summary->status);
	json_write_str(writer, "summary", summary->text);
	json_write_raw(writer, "key_points", lists->key_points, "[]");
	json_write_str(writer, "sentiment", summary->sentiment);
	json_write_raw(writer, "action_items", lists->action_items, "[]");
	json_write_raw(writer, "highlights", lists->highlights, "[]");
	json_write_str(writer, "analyser", summary->analyser);
	json_write_str(writer, "model", summary->model);
	json_write_str(writer, "error", summary->error);
	json_write_time(writer, "created_at", created_at);
	json_write_close(writer, '}');
}

static char *list_text(const json_t *list)
{
	return json_is_array(list) ? json_text(list) : NULL;
}

json_t *summary_view(const struct summary *summary, int64_t created_at)
{
	char *auto_free key_points = list_text(summary->key_points);
	char *auto_free action_items = list_text(summary->action_items);
	char *auto_free highlights = list_text(summary->highlights);
	struct list_texts lists = {key_points, action_items, highlights};
	struct buf auto_buf text = {0};
	struct json_writer writer = {.out = &text};

	write(&writer, NULL, summary, &lists, created_at);
	return json_written(&text);
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

void summary_write_row(struct json_writer *writer, const char *key, const struct db_result *result,
		       size_t row, size_t first)
{
	struct summary summary = {
		.status = db_get_text(result, row, first),
		.text = db_get_text(result, row, first + 1),
		.sentiment = db_get_text(result, row, first + 3),
		.analyser = db_get_text(result, row, first + 6),
		.model = db_get_text(result, row, first + 7),
		.error = db_get_text(result, row, first + 8),
	};
	struct list_texts lists = {
		.key_points = db_get_text(result, row, first + 2),
		.action_items = db_get_text(result, row, first + 4),
		.highlights = db_get_text(result, row, first + 5),
	};

	if (summary.status)
		write(writer, key, &summary, &lists, db_get_int(result, row, first + 9));
	else
		json_write_str(writer, key, NULL);
}

json_t *summary_row(const struct db_result *result, size_t row, size_t first)
{
	struct buf auto_buf text = {0};
	struct json_writer writer = {.out = &text};

	summary_write_row(&writer, NULL, result, row, first);
	return json_written(&text);
}
