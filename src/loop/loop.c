#include "loop/loop.h"

#include "core/clock.h"
#include "core/mem.h"
#include "loop/loop_priv.h"

#include <stdlib.h>
#include <string.h>

enum { LAST_TURNS = 16 };

/* The loop this thread is running now. */
static _Thread_local struct loop *running;

static void run_posts(struct loop *loop)
{
	struct post *posts;
	size_t count;

	pthread_mutex_lock(&loop->lock);
	posts = loop->posts;
	count = loop->post_count;
	loop->posts = NULL;
	loop->post_count = loop->post_cap = 0;
	pthread_mutex_unlock(&loop->lock);

	for (size_t i = 0; i < count; i++)
		posts[i].fn(posts[i].arg);
	mem_free(posts);
}

static void on_wake(uv_async_t *wake)
{
	run_posts(wake->data);
}

static void on_no_wait(uv_idle_t *no_wait)
{
}

/* Posts made by these posts run in the next turn, like those of another thread. */
static void on_own_posts(uv_check_t *own_posts)
{
	struct loop *loop = own_posts->data;

	uv_check_stop(&loop->own_posts);
	uv_idle_stop(&loop->no_wait);
	run_posts(loop);
}

static void turn(struct loop *loop, uv_run_mode mode)
{
	struct loop *before = running;

	running = loop;
	uv_run(&loop->uv, mode);
	running = before;
}

static void on_close_any(uv_handle_t *handle, void *arg)
{
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void loop_destroy(void *data)
{
	struct loop *loop = data;

	/* Libraries on the loop close their handles over several turns and free their memory in
	 * them. */
	run_posts(loop);
	for (int i = 0; i < LAST_TURNS; i++)
		turn(loop, UV_RUN_NOWAIT);
	uv_walk(&loop->uv, on_close_any, NULL);
	while (uv_loop_close(&loop->uv) == UV_EBUSY)
		uv_run(&loop->uv, UV_RUN_ONCE);
	pthread_mutex_destroy(&loop->lock);
	mem_free(loop->posts);
	mem_free(loop->heap);
}

struct loop *loop_new(void)
{
	struct loop *loop = mem_new(sizeof(*loop), loop_destroy);

	if (uv_loop_init(&loop->uv))
		abort();
	uv_async_init(&loop->uv, &loop->wake, on_wake);
	loop->wake.data = loop;
	uv_timer_init(&loop->uv, &loop->alarm);
	loop->alarm.data = loop;
	uv_timer_init(&loop->uv, &loop->limit);
	uv_check_init(&loop->uv, &loop->own_posts);
	loop->own_posts.data = loop;
	uv_idle_init(&loop->uv, &loop->no_wait);
	pthread_mutex_init(&loop->lock, NULL);
	return loop;
}

struct loop *loop_new_fake(void)
{
	struct loop *loop = loop_new();

	loop->fake = true;
	loop->fake_now_ms = 1000000;
	return loop;
}

void loop_run(struct loop *loop)
{
	turn(loop, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
	uv_stop(&loop->uv);
}

static void on_limit(uv_timer_t *limit)
{
}

void loop_run_once(struct loop *loop, uint32_t wait_ms)
{
	if (!wait_ms) {
		turn(loop, UV_RUN_NOWAIT);
		return;
	}
	uv_update_time(&loop->uv);
	uv_timer_start(&loop->limit, on_limit, wait_ms, 0);
	turn(loop, UV_RUN_ONCE);
	uv_timer_stop(&loop->limit);
}

void loop_post(struct loop *loop, loop_h *fn, void *arg)
{
	pthread_mutex_lock(&loop->lock);
	if (loop->post_count == loop->post_cap) {
		loop->post_cap = loop->post_cap ? 2 * loop->post_cap : 16;
		loop->posts = mem_realloc(loop->posts, loop->post_cap * sizeof(*loop->posts));
	}
	loop->posts[loop->post_count++] = (struct post){fn, arg};
	pthread_mutex_unlock(&loop->lock);
	if (running == loop) {
		uv_check_start(&loop->own_posts, on_own_posts);
		uv_idle_start(&loop->no_wait, on_no_wait);
	} else {
		uv_async_send(&loop->wake);
	}
}

uint64_t loop_now_ms(const struct loop *loop)
{
	return loop->fake ? loop->fake_now_ms : (uint64_t)(clock_mono_us() / 1000);
}

void loop_advance_ms(struct loop *loop, uint64_t ms)
{
	uint64_t until = loop->fake_now_ms + ms, next;

	if (!loop->fake)
		abort();
	turn(loop, UV_RUN_NOWAIT);
	while (timers_next_ms(loop, &next) && next <= until) {
		if (next > loop->fake_now_ms)
			loop->fake_now_ms = next;
		timers_run(loop);
		turn(loop, UV_RUN_NOWAIT);
	}
	loop->fake_now_ms = until;
	turn(loop, UV_RUN_NOWAIT);
}

void *loop_uv(struct loop *loop)
{
	return &loop->uv;
}
