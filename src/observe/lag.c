#include "observe/lag.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/metric.h"
#include "loop/timer.h"

enum { PERIOD_MS = 500 };

struct lag {
	struct timer *timer;
	int64_t due_us; /* on the monotonic clock */
};

static void plan(struct lag *lag)
{
	lag->due_us = clock_mono_us() + PERIOD_MS * 1000LL;
	timer_start(lag->timer, PERIOD_MS);
}

static void on_due(void *arg)
{
	struct lag *lag = arg;
	int64_t late_us = clock_mono_us() - lag->due_us;

	/* Timers count whole milliseconds, so one may be up to that early. */
	metric_observe(METRIC_LOOP_LAG, "", late_us > 0 ? (double)late_us / 1e6 : 0);
	plan(lag);
}

static void lag_destroy(void *data)
{
	struct lag *lag = data;

	mem_unref(lag->timer);
}

struct lag *lag_new(struct loop *loop)
{
	struct lag *lag = mem_new(sizeof(*lag), lag_destroy);

	lag->timer = timer_new(loop, on_due, lag);
	plan(lag);
	return lag;
}
