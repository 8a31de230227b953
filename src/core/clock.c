#include "core/clock.h"

#include <stdatomic.h>
#include <time.h>

static _Atomic int64_t fake_wall_us = -1;

static int64_t now_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
	int64_t fake = atomic_load(&fake_wall_us);

	return fake >= 0 ? fake : now_us(CLOCK_REALTIME);
}

int64_t clock_mono_us(void)
{
	return now_us(CLOCK_MONOTONIC);
}

void clock_fake_wall_us(int64_t us)
{
	atomic_store(&fake_wall_us, us);
}
