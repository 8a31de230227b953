#include "loop/work.h"

#include "core/list.h"
#include "core/mem.h"
#include "core/trace.h"
#include "loop/loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct work_pool {
	struct loop *loop;
	pthread_mutex_t lock;
	pthread_cond_t ready;
	struct list runnable; /* strands that have tasks and no thread */
	bool stopping;
	uint32_t thread_count;
	pthread_t threads[64];
};

struct task {
	struct list_node node;
	struct strand *strand;
	work_h *workh;
	work_h *doneh;
	void *arg;
	struct span *context; /* what was current when it was posted */
};

struct strand {
	struct work_pool *pool;
	struct list_node node; /* in pool->runnable; holds a reference */
	struct list tasks;
	bool running;
	atomic_size_t pending;
};

/*
 * Runs on the loop. Dropping the strand here, not on the worker, keeps the last reference of the
 * pool away from its own threads.
 */
static void finish(void *arg)
{
	struct task *task = arg;
	struct span *before = span_enter(task->context);

	if (task->doneh)
		task->doneh(task->arg);
	span_leave(before);
	mem_unref(task->context);
	mem_unref(task->strand);
	mem_free(task);
}

/* With the lock held. */
static void make_runnable(struct strand *strand)
{
	if (strand->running || strand->node.list || !strand->tasks.head)
		return;
	list_append(&strand->pool->runnable, &strand->node, strand);
	pthread_cond_signal(&strand->pool->ready);
}

static void run_one(struct work_pool *pool, struct strand *strand)
{
	struct task *task = list_pop(&strand->tasks);

	strand->running = true;
	pthread_mutex_unlock(&pool->lock);
	task->workh(task->arg);
	atomic_fetch_sub(&strand->pending, 1);
	pthread_mutex_lock(&pool->lock);
	strand->running = false;
	make_runnable(strand);
	loop_post(pool->loop, finish, task);
}

static void *worker(void *arg)
{
	struct work_pool *pool = arg;

	pthread_setname_np(pthread_self(), "work");
	pthread_mutex_lock(&pool->lock);
	while (!pool->stopping) {
		struct strand *strand = list_pop(&pool->runnable);

		if (strand)
			run_one(pool, strand);
		else
			pthread_cond_wait(&pool->ready, &pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static void pool_destroy(void *data)
{
	struct work_pool *pool = data;

	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->ready);
	pthread_mutex_unlock(&pool->lock);
	for (uint32_t i = 0; i < pool->thread_count; i++)
		pthread_join(pool->threads[i], NULL);
	pthread_cond_destroy(&pool->ready);
	pthread_mutex_destroy(&pool->lock);
	mem_unref(pool->loop);
}

struct work_pool *work_pool_new(struct loop *loop, uint32_t threads)
{
	struct work_pool *pool = mem_new(sizeof(*pool), pool_destroy);

	pool->loop = mem_ref(loop);
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->ready, NULL);
	if (threads < 1)
		threads = 1;
	if (threads > ARRAY_LEN(pool->threads))
		threads = ARRAY_LEN(pool->threads);
	for (uint32_t i = 0; i < threads; i++) {
		if (pthread_create(&pool->threads[i], NULL, worker, pool))
			abort();
		pool->thread_count++;
	}
	return pool;
}

static void strand_destroy(void *data)
{
	struct strand *strand = data;

	mem_unref(strand->pool);
}

struct strand *strand_new(struct work_pool *pool)
{
	struct strand *strand = mem_new(sizeof(*strand), strand_destroy);

	strand->pool = mem_ref(pool);
	atomic_init(&strand->pending, 0);
	return strand;
}

void strand_post(struct strand *strand, work_h *workh, work_h *doneh, void *arg)
{
	struct task *task = mem_alloc(sizeof(*task));

	task->strand = mem_ref(strand);
	task->workh = workh;
	task->doneh = doneh;
	task->arg = arg;
	task->context = mem_ref(span_current());
	atomic_fetch_add(&strand->pending, 1);
	pthread_mutex_lock(&strand->pool->lock);
	list_append(&strand->tasks, &task->node, task);
	make_runnable(strand);
	pthread_mutex_unlock(&strand->pool->lock);
}

size_t strand_pending(const struct strand *strand)
{
	return atomic_load(&strand->pending);
}
