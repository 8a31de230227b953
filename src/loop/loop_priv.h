/* What the files of loop/ share. */
#pragma once

#include "core/list.h"
#include "loop/loop.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct timer;

struct post {
	loop_h *fn;
	void *arg;
};

struct loop {
	uv_loop_t uv;
	uv_async_t wake;
	uv_timer_t alarm; /* set for the timer that is due first */
	uv_timer_t limit; /* bounds one wait of loop_run_once() */
	bool fake;
	uint64_t fake_now_ms;

	/* For posts of the loop's own thread: they need no system call to be seen. */
	uv_check_t own_posts; /* runs them, after the handlers of this turn */
	uv_idle_t no_wait;    /* keeps the turn from waiting before it does */

	pthread_mutex_t lock; /* of the posts */
	struct post *posts;
	size_t post_count, post_cap;

	/* Binary heap by due time, then by order of start. */
	struct timer **heap;
	size_t heap_len, heap_cap;
	uint64_t timer_order;
};

/* Timers that are due run; the alarm is set for the next. */
void timers_run(struct loop *loop);
/* When the first timer is due; false when there is none. */
bool timers_next_ms(const struct loop *loop, uint64_t *ret_ms);
