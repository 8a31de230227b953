#include "platform/analytics.h"

#include "platform/call.h"
#include "platform/store/rollup.h"

static const int64_t hour_us = 3600ll * 1000000;

static int64_t first_hour(int64_t now)
{
	return now / hour_us - (ANALYTICS_HOURS - 1);
}

void analytics_select(struct batch *batch, const char *tenant_id, int64_t now)
{
	store_rollup_by_status(batch, tenant_id);
	store_rollup_by_sentiment(batch, tenant_id);
	store_rollup_by_hour(batch, tenant_id, first_hour(now) * hour_us);
}

static json_t *status_view(json_t *view, const struct db_result *result)
{
	int64_t counts[CALL_STATUS_COUNT] = {0}, total = 0, over = 0, seconds = 0, answered = 0;
	json_t *by_status = json_object();

	for (size_t row = 0; row < db_rows(result); row++) {
		enum call_status status;

		if (call_status_parse(&status, db_get_text(result, row, 0)))
			continue;
		counts[status] = db_get_int(result, row, 1);
		seconds += db_get_int(result, row, 2);
		answered += db_get_int(result, row, 3);
	}
	for (int i = 0; i < CALL_STATUS_COUNT; i++) {
		total += counts[i];
		over += call_status_is_terminal((enum call_status)i) ? counts[i] : 0;
		json_set_int(by_status, call_status_name((enum call_status)i), counts[i]);
	}
	json_set_int(view, "total_calls", total);
	json_set_int(view, "active_calls", total - over);
	json_set_int(view, "completed_calls", counts[CALL_COMPLETED]);
	json_set_number(view, "success_rate",
			over ? (double)counts[CALL_COMPLETED] / (double)over : 0);
	json_set_number(view, "average_duration_seconds",
			answered ? (double)seconds / (double)answered : 0);
	return by_status;
}

static json_t *sentiment_view(const struct db_result *result)
{
	json_t *view = json_pack("{s:i, s:i, s:i}", "positive", 0, "neutral", 0, "negative", 0);

	for (size_t row = 0; row < db_rows(result); row++)
		if (db_get_text(result, row, 0))
			json_set_int(view, db_get_text(result, row, 0), db_get_int(result, row, 1));
	return view;
}

static json_t *volume_view(const struct db_result *result, int64_t now)
{
	int64_t counts[ANALYTICS_HOURS] = {0};
	json_t *view = json_array();

	for (size_t row = 0; row < db_rows(result); row++) {
		int64_t hour = db_get_int(result, row, 0) - first_hour(now);

		if (hour >= 0 && hour < ANALYTICS_HOURS)
			counts[hour] = db_get_int(result, row, 1);
	}
	for (int64_t i = 0; i < ANALYTICS_HOURS; i++) {
		json_t *hour = json_object();

		json_set_time(hour, "hour", (first_hour(now) + i) * hour_us);
		json_set_int(hour, "calls", counts[i]);
		json_array_append_new(view, hour);
	}
	return view;
}

json_t *analytics_view(struct db_result *const *results, int64_t now)
{
	json_t *view = json_object();

	json_object_set_new(view, "calls_by_status", status_view(view, results[0]));
	json_object_set_new(view, "sentiment_distribution", sentiment_view(results[1]));
	json_object_set_new(view, "call_volume", volume_view(results[2], now));
	return view;
}
