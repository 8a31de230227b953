/* One-shot timers. Releasing the timer (mem_unref) stops it; the handler may release or restart it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct timer;

typedef void timer_h(void *arg);

/* A stopped timer, owned by the caller. */
struct timer *timer_new(struct loop *loop, timer_h *timerh, void *arg);

/* (Re)start: timerh runs once, delay_ms from now. 0 means on the next turn of the loop. */
void timer_start(struct timer *timer, uint64_t delay_ms);
void timer_stop(struct timer *timer); /* NULL is fine */
bool timer_is_running(const struct timer *timer);
