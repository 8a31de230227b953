/*
 * Protects jobs: each is run, tried again later and later, parked at last and brought back; one of
 * a dead process is taken over when its lease passes; a job in a rolled back transaction never was.
 */
#include "unit/platform/fixture.h"

#include "core/str.h"
#include "platform/job.h"
#include "platform/store/batch.h"

#include <errno.h>

struct fixture {
	struct base base;
	struct job_queue *queue;
	int runs;
	int64_t attempt;
	char call_id[40];
	char word[40];
	struct job *held; /* when holding */
	bool hold;
	int result;
	uint32_t retry_after_ms;
	uint32_t postpone_ms;
};

static const int64_t start_us = 1800000000000000;

static void on_run(struct job *job, void *arg)
{
	struct fixture *f = arg;

	f->runs++;
	f->attempt = job->attempt;
	str_copy(f->call_id, sizeof(f->call_id), job->call_id ? job->call_id : "");
	str_copy(f->word, sizeof(f->word), json_get_str(job->payload, "word", ""));
	if (f->hold)
		f->held = job;
	else if (f->postpone_ms)
		job_postpone(job, f->postpone_ms, "not yet");
	else if (f->retry_after_ms)
		job_retry_after(job, f->retry_after_ms, "later");
	else
		job_done(job, f->result, f->result ? "it broke" : NULL);
}

static struct job_queue *new_queue(struct fixture *f)
{
	struct job_queue *queue = job_queue_new(f->base.loop, f->base.db);
	struct job_kind kind = {.kind = "greet",
				.runh = on_run,
				.arg = f,
				.max_attempts = 3,
				.concurrency = 2,
				.first_retry_ms = 1000,
				.max_run_ms = 60000};

	job_queue_handle(queue, &kind);
	return queue;
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	clock_fake_wall_us(start_us);
	base_open(&f->base, loop_new_fake());
	f->queue = new_queue(f);
	job_queue_start(f->queue);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_unref(f->queue);
	base_close(&f->base);
	mem_free(f);
	clock_fake_wall_us(-1);
	return 0;
}

/* Move both clocks, and let what falls due reach the database and come back. */
static void advance(struct fixture *f, int64_t ms)
{
	static int64_t now_us;

	if (clock_wall_us() == start_us)
		now_us = start_us;
	now_us += ms * 1000;
	clock_fake_wall_us(now_us);
	loop_advance_ms(f->base.loop, (uint64_t)ms);
	for (int i = 0; i < 4; i++) {
		base_sql(&f->base, "SELECT 1");
		loop_advance_ms(f->base.loop, 0);
	}
}

struct enqueued {
	bool done;
	int err;
	char id[40];
};

static void on_enqueued(int err, const char *id, void *arg)
{
	struct enqueued *enqueued = arg;

	enqueued->done = true;
	enqueued->err = err;
	str_copy(enqueued->id, sizeof(enqueued->id), id);
}

static struct enqueued enqueue(struct fixture *f, struct job_params params)
{
	struct enqueued enqueued = {0};

	params.tenant_id = STORE_TENANT;
	if (!params.kind)
		params.kind = "greet";
	job_enqueue(f->queue, &params, on_enqueued, &enqueued);
	base_wait(&f->base, &enqueued.done);
	return enqueued;
}

static char *state_of(struct fixture *f)
{
	static struct base_result result;

	result = base_sql(&f->base, "SELECT state FROM job");
	return result.text;
}

static void a_postponed_job_has_not_been_tried(void **state)
{
	struct fixture *f = *state;

	f->postpone_ms = 5000;
	enqueue(f, (struct job_params){0});
	for (int i = 0; i < 5; i++) /* more often than it may be tried */
		advance(f, i ? 5000 : 0);
	assert_int_equal(5, f->runs);
	assert_int_equal(1, f->attempt);
	assert_string_equal("ready", state_of(f));
	f->postpone_ms = 0;
	advance(f, 5000);
	assert_string_equal("done", state_of(f));
}

static void job_is_run_at_once_with_what_it_needs(void **state)
{
	struct fixture *f = *state;
	json_t *auto_json payload = json_pack("{s:s}", "word", "hello");

	enqueue(f, (struct job_params){.call_id = "c1", .payload = payload});
	advance(f, 0);
	assert_int_equal(1, f->runs);
	assert_int_equal(1, f->attempt);
	assert_string_equal("c1", f->call_id);
	assert_string_equal("hello", f->word);
	assert_string_equal("done", state_of(f));
	advance(f, 3600000);
	assert_int_equal(1, f->runs);
}

