/*
 * Protects calls for later and calls that are made again: a scheduled call is not due and not
 * overdue before its time, a call that nobody took leaves the job that makes the next one in the
 * transaction of its end, and only when its policy wants that.
 */
#include "unit/platform/fixture.h"

#include "core/str.h"
#include "platform/call_table.h"
#include "platform/job.h"
#include "platform/retry_policy.h"

#include <errno.h>
#include <math.h>

static const int64_t start_us = 1800000000000000;
static const int64_t second = 1000000;

struct fixture {
	struct base base;
	struct job_queue *jobs;
	struct call_table *calls;
};

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	struct call_table_conf conf = {0};

	clock_fake_wall_us(start_us);
	base_open(&f->base, loop_new());
	f->jobs = job_queue_new(f->base.loop, f->base.db);
	conf.loop = f->base.loop;
	conf.db = f->base.db;
	conf.jobs = f->jobs;
	f->calls = call_table_new(&conf);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_unref(f->calls);
	mem_unref(f->jobs);
	base_close(&f->base);
	mem_free(f);
	clock_fake_wall_us(-1);
	return 0;
}

struct done {
	bool done;
	int err;
	struct call *call;
};

static void on_done(int err, struct call *call, bool changed, void *arg)
{
	struct done *done = arg;

	done->done = true;
	done->err = err;
	done->call = mem_ref(call);
}

static struct call *make(struct fixture *f, struct call_params params)
{
	struct done done = {0};

	params.tenant_id = STORE_TENANT;
	params.direction = CALL_OUTBOUND;
	params.phone_number = "+15551234567";
	params.temperature = NAN;
	params.job_kind = "dial";
	call_table_create(f->calls, &params, on_done, &done);
	base_wait(&f->base, &done.done);
	assert_int_equal(0, done.err);
	return done.call;
}

static void apply(struct fixture *f, const struct call *call, enum call_event event)
{
	struct call_change change = {.event = event, .source = "test"};
	struct done done = {0};

	if (event == CALL_EV_END_REQUESTED)
		change.end_reason = CALL_END_API;
	call_table_apply(f->calls, STORE_TENANT, call->id, &change, on_done, &done);
	base_wait(&f->base, &done.done);
	assert_int_equal(0, done.err);
	mem_unref(done.call);
}

static void a_scheduled_call_waits_for_its_time(void **state)
{
	struct fixture *f = *state;
	int64_t at = start_us + 3600 * second;
	struct call *call auto_unref = make(f, (struct call_params){.scheduled_at = at});

	assert_int_equal(CALL_PENDING, call->status);
	assert_int_equal(at, call->scheduled_at);
	assert_true(call->deadline_at > at);
	assert_int_equal(at, base_int(&f->base, "SELECT run_at FROM job WHERE kind = 'dial'"));
}

static void a_call_for_now_is_due_at_once(void **state)
{
	struct fixture *f = *state;
	struct call *call auto_unref = make(f, (struct call_params){0});

	assert_int_equal(0, call->scheduled_at);
	assert_int_equal(1, call->attempt);
	assert_int_equal(start_us,
			 base_int(&f->base, "SELECT run_at FROM job WHERE kind = 'dial'"));
}

#define TWICE "{\"max_attempts\":2,\"delay_seconds\":60}"

static void only_what_the_policy_wants_is_made_again(void **state)
{
	static const struct {
		const char *retry;
		int64_t attempt;
		enum call_event events[3]; /* ends with NOTED */
		int jobs;
	} rows[] = {
		{TWICE, 1, {CALL_EV_BUSY}, 1},
		{TWICE, 1, {CALL_EV_RINGING, CALL_EV_NO_ANSWER}, 1},
		{TWICE, 2, {CALL_EV_BUSY}, 0},
		{TWICE, 1, {CALL_EV_ANSWERED, CALL_EV_COMPLETED}, 0},
		{TWICE, 1, {CALL_EV_FAILED}, 0},
		{TWICE, 1, {CALL_EV_CANCELED}, 0},
		{TWICE, 1, {CALL_EV_END_REQUESTED, CALL_EV_NO_ANSWER}, 0},
		{NULL, 1, {CALL_EV_BUSY}, 0},
		{"{\"max_attempts\":2,\"delay_seconds\":60,\"on\":[\"busy\"]}",
		 1,
		 {CALL_EV_NO_ANSWER},
		 0},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct call *call auto_unref =
			make(f, (struct call_params){.retry = rows[i].retry,
						     .attempt = rows[i].attempt});

		for (size_t j = 0; j < 3 && rows[i].events[j] != CALL_EV_NOTED; j++)
			apply(f, call, rows[i].events[j]);
		assert_int_equal(
			rows[i].jobs,
			base_int(&f->base, "SELECT count(*) FROM job WHERE kind = 'retry'"));
		base_sql(&f->base, "DELETE FROM job");
	}
}

