#include "loop/timer.h"

#include "core/mem.h"
#include "loop/loop_priv.h"

#include <stdint.h>

enum { NOT_RUNNING = -1 };

struct timer {
	struct loop *loop;
	timer_h *timerh;
	void *arg;
	uint64_t due_ms;
	uint64_t order;
	int64_t place; /* in the heap, or NOT_RUNNING */
};

static bool before(const struct timer *a, const struct timer *b)
{
	return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void put(struct loop *loop, size_t place, struct timer *timer)
{
	loop->heap[place] = timer;
	timer->place = (int64_t)place;
}

static void sift_up(struct loop *loop, size_t place, struct timer *timer)
{
	while (place > 0 && before(timer, loop->heap[(place - 1) / 2])) {
		put(loop, place, loop->heap[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	put(loop, place, timer);
}

static void sift_down(struct loop *loop, size_t place, struct timer *timer)
{
	for (;;) {
		size_t child = 2 * place + 1;

		if (child >= loop->heap_len)
			break;
		if (child + 1 < loop->heap_len && before(loop->heap[child + 1], loop->heap[child]))
			child++;
		if (!before(loop->heap[child], timer))
			break;
		put(loop, place, loop->heap[child]);
		place = child;
	}
	put(loop, place, timer);
}

static void heap_add(struct loop *loop, struct timer *timer)
{
	if (loop->heap_len == loop->heap_cap) {
		loop->heap_cap = loop->heap_cap ? 2 * loop->heap_cap : 32;
		loop->heap = mem_realloc(loop->heap, loop->heap_cap * sizeof(struct timer *));
	}
	sift_up(loop, loop->heap_len++, timer);
}

static void heap_remove(struct loop *loop, struct timer *timer)
{
	size_t place = (size_t)timer->place;
	struct timer *last = loop->heap[--loop->heap_len];

	timer->place = NOT_RUNNING;
	if (last == timer)
		return;
	if (place > 0 && before(last, loop->heap[(place - 1) / 2]))
		sift_up(loop, place, last);
	else
		sift_down(loop, place, last);
}

static void on_alarm(uv_timer_t *alarm)
{
	timers_run(alarm->data);
}

static void set_alarm(struct loop *loop)
{
	uint64_t now = loop_now_ms(loop), due;

	if (loop->fake)
		return;
	if (!timers_next_ms(loop, &due)) {
		uv_timer_stop(&loop->alarm);
		return;
	}
	uv_update_time(&loop->uv);
	uv_timer_start(&loop->alarm, on_alarm, due > now ? due - now : 0, 0);
}

bool timers_next_ms(const struct loop *loop, uint64_t *ret_ms)
{
	if (!loop->heap_len)
		return false;
	*ret_ms = loop->heap[0]->due_ms;
	return true;
}

void timers_run(struct loop *loop)
{
	uint64_t now = loop_now_ms(loop);
	uint64_t newest =
		loop->timer_order; /* a timer started by a handler waits for the next turn */

	while (loop->heap_len && loop->heap[0]->due_ms <= now && loop->heap[0]->order <= newest) {
		struct timer *timer = loop->heap[0];

		heap_remove(loop, timer);
		mem_ref(timer);
		timer->timerh(timer->arg);
		mem_unref(timer);
	}
	set_alarm(loop);
}

static void timer_destroy(void *data)
{
	struct timer *timer = data;

	timer_stop(timer);
	mem_unref(timer->loop);
}

struct timer *timer_new(struct loop *loop, timer_h *timerh, void *arg)
{
	struct timer *timer = mem_new(sizeof(*timer), timer_destroy);

	timer->loop = mem_ref(loop);
	timer->timerh = timerh;
	timer->arg = arg;
	timer->place = NOT_RUNNING;
	return timer;
}

void timer_start(struct timer *timer, uint64_t delay_ms)
{
	struct loop *loop = timer->loop;

	if (timer->place != NOT_RUNNING)
		heap_remove(loop, timer);
	timer->due_ms = loop_now_ms(loop) + delay_ms;
	timer->order = ++loop->timer_order;
	heap_add(loop, timer);
	if (timer->place == 0)
		set_alarm(loop);
}

void timer_stop(struct timer *timer)
{
	if (timer && timer->place != NOT_RUNNING)
		heap_remove(timer->loop, timer);
}

bool timer_is_running(const struct timer *timer)
{
	return timer && timer->place != NOT_RUNNING;
}
