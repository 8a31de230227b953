#include "platform/gauge.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "loop/timer.h"
#include "platform/call.h"
#include "platform/store/batch.h"
#include "platform/store/call.h"
#include "platform/store/job.h"

#include <stdio.h>

enum { PERIOD_MS = 5000 };

struct gauge {
	struct db *db;
	struct timer *timer;
	struct db_request *request; /* under way */
};

/* Seconds since then; 0 when it is still to come. */
static double age_s(int64_t at, int64_t now)
{
	return at < now ? (double)(now - at) / 1e6 : 0;
}

/* kind, state, count, least run_at, least updated_at */
static void set_jobs(const struct db_result *result, int64_t now)
{
	double due_s = 0, lease_s = 0;

	metric_zero(METRIC_JOBS);
	for (size_t row = 0; row < db_rows(result); row++) {
		const char *state = db_get_text(result, row, 1);
		bool running = str_equal(state, "running");
		double age = age_s(db_get_int(result, row, running ? 4 : 3), now);
		double *oldest = running ? &lease_s : &due_s;
		char labels[96];

		snprintf(labels, sizeof(labels), "%s,%s", db_get_text(result, row, 0), state);
		metric_set(METRIC_JOBS, labels, (double)db_get_int(result, row, 2));
		*oldest = age > *oldest ? age : *oldest;
	}
	metric_set(METRIC_JOB_OLDEST_DUE, "", due_s);
	metric_set(METRIC_JOB_LEASE_AGE, "", lease_s);
}

static void set_calls(const struct db_result *result)
{
	metric_zero(METRIC_CALLS_OPEN);
	for (size_t row = 0; row < db_rows(result); row++) {
		char label[32];

		snprintf(label, sizeof(label), "%s", db_get_text(result, row, 0));
		metric_set(METRIC_CALLS_OPEN, str_lower(label), (double)db_get_int(result, row, 1));
	}
}

static void on_figures(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct gauge *gauge = arg;

	gauge->request = mem_unref(gauge->request);
	timer_start(gauge->timer, PERIOD_MS);
	if (err)
		return;
	set_jobs(results[0], clock_wall_us());
	metric_set(METRIC_JOBS_DEAD, "", (double)db_get_int(results[1], 0, 0));
	set_calls(results[2]);
}

static void ask(void *arg)
{
	struct gauge *gauge = arg;
	struct batch batch auto_batch = {0};

	store_job_figures(&batch);
	store_job_count_dead(&batch);
	store_call_count_open(&batch);
	batch_read(&batch, &gauge->request, gauge->db, on_figures, gauge);
}

static void gauge_destroy(void *data)
{
	struct gauge *gauge = data;

	mem_unref(gauge->request);
	mem_unref(gauge->timer);
}

/* A rate is only seen of what was there before: every way a call can end starts at 0. */
static void count_from_zero(void)
{
	static const enum call_direction directions[] = {CALL_INBOUND, CALL_OUTBOUND};

	for (int status = 0; status < CALL_STATUS_COUNT; status++) {
		for (size_t i = 0; i < ARRAY_LEN(directions); i++) {
			char labels[64];

			if (!call_status_is_terminal((enum call_status)status))
				continue;
			snprintf(labels, sizeof(labels), "%s,%s",
				 call_status_name((enum call_status)status),
				 call_direction_name(directions[i]));
			metric_add(METRIC_CALL_TOTAL, str_lower(labels), 0);
		}
	}
	metric_add(METRIC_CALL_OVERDUE, "", 0);
	metric_add(METRIC_LIVE_DROPPED, "", 0);
}

struct gauge *gauge_new(struct loop *loop, struct db *db)
{
	struct gauge *gauge = mem_new(sizeof(*gauge), gauge_destroy);

	count_from_zero();
	gauge->db = db;
	gauge->timer = timer_new(loop, ask, gauge);
	timer_start(gauge->timer, 0);
	return gauge;
}
