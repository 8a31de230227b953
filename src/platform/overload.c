#include "platform/overload.h"

#include "core/clock.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "db/db.h"
#include "loop/timer.h"
#include "observe/process.h"

enum { PERIOD_MS = 250, LATE_PERIODS = 8, SAMPLE_PERIODS = 8, FULL = 100 };

struct overload {
	struct overload_conf conf;
	struct log log;
	struct timer *timer;
	int64_t due_us;
	uint32_t periods;
	uint32_t late_periods; /* one after the other, in which the loop was late */
	double memory_percent;
	size_t calls;
	const char *reported;
};

/* One long turn is a hiccup: it counts as one period, not as many. */
static void measure_lag(struct overload *overload)
{
	int64_t late_ms = (clock_mono_us() - overload->due_us) / 1000;
	bool late = overload->conf.lag_ms && late_ms > overload->conf.lag_ms;

	if (!late)
		overload->late_periods = 0;
	else if (overload->late_periods < LATE_PERIODS)
		overload->late_periods++;
}

static void measure_memory(struct overload *overload)
{
	double machine;

	if (overload->periods++ % SAMPLE_PERIODS)
		return;
	process_sample();
	machine = metric_value(METRIC_MACHINE_MEMORY, "");
	if (machine <= 0)
		return;
	overload->memory_percent = metric_value(METRIC_PROCESS_RESIDENT, "") / machine * FULL;
	metric_set(METRIC_MEMORY_RATIO, "", overload->memory_percent / FULL);
}

static void report(struct overload *overload)
{
	const char *reason = overload_reason(overload);

	if (str_equal(reason, overload->reported))
		return;
	if (reason)
		LOG_WARN(&overload->log, "overloaded", LOG_STR("reason", reason));
	else
		LOG_INFO(&overload->log, "overload_over");
	overload->reported = reason;
	metric_set(METRIC_OVERLOADED, "", reason ? 1 : 0);
}

static void measure(void *arg)
{
	struct overload *overload = arg;

	measure_lag(overload);
	measure_memory(overload);
	report(overload);
	overload->due_us = clock_mono_us() + PERIOD_MS * 1000ll;
	timer_start(overload->timer, PERIOD_MS);
}

void overload_set_calls(struct overload *overload, size_t calls)
{
	overload->calls = calls;
	metric_set(METRIC_POD_CALLS, "", (double)calls);
}

const char *overload_reason(const struct overload *overload)
{
	const struct overload_conf *conf = &overload->conf;

	if (conf->db_pending && conf->db && db_pending(conf->db) > conf->db_pending)
		return "too much waits for the database";
	if (overload->late_periods >= LATE_PERIODS)
		return "the event loop is late";
	if (conf->memory_percent && overload->memory_percent > conf->memory_percent)
		return "memory is nearly full";
	return NULL;
}

const char *overload_call_reason(const struct overload *overload)
{
	if (overload->conf.calls && overload->calls >= overload->conf.calls)
		return "this pod carries as many calls as it may";
	return overload_reason(overload);
}

static void overload_destroy(void *data)
{
	struct overload *overload = data;

	mem_unref(overload->timer);
}

struct overload *overload_new(const struct overload_conf *conf)
{
	struct overload *overload = mem_new(sizeof(*overload), overload_destroy);

	overload->conf = *conf;
	log_init(&overload->log, "platform", NULL);
	metric_set(METRIC_OVERLOADED, "", 0);
	metric_set(METRIC_POD_CALLS, "", 0);
	overload->timer = timer_new(conf->loop, measure, overload);
	overload->due_us = clock_mono_us();
	timer_start(overload->timer, 0);
	return overload;
}