static void delayed_job_waits(void **state)
{
	struct fixture *f = *state;

	enqueue(f, (struct job_params){.delay_ms = 5000});
	advance(f, 4900);
	assert_int_equal(0, f->runs);
	advance(f, 100);
	assert_int_equal(1, f->runs);
}

static void failing_job_backs_off_and_is_parked(void **state)
{
	struct fixture *f = *state;

	f->result = -EIO;
	enqueue(f, (struct job_params){0});
	advance(f, 0);
	assert_int_equal(1, f->runs);
	advance(f, 740);
	assert_int_equal(1, f->runs);
	advance(f, 2000);
	assert_int_equal(2, f->runs);
	advance(f, 1400);
	assert_int_equal(2, f->runs);
	advance(f, 3000);
	assert_int_equal(3, f->runs);
	assert_string_equal("dead", state_of(f));
	advance(f, 3600000);
	assert_int_equal(3, f->runs);
	assert_string_equal("it broke", base_sql(&f->base, "SELECT last_error FROM job").text);
}

static void on_replayed(int err, void *arg)
{
	*(int *)arg = err;
}

static void dead_job_comes_back_with_all_its_tries(void **state)
{
	struct fixture *f = *state;
	int err = 1;

	f->result = -ECANCELED;
	struct enqueued job = enqueue(f, (struct job_params){0});

	advance(f, 0);
	assert_string_equal("dead", state_of(f));
	job_queue_replay(f->queue, "another tenant", job.id, on_replayed, &err);
	base_sql(&f->base, "SELECT 1");
	assert_int_equal(-ENOENT, err);
	f->result = 0;
	job_queue_replay(f->queue, STORE_TENANT, job.id, on_replayed, &err);
	base_sql(&f->base, "SELECT 1");
	assert_int_equal(0, err);
	advance(f, 0);
	assert_int_equal(2, f->runs);
	assert_int_equal(1, f->attempt);
	assert_string_equal("done", state_of(f));
}

static void hopeless_job_is_parked_at_once(void **state)
{
	struct fixture *f = *state;

	f->result = -ECANCELED;
	enqueue(f, (struct job_params){0});
	advance(f, 0);
	assert_string_equal("dead", state_of(f));
}

static void job_may_say_when_to_try_again(void **state)
{
	struct fixture *f = *state;

	f->retry_after_ms = 20000;
	enqueue(f, (struct job_params){0});
	advance(f, 0);
	advance(f, 19000);
	assert_int_equal(1, f->runs);
	advance(f, 2000);
	assert_int_equal(2, f->runs);
}

static void unique_key_is_taken_once(void **state)
{
	struct fixture *f = *state;
	struct enqueued first = enqueue(f, (struct job_params){.unique_key = "k"});
	struct enqueued second = enqueue(f, (struct job_params){.unique_key = "k"});

	assert_int_equal(0, first.err);
	assert_int_equal(-EEXIST, second.err);
}

static void only_so_many_run_at_once(void **state)
{
	struct fixture *f = *state;

	f->hold = true;
	for (int i = 0; i < 5; i++)
		enqueue(f, (struct job_params){0});
	advance(f, 0);
	assert_int_equal(2, f->runs);
	assert_int_equal(2, job_queue_running(f->queue));
	job_done(f->held, 0, NULL);
	advance(f, 0);
	assert_int_equal(3, f->runs);
}

static void lease_is_renewed_while_the_job_runs(void **state)
{
	struct fixture *f = *state;

	f->hold = true;
	enqueue(f, (struct job_params){0});
	advance(f, 0);
	for (int i = 0; i < 25; i++)
		advance(f, 2000);
	assert_int_equal(1, f->runs);
	job_done(f->held, 0, NULL);
	advance(f, 0);
	assert_string_equal("done", state_of(f));
}

