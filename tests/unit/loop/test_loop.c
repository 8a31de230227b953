/* Protects: timers on fake and real clocks, posts across threads, strands, child processes. */
#include "unit/check.h"

#include "core/clock.h"
#include "core/mem.h"
#include "loop/loop.h"
#include "loop/process.h"
#include "loop/timer.h"
#include "loop/work.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

struct trace {
	char text[256];
	struct loop *loop;
	struct timer *timer;
};

static void note(struct trace *trace, char c)
{
	size_t len = strlen(trace->text);

	assert_true(len + 1 < sizeof(trace->text));
	trace->text[len] = c;
}

#define NOTER(letter_)                        \
	static void note_##letter_(void *arg) \
	{                                     \
		note(arg, #letter_[0]);       \
	}
NOTER(a)
NOTER(b)
NOTER(c)

/* Turn the loop until *flag, for at most five seconds. */
static void run_until(struct loop *loop, const atomic_bool *flag)
{
	int64_t until = clock_mono_us() + 5000000;

	while (!atomic_load(flag)) {
		assert_true(clock_mono_us() < until);
		loop_run_once(loop, 50);
	}
}

static void timers_run_in_order_of_time_then_of_start(void **state)
{
	auto_unref struct loop *loop = loop_new_fake();
	struct trace trace = {0};
	auto_unref struct timer *a = timer_new(loop, note_a, &trace);
	auto_unref struct timer *b = timer_new(loop, note_b, &trace);
	auto_unref struct timer *c = timer_new(loop, note_c, &trace);

	timer_start(c, 20);
	timer_start(b, 10);
	timer_start(a, 10);
	loop_advance_ms(loop, 9);
	assert_string_equal(trace.text, "");
	loop_advance_ms(loop, 1);
	assert_string_equal(trace.text, "ba");
	assert_false(timer_is_running(b));
	loop_advance_ms(loop, 100);
	assert_string_equal(trace.text, "bac");
}

static void restart_moves_a_timer_and_stop_ends_it(void **state)
{
	auto_unref struct loop *loop = loop_new_fake();
	struct trace trace = {0};
	auto_unref struct timer *a = timer_new(loop, note_a, &trace);

	timer_start(a, 10);
	loop_advance_ms(loop, 5);
	timer_start(a, 10);
	loop_advance_ms(loop, 9);
	assert_string_equal(trace.text, "");
	loop_advance_ms(loop, 1);
	assert_string_equal(trace.text, "a");
	timer_start(a, 10);
	timer_stop(a);
	loop_advance_ms(loop, 50);
	assert_string_equal(trace.text, "a");
}

static void release_in_handler(void *arg)
{
	struct trace *trace = arg;

	note(trace, 'r');
	trace->timer = mem_unref(trace->timer);
}

static void a_handler_may_release_its_timer(void **state)
{
	auto_unref struct loop *loop = loop_new_fake();
	struct trace trace = {0};

	trace.timer = timer_new(loop, release_in_handler, &trace);
	timer_start(trace.timer, 1);
	loop_advance_ms(loop, 5);
	assert_string_equal(trace.text, "r");
}

static void many_timers_stay_sorted(void **state)
{
	enum { COUNT = 500 };
	auto_unref struct loop *loop = loop_new_fake();
	struct trace trace = {0};
	struct timer *timers[COUNT];

	for (int i = 0; i < COUNT; i++) {
		timers[i] = timer_new(loop, i == 250 ? note_b : note_a, &trace);
		timer_start(timers[i], (uint64_t)(i * 7919 % 1009));
	}
	for (int i = 0; i < COUNT; i++)
		if (i != 250 && i % 100)
			timers[i] = mem_unref(timers[i]);
	loop_advance_ms(loop, 2000);
	assert_int_equal(strlen(trace.text), 6);
	for (int i = 0; i < COUNT; i++)
		mem_unref(timers[i]);
}

static void set_flag(void *arg)
{
	atomic_store((atomic_bool *)arg, true);
}

static void real_timers_fire(void **state)
{
	auto_unref struct loop *loop = loop_new();
	atomic_bool fired = false;
	auto_unref struct timer *timer = timer_new(loop, set_flag, &fired);
	int64_t start = clock_mono_us();

	timer_start(timer, 15);
	run_until(loop, &fired);
	assert_true(clock_mono_us() - start >= 14000);
}

static void *post_from_thread(void *arg)
{
	struct trace *trace = arg;

	for (int i = 0; i < 100; i++)
		loop_post(trace->loop, note_a, trace);
	return NULL;
}

static void posts_from_another_thread_all_arrive(void **state)
{
	auto_unref struct loop *loop = loop_new();
	struct trace trace = {.loop = loop};
	int64_t until = clock_mono_us() + 5000000;
	pthread_t thread;

	pthread_create(&thread, NULL, post_from_thread, &trace);
	while (strlen(trace.text) < 100 && clock_mono_us() < until)
		loop_run_once(loop, 50);
	pthread_join(thread, NULL);
	assert_int_equal(strlen(trace.text), 100);
}

struct step {
	struct trace *trace;
	char letter;
	atomic_bool done;
};

static void step_work(void *arg)
{
	struct step *step = arg;

	note(step->trace, step->letter);
}

static void step_done(void *arg)
{
	set_flag(&((struct step *)arg)->done);
}

static void a_strand_runs_its_tasks_in_order(void **state)
{
	auto_unref struct loop *loop = loop_new();
	auto_unref struct work_pool *pool = work_pool_new(loop, 4);
	auto_unref struct strand *strand = strand_new(pool);
	struct trace trace = {0};
	struct step steps[26];

	for (int i = 0; i < 26; i++) {
		steps[i] = (struct step){&trace, (char)('a' + i), false};
		strand_post(strand, step_work, step_done, &steps[i]);
	}
	run_until(loop, &steps[25].done);
	assert_string_equal(trace.text, "abcdefghijklmnopqrstuvwxyz");
	assert_int_equal(strand_pending(strand), 0);
}

struct gate {
	pthread_mutex_t lock;
	pthread_cond_t opened;
	bool open;
	atomic_bool passed;
};

static void wait_at_gate(void *arg)
{
	struct gate *gate = arg;

	pthread_mutex_lock(&gate->lock);
	while (!gate->open)
		pthread_cond_wait(&gate->opened, &gate->lock);
	pthread_mutex_unlock(&gate->lock);
}

static void gate_passed(void *arg)
{
	set_flag(&((struct gate *)arg)->passed);
}

static void a_slow_strand_does_not_delay_another(void **state)
{
	auto_unref struct loop *loop = loop_new();
	auto_unref struct work_pool *pool = work_pool_new(loop, 2);
	auto_unref struct strand *slow = strand_new(pool), *quick = strand_new(pool);
	struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};
	struct trace trace = {0};
	struct step step = {&trace, 'q', false};

	strand_post(slow, wait_at_gate, gate_passed, &gate);
	strand_post(quick, step_work, step_done, &step);
	run_until(loop, &step.done);
	assert_false(gate.passed);
	pthread_mutex_lock(&gate.lock);
	gate.open = true;
	pthread_cond_signal(&gate.opened);
	pthread_mutex_unlock(&gate.lock);
	run_until(loop, &gate.passed);
}