static void the_job_knows_the_next_call(void **state)
{
	struct fixture *f = *state;
	struct call *call auto_unref = make(f, (struct call_params){.retry = TWICE});
	auto_json json_t *payload = NULL;
	struct base_result result;

	apply(f, call, CALL_EV_BUSY);
	result = base_sql(&f->base, "SELECT payload FROM job WHERE kind = 'retry'");
	assert_int_equal(0, json_parse(&payload, result.text, strlen(result.text), NULL));
	assert_true(uuid_is_valid(json_get_str(payload, "call_id", "")));
	assert_int_equal(start_us + 60 * second, json_get_int(payload, "due_at", 0));
}

static void policies_are_checked(void **state)
{
	static const struct {
		const char *json;
		const char *fault; /* its beginning; NULL: it is fine */
	} rows[] = {
		{"{\"max_attempts\":3,\"delay_seconds\":1}", NULL},
		{"{\"max_attempts\":1,\"delay_seconds\":[1,2,3],\"on\":[\"busy\"]}", NULL},
		{"[]", "must be an object"},
		{"{\"max_attempts\":3}", "delay_seconds"},
		{"{\"delay_seconds\":3}", "max_attempts"},
		{"{\"max_attempts\":0,\"delay_seconds\":1}", "max_attempts"},
		{"{\"max_attempts\":11,\"delay_seconds\":1}", "max_attempts"},
		{"{\"max_attempts\":1.5,\"delay_seconds\":1}", "max_attempts"},
		{"{\"max_attempts\":2,\"delay_seconds\":0}", "delay_seconds"},
		{"{\"max_attempts\":2,\"delay_seconds\":[]}", "delay_seconds"},
		{"{\"max_attempts\":2,\"delay_seconds\":[1,\"2\"]}", "delay_seconds"},
		{"{\"max_attempts\":2,\"delay_seconds\":[1,1,1,1,1,1,1,1,1,1,1]}", "delay_seconds"},
		{"{\"max_attempts\":2,\"delay_seconds\":604801}", "delay_seconds"},
		{"{\"max_attempts\":2,\"delay_seconds\":1,\"on\":[]}", "on must"},
		{"{\"max_attempts\":2,\"delay_seconds\":1,\"on\":\"busy\"}", "on must"},
		{"{\"max_attempts\":2,\"delay_seconds\":1,\"on\":[\"failed\"]}", "on must"},
		{"{\"max_attempts\":2,\"delay_seconds\":1,\"x\":1}", "has no member"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_json json_t *json = NULL;
		struct retry_policy policy;
		char fault[RETRY_FAULT_SIZE] = "";

		assert_int_equal(0, json_parse(&json, rows[i].json, strlen(rows[i].json), NULL));
		assert_int_equal(rows[i].fault ? -EINVAL : 0,
				 retry_policy_parse(&policy, json, fault));
		assert_true(str_has_prefix(fault, rows[i].fault ? rows[i].fault : ""));
	}
}

static void the_last_delay_goes_on(void **state)
{
	static const int64_t delays[] = {10, 20, 20, 20};
	struct call call = {.status = CALL_BUSY,
			    .retry = "{\"max_attempts\":5,\"delay_seconds\":[10,20]}"};
	int64_t delay_s;

	for (call.attempt = 1; call.attempt < 5; call.attempt++) {
		assert_true(retry_policy_wants(&delay_s, &call));
		assert_int_equal(delays[call.attempt - 1], delay_s);
	}
	assert_false(retry_policy_wants(&delay_s, &call));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_scheduled_call_waits_for_its_time, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_call_for_now_is_due_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(only_what_the_policy_wants_is_made_again, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_job_knows_the_next_call, setup, teardown),
		cmocka_unit_test(policies_are_checked),
		cmocka_unit_test(the_last_delay_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