static void job_that_never_ends_is_taken_for_failed(void **state)
{
	struct fixture *f = *state;
	struct job *lost;

	f->hold = true;
	enqueue(f, (struct job_params){0});
	advance(f, 0);
	for (int i = 0; i < 35; i++)
		advance(f, 2000);
	assert_int_equal(2, f->runs);
	lost = f->held;
	assert_int_equal(2, f->attempt);
	f->hold = false;
	for (int i = 0; i < 40; i++)
		advance(f, 2000);
	assert_int_equal(3, f->runs);
	assert_string_equal("done", state_of(f));
	job_done(lost, -EIO, "too late to matter");
	advance(f, 0);
	assert_string_equal("done", state_of(f));
}

static void job_of_a_dead_process_is_taken_over(void **state)
{
	struct fixture *f = *state;

	enqueue(f, (struct job_params){.delay_ms = 1000});
	base_sql(&f->base, "UPDATE job SET state = 'running', owner = 'the dead', attempt = 1, "
			   "run_at = 1800000030000000");
	advance(f, 29000);
	assert_int_equal(0, f->runs);
	advance(f, 2000);
	assert_int_equal(1, f->runs);
	assert_int_equal(2, f->attempt);
}

static void job_that_kills_every_process_is_parked(void **state)
{
	struct fixture *f = *state;

	enqueue(f, (struct job_params){.delay_ms = 1000});
	base_sql(&f->base, "UPDATE job SET state = 'running', owner = 'the dead', attempt = 3");
	advance(f, 2000);
	assert_int_equal(0, f->runs);
	assert_string_equal("dead", state_of(f));
}

static void leases_are_given_back_on_a_clean_stop(void **state)
{
	struct fixture *f = *state;

	f->hold = true;
	enqueue(f, (struct job_params){0});
	advance(f, 0);
	mem_unref(f->queue);
	f->hold = false;
	f->queue = new_queue(f);
	job_queue_start(f->queue);
	advance(f, 0);
	assert_int_equal(2, f->runs);
	assert_int_equal(1, f->attempt);
}

static void unknown_kinds_are_left_alone(void **state)
{
	struct fixture *f = *state;

	enqueue(f, (struct job_params){.kind = "of the future"});
	advance(f, 60000);
	assert_string_equal("ready", state_of(f));
}

static void stopped_queue_takes_no_more(void **state)
{
	struct fixture *f = *state;

	job_queue_stop(f->queue);
	enqueue(f, (struct job_params){0});
	advance(f, 60000);
	assert_int_equal(0, f->runs);
}

static void on_batch(int err, struct db_result *const *results, size_t failed, void *arg)
{
	*(int *)arg = err;
}

static int run_batch_with_job(struct fixture *f, bool fails)
{
	struct job_params params = {
		.tenant_id = STORE_TENANT, .kind = "greet", .unique_key = "only once"};
	struct batch batch auto_batch = {0};
	int err = 1;

	job_add(&batch, &params);
	batch_add(&batch, "UPDATE tenant SET name = name WHERE id = 'nobody'", fails ? 1 : 0, NULL,
		  0);
	batch_run(&batch, NULL, f->base.db, on_batch, &err);
	base_sql(&f->base, "SELECT 1");
	job_queue_wake(f->queue);
	advance(f, 0);
	return err;
}

static void job_lives_and_dies_with_its_transaction(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(-EAGAIN, run_batch_with_job(f, true));
	assert_int_equal(0, f->runs);
	assert_int_equal(0, run_batch_with_job(f, false));
	assert_int_equal(1, f->runs);
	assert_int_equal(0, run_batch_with_job(f, false));
	assert_int_equal(1, f->runs);
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_postponed_job_has_not_been_tried, setup,
						teardown),
		TEST(job_is_run_at_once_with_what_it_needs),
		TEST(delayed_job_waits),
		TEST(failing_job_backs_off_and_is_parked),
		TEST(dead_job_comes_back_with_all_its_tries),
		TEST(hopeless_job_is_parked_at_once),
		TEST(job_may_say_when_to_try_again),
		TEST(unique_key_is_taken_once),
		TEST(only_so_many_run_at_once),
		TEST(lease_is_renewed_while_the_job_runs),
		TEST(job_that_never_ends_is_taken_for_failed),
		TEST(job_of_a_dead_process_is_taken_over),
		TEST(job_that_kills_every_process_is_parked),
		TEST(leases_are_given_back_on_a_clean_stop),
		TEST(unknown_kinds_are_left_alone),
		TEST(stopped_queue_takes_no_more),
		TEST(job_lives_and_dies_with_its_transaction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