static void on_signal(int signum, void *arg)
{
	set_flag(arg);
}

struct child {
	int code, signal;
	atomic_bool over;
};

static void on_child_exit(int code, int signum, void *arg)
{
	struct child *child = arg;

	child->code = code;
	child->signal = signum;
	set_flag(&child->over);
}

static void a_child_reports_its_exit_code_or_signal(void **state)
{
	static const char *const exit_7[] = {"/bin/sh", "-c", "exit 7", NULL};
	static const char *const wait_long[] = {"/bin/sleep", "60", NULL};
	static const char *const missing[] = {"/nonexistent", NULL};
	auto_unref struct loop *loop = loop_new();
	auto_unref struct process *process = NULL, *killed = NULL, *none = NULL;
	struct child child = {0}, victim = {0};

	assert_int_equal(process_spawn(&process, loop, exit_7, -1, on_child_exit, &child), 0);
	run_until(loop, &child.over);
	assert_int_equal(child.code, 7);
	assert_int_equal(process_spawn(&killed, loop, wait_long, -1, on_child_exit, &victim), 0);
	assert_int_equal(process_kill(killed, SIGKILL), 0);
	run_until(loop, &victim.over);
	assert_int_equal(victim.signal, SIGKILL);
	assert_true(process_spawn(&none, loop, missing, -1, on_child_exit, &child) < 0);
	assert_null(none);
}

static void a_watch_may_outlive_the_name_of_its_loop(void **state)
{
	struct loop *loop = loop_new();
	struct signal_watch *watch = NULL;
	atomic_bool seen = false;

	assert_int_equal(signal_watch_new(&watch, loop, SIGUSR1, on_signal, &seen), 0);
	mem_unref(loop);
	mem_unref(watch);
}

static void a_watched_signal_arrives_on_the_loop(void **state)
{
	auto_unref struct loop *loop = loop_new();
	auto_unref struct signal_watch *watch = NULL;
	atomic_bool seen = false;

	assert_int_equal(signal_watch_new(&watch, loop, SIGUSR1, on_signal, &seen), 0);
	raise(SIGUSR1);
	run_until(loop, &seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_run_in_order_of_time_then_of_start),
		cmocka_unit_test(restart_moves_a_timer_and_stop_ends_it),
		cmocka_unit_test(a_handler_may_release_its_timer),
		cmocka_unit_test(many_timers_stay_sorted),
		cmocka_unit_test(real_timers_fire),
		cmocka_unit_test(posts_from_another_thread_all_arrive),
		cmocka_unit_test(a_strand_runs_its_tasks_in_order),
		cmocka_unit_test(a_slow_strand_does_not_delay_another),
		cmocka_unit_test(a_child_reports_its_exit_code_or_signal),
		cmocka_unit_test(a_watched_signal_arrives_on_the_loop),
		cmocka_unit_test(a_watch_may_outlive_the_name_of_its_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
