/*
 * Protects the life of a call: every event in every state does what the table says and nothing
 * else, terminal states are final, each change is one event, follow-up jobs come with the end and
 * only once, facts are kept whenever they arrive, keys make a call only once, and overdue calls get
 * settled.
 */
#include "unit/platform/fixture.h"

#include "core/metric.h"
#include "core/str.h"
#include "platform/call_table.h"
#include "platform/job.h"
#include "platform/live.h"

#include <errno.h>
#include <math.h>

struct fixture {
	struct base base;
	struct live *live;
	struct job_queue *jobs;
	struct call_table *table;
	int overdue;
};

struct outcome {
	bool done;
	int err;
	bool changed;
	struct call *call;
};

static const int64_t start_us = 1800000000000000;

static int setup(void **state)
{
	static const struct call_followup followups[] = {{"reconcile", 1000}, {"analyze", 0}};
	struct fixture *f = mem_alloc(sizeof(*f));
	struct live_conf live_conf = {.tenant_id = STORE_TENANT};
	struct call_table_conf conf = {.followups = followups, .followup_count = 2};

	clock_fake_wall_us(start_us);
	base_open(&f->base, loop_new_fake());
	f->live = live_new(f->base.loop, f->base.db, &live_conf);
	f->jobs = job_queue_new(f->base.loop, f->base.db);
	conf.loop = f->base.loop;
	conf.db = f->base.db;
	conf.live = f->live;
	conf.jobs = f->jobs;
	f->table = call_table_new(&conf);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	mem_unref(f->table);
	mem_unref(f->jobs);
	mem_unref(f->live);
	base_close(&f->base);
	mem_free(f);
	clock_fake_wall_us(-1);
	return 0;
}

static void outcome_free(struct outcome *outcome)
{
	mem_unref(outcome->call);
}
#define auto_outcome __attribute__((cleanup(outcome_free)))

static void on_done(int err, struct call *call, bool changed, void *arg)
{
	struct outcome *outcome = arg;

	assert_false(outcome->done);
	*outcome = (struct outcome){true, err, changed, mem_ref(call)};
}

static struct outcome create(struct fixture *f, struct call_params params)
{
	struct outcome outcome = {0};

	params.tenant_id = STORE_TENANT;
	if (!params.phone_number)
		params.phone_number = "+15551234567";
	call_table_create(f->table, &params, on_done, &outcome);
	assert_false(outcome.done);
	base_wait(&f->base, &outcome.done);
	return outcome;
}

static char *new_call(struct fixture *f)
{
	static char id[UUID_SIZE];
	struct outcome auto_outcome o = create(f, (struct call_params){.temperature = NAN});

	assert_int_equal(0, o.err);
	str_copy(id, sizeof(id), o.call->id);
	return id;
}

static struct outcome apply(struct fixture *f, const char *id, struct call_change change)
{
	struct outcome outcome = {0};

	change.source = "test";
	call_table_apply(f->table, STORE_TENANT, id, &change, on_done, &outcome);
	base_wait(&f->base, &outcome.done);
	return outcome;
}

static struct outcome apply_event(struct fixture *f, const char *id, enum call_event event)
{
	return apply(f, id, (struct call_change){.event = event});
}

static void bring_to(struct fixture *f, const char *id, enum call_status status)
{
	static const int events[] = {
		[CALL_PENDING] = -1,
		[CALL_INITIATING] = CALL_EV_INITIATED,
		[CALL_RINGING] = CALL_EV_RINGING,
		[CALL_IN_PROGRESS] = CALL_EV_ANSWERED,
		[CALL_COMPLETED] = CALL_EV_COMPLETED,
		[CALL_FAILED] = CALL_EV_FAILED,
		[CALL_NO_ANSWER] = CALL_EV_NO_ANSWER,
		[CALL_BUSY] = CALL_EV_BUSY,
	};

	if (events[status] < 0)
		return;
	struct outcome auto_outcome o = apply_event(f, id, (enum call_event)events[status]);

	assert_int_equal(0, o.err);
	assert_int_equal(status, o.call->status);
}

/*
 * Letters: where the call goes; '.' it is ignored; '=' the state stays, something else changes. One
 * column a state.
 */
static const struct {
	enum call_event event;
	const char *to;
} expected[] = {
	/*			   PIRACFNB (A: IN_PROGRESS) */
	{CALL_EV_NOTED, "........"},        {CALL_EV_SESSION, "I......."},
	{CALL_EV_DIALLED, "I=......"},      {CALL_EV_INITIATED, "I......."},
	{CALL_EV_RINGING, "RR......"},      {CALL_EV_ANSWERED, "AAA....."},
	{CALL_EV_COMPLETED, "CCCC...."},    {CALL_EV_BUSY, "BBBF...."},
	{CALL_EV_NO_ANSWER, "NNNF...."},    {CALL_EV_FAILED, "FFFF...."},
	{CALL_EV_CANCELED, "FFFF...."},     {CALL_EV_ENGINE_JOINED, "AAA....."},
	{CALL_EV_ENGINE_ENDED, "====...."}, {CALL_EV_END_REQUESTED, "====...."},
	{CALL_EV_DEADLINE, "FFNC...."},     {CALL_EV_LOST, "FFFF...."},
	{CALL_EV_WAITING, "=......."},
};
static const char letters[] = "PIRACFNB";

static void check_event(struct fixture *f, enum call_event event, enum call_status from, char to)
{
	char *id = new_call(f);

	bring_to(f, id, from);
	int64_t events = base_int(&f->base, "SELECT count(*) FROM call_event");
	int64_t jobs = base_int(&f->base, "SELECT count(*) FROM job");
	struct outcome auto_outcome o = apply_event(f, id, event);
	enum call_status status =
		strchr(letters, to) ? (enum call_status)(strchr(letters, to) - letters) : from;
	bool ended = status != from && call_status_is_terminal(status);

	if (o.err || o.call->status != status || o.changed != (to != '.'))
		fail_msg("%s in %s: %d, %s, changed %d", call_event_name(event),
			 call_status_name(from), o.err, call_status_name(o.call->status),
			 o.changed);
	assert_int_equal(events + o.changed, base_int(&f->base, "SELECT count(*) FROM call_event"));
	assert_int_equal(jobs + (ended ? 2 : 0), base_int(&f->base, "SELECT count(*) FROM job"));
	assert_int_equal(call_status_is_terminal(status), o.call->end_reason != NULL);
	assert_int_equal(call_status_is_terminal(status), o.call->ended_at > 0);
	assert_int_equal(call_status_is_terminal(status), o.call->deadline_at == 0);
}

static void every_event_in_every_state(void **state)
{
	assert_int_equal(CALL_EVENT_COUNT, ARRAY_LEN(expected));
	for (size_t i = 0; i < ARRAY_LEN(expected); i++)
		for (int from = 0; from < CALL_STATUS_COUNT; from++)
			check_event(*state, expected[i].event, (enum call_status)from,
				    expected[i].to[from]);
}

static void end_says_why(void **state)
{
	static const struct {
		enum call_event event;
		const char *reason; /* of the change */
		const char *expected;
	} cases[] = {
		{CALL_EV_COMPLETED, NULL, CALL_END_CALLER},
		{CALL_EV_COMPLETED, CALL_END_AGENT, CALL_END_AGENT},
		{CALL_EV_BUSY, NULL, CALL_END_BUSY},
		{CALL_EV_NO_ANSWER, NULL, CALL_END_NOANSWER},
		{CALL_EV_FAILED, NULL, CALL_END_PROVIDER},
		{CALL_EV_FAILED, CALL_END_REJECTED, CALL_END_REJECTED},
		{CALL_EV_CANCELED, NULL, CALL_END_CANCELED},
		{CALL_EV_DEADLINE, NULL, CALL_END_TIMEOUT},
		{CALL_EV_LOST, NULL, CALL_END_LOST},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct outcome auto_outcome o =
			apply(*state, new_call(*state),
			      (struct call_change){.event = cases[i].event,
						   .end_reason = cases[i].reason});

		assert_string_equal(cases[i].expected, o.call->end_reason);
	}
}

static void remembered_reason_is_taken_at_the_end(void **state)
{
	char *id = new_call(*state);

	bring_to(*state, id, CALL_IN_PROGRESS);
	struct outcome auto_outcome hint = apply(
		*state, id,
		(struct call_change){.event = CALL_EV_ENGINE_ENDED, .end_reason = CALL_END_AGENT});
	struct outcome auto_outcome late = apply_event(*state, id, CALL_EV_END_REQUESTED);
	struct outcome auto_outcome end = apply_event(*state, id, CALL_EV_COMPLETED);

	assert_true(hint.call->deadline_at <= start_us + 10 * 1000000);
	assert_null(late.call->end_reason);
	assert_string_equal(CALL_END_AGENT, end.call->end_reason);
}

static void duration_runs_from_answer_to_end(void **state)
{
	char *id = new_call(*state);

	clock_fake_wall_us(start_us + 5000000);
	bring_to(*state, id, CALL_IN_PROGRESS);
	clock_fake_wall_us(start_us + 67400000);
	struct outcome auto_outcome o = apply_event(*state, id, CALL_EV_COMPLETED);

	assert_true(o.call->started_at == start_us + 5000000);
	assert_int_equal(62, o.call->duration_s);
}

static void missed_answer_is_made_up_from_the_carriers_duration(void **state)
{
	char *id = new_call(*state);

	clock_fake_wall_us(start_us + 60000000);
	struct outcome auto_outcome o = apply(
		*state, id, (struct call_change){.event = CALL_EV_COMPLETED, .duration_s = 42});

	assert_int_equal(42, o.call->duration_s);
	assert_true(o.call->started_at == start_us + 18000000);
}

static void late_answer_still_gives_the_duration(void **state)
{
	char *id = new_call(*state);

	clock_fake_wall_us(start_us + 60000000);
	bring_to(*state, id, CALL_COMPLETED);
	struct outcome auto_outcome o =
		apply(*state, id,
		      (struct call_change){.event = CALL_EV_ANSWERED, .at = start_us + 20000000});

	assert_int_equal(CALL_COMPLETED, o.call->status);
	assert_int_equal(40, o.call->duration_s);
}

static void facts_are_kept_in_every_state(void **state)
{
	for (int status = 0; status < CALL_STATUS_COUNT; status++) {
		char *id = new_call(*state), sid[40];
		struct call_change change = {.event = CALL_EV_INITIATED,
					     .twilio_call_sid = sid,
					     .answered_by = "human",
					     .outcome = "{\"goal_reached\":true}"};

		snprintf(sid, sizeof(sid), "CA%d", status);
		bring_to(*state, id, (enum call_status)status);
		struct outcome auto_outcome first = apply(*state, id, change);
		struct outcome auto_outcome again = apply(*state, id, change);

		assert_int_equal(0, first.err);
		assert_true(first.changed);
		assert_string_equal(sid, first.call->twilio_call_sid);
		assert_string_equal("human", first.call->answered_by);
		assert_string_equal("{\"goal_reached\":true}", first.call->outcome);
		assert_false(again.changed);
	}
}

static void times_from_outside_stay_in_order(void **state)
{
	char *id = new_call(*state);
	struct outcome auto_outcome early =
		apply(*state, id, (struct call_change){.event = CALL_EV_ANSWERED, .at = 1});
	struct outcome auto_outcome future = apply(
		*state, id, (struct call_change){.event = CALL_EV_COMPLETED, .at = INT64_MAX});

	assert_true(early.call->started_at == start_us);
	assert_true(future.call->ended_at == start_us);
	assert_int_equal(0, future.call->duration_s);
}

static void repeated_callback_does_nothing(void **state)
{
	struct fixture *f = *state;
	char *id = new_call(f);
	struct call_change change = {.event = CALL_EV_ENGINE_ENDED, .receipt = "twilio:CA1:3"};
	struct outcome auto_outcome first = apply(f, id, change);

	change.end_reason = CALL_END_AGENT;
	struct outcome auto_outcome second = apply(f, id, change);

	assert_true(first.changed);
	assert_int_equal(0, second.err);
	assert_false(second.changed);
	assert_null(second.call->end_hint);
}

static void competing_ends_end_once(void **state)
{
	enum { N = 20 };
	struct fixture *f = *state;
	struct outcome outcomes[N] = {0};
	char *id = new_call(f);
	int changed = 0;

	for (int i = 0; i < N; i++) {
		struct call_change change = {.event = i % 2 ? CALL_EV_COMPLETED : CALL_EV_FAILED,
					     .source = "test"};

		call_table_apply(f->table, STORE_TENANT, id, &change, on_done, &outcomes[i]);
	}
	for (int i = 0; i < N; i++) {
		base_wait(&f->base, &outcomes[i].done);
		assert_int_equal(0, outcomes[i].err);
		changed += outcomes[i].changed;
		mem_unref(outcomes[i].call);
	}
	assert_int_equal(1, changed);
	assert_int_equal(1, base_int(&f->base, "SELECT count(*) FROM call_event WHERE "
					       "type = 'call.status'"));
	assert_int_equal(2, base_int(&f->base, "SELECT count(*) FROM job"));
}

/* Whoever brings the call along that was just read is right when nobody has changed it, and heard
 * when somebody has. */
static void what_is_known_of_a_call_may_be_old(void **state)
{
	struct fixture *f = *state;
	char *id = new_call(f);
	struct outcome auto_outcome ringing = apply_event(f, id, CALL_EV_RINGING);
	struct outcome auto_outcome answered = apply(
		f, id, (struct call_change){.event = CALL_EV_ANSWERED, .known = ringing.call});
	struct outcome auto_outcome late =
		apply(f, id, (struct call_change){.event = CALL_EV_BUSY, .known = ringing.call});
	struct outcome auto_outcome over = apply(
		f, id, (struct call_change){.event = CALL_EV_COMPLETED, .known = ringing.call});
	struct outcome auto_outcome again =
		apply(f, id, (struct call_change){.event = CALL_EV_COMPLETED, .known = over.call});

	assert_int_equal(CALL_IN_PROGRESS, answered.call->status);
	assert_int_equal(CALL_FAILED, late.call->status); /* as of a call that was answered */
	assert_false(over.changed);
	assert_int_equal(CALL_FAILED, over.call->status);
	assert_false(again.changed);
	assert_int_equal(0, again.err);
}

static void unknown_call_is_told(void **state)
{
	struct outcome auto_outcome o =
		apply_event(*state, "00000000-0000-7000-8000-000000000000", CALL_EV_RINGING);

	assert_int_equal(-ENOENT, o.err);
	assert_null(o.call);
}

static void other_tenants_calls_are_unknown(void **state)
{
	struct fixture *f = *state;
	struct outcome auto_outcome o = {0};

	call_table_get(f->table, "somebody else", new_call(f), on_done, &o);
	base_wait(&f->base, &o.done);
	assert_int_equal(-ENOENT, o.err);
}

static void found_by_every_key(void **state)
{
	struct fixture *f = *state;
	char *id = new_call(f);
	struct outcome auto_outcome set = apply(f, id,
						(struct call_change){.event = CALL_EV_DIALLED,
								     .twilio_call_sid = "CA77",
								     .ultravox_call_id = "uv77",
								     .join_url = "wss://x/y"});
	struct outcome auto_outcome by_id = {0}, auto_outcome by_sid = {0},
				    auto_outcome by_session = {0};

	assert_int_equal(0, set.err);
	call_table_get(f->table, STORE_TENANT, id, on_done, &by_id);
	call_table_find_sid(f->table, STORE_TENANT, "CA77", on_done, &by_sid);
	call_table_find_session(f->table, STORE_TENANT, "uv77", on_done, &by_session);
	base_wait(&f->base, &by_session.done);
	assert_string_equal(id, by_id.call->id);
	assert_string_equal(id, by_sid.call->id);
	assert_string_equal(id, by_session.call->id);
	assert_string_equal("wss://x/y", by_id.call->join_url);
}

static void idempotency_key_makes_one_call(void **state)
{
	struct call_params params = {
		.temperature = 0.5, .idempotency_key = "k", .request_digest = "d1"};
	struct outcome auto_outcome first = create(*state, params);
	struct outcome auto_outcome again = create(*state, params);

	params.request_digest = "d2";
	struct outcome auto_outcome other = create(*state, params);

	assert_int_equal(0, first.err);
	assert_int_equal(-EEXIST, again.err);
	assert_string_equal(first.call->id, again.call->id);
	assert_int_equal(-ENOTUNIQ, other.err);
	assert_null(other.call);
}

static void carriers_sid_makes_one_call(void **state)
{
	struct call_params params = {.direction = CALL_INBOUND, .twilio_call_sid = "CA1"};
	struct outcome auto_outcome first = create(*state, params);
	struct outcome auto_outcome again = create(*state, params);

	assert_int_equal(-EEXIST, again.err);
	assert_string_equal(first.call->id, again.call->id);
}

static void call_and_its_job_are_made_together(void **state)
{
	struct fixture *f = *state;
	struct outcome auto_outcome o = create(f, (struct call_params){.job_kind = "dial"});

	assert_int_equal(1, base_int(&f->base, "SELECT count(*) FROM job, call WHERE "
					       "kind = 'dial' AND job.call_id = call.id"));
}

static void on_overdue(struct call *call, void *arg)
{
	struct fixture *f = arg;

	f->overdue++;
}

static void let_sweep(struct fixture *f, int64_t s)
{
	clock_fake_wall_us(start_us + s * 1000000);
	loop_advance_ms(f->base.loop, 1000);
	base_sql(&f->base, "SELECT 1");
	base_sql(&f->base, "SELECT 1");
}

static void overdue_call_is_handed_over_and_settled_at_last(void **state)
{
	struct fixture *f = *state;
	char *id = new_call(f);

	call_table_on_overdue(f->table, on_overdue, f);
	call_table_start(f->table);
	let_sweep(f, 29);
	assert_int_equal(0, f->overdue);
	let_sweep(f, 31);
	assert_int_equal(1, f->overdue);
	let_sweep(f, 40);
	assert_int_equal(1, f->overdue);
	for (int i = 0; i < 6; i++)
		let_sweep(f, 100 + i * 50);
	assert_int_equal(5, f->overdue);

	struct outcome auto_outcome o = {0};

	call_table_get(f->table, STORE_TENANT, id, on_done, &o);
	base_wait(&f->base, &o.done);
	assert_int_equal(CALL_FAILED, o.call->status);
	assert_string_equal(CALL_END_LOST, o.call->end_reason);
}

static void deadlines_follow_the_state(void **state)
{
	static const struct {
		enum call_event event;
		int64_t deadline_s;
	} cases[] = {
		{CALL_EV_SESSION, 60},       {CALL_EV_DIALLED, 45 + 30},
		{CALL_EV_RINGING, 45 + 30},  {CALL_EV_ANSWERED, 600 + 30},
		{CALL_EV_END_REQUESTED, 10},
	};
	struct fixture *f = *state;
	struct outcome auto_outcome call = create(f, (struct call_params){.max_duration_s = 600});

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct outcome auto_outcome o = apply_event(f, call.call->id, cases[i].event);

		assert_int_equal(cases[i].deadline_s, (o.call->deadline_at - start_us) / 1000000);
	}
}

static void an_end_that_is_due_is_not_put_off(void **state)
{
	char *id = new_call(*state);
	struct outcome auto_outcome end = apply_event(*state, id, CALL_EV_END_REQUESTED);
	struct outcome auto_outcome answer = apply_event(*state, id, CALL_EV_ANSWERED);

	assert_int_equal(CALL_IN_PROGRESS, answer.call->status);
	assert_true(answer.call->deadline_at <= start_us + 10 * 1000000);
}

static void dropping_the_table_silences_what_is_under_way(void **state)
{
	struct fixture *f = *state;
	struct outcome o = {0};
	struct call_change change = {.event = CALL_EV_RINGING};

	call_table_apply(f->table, STORE_TENANT, new_call(f), &change, on_done, &o);
	f->table = mem_unref(f->table);
	base_sql(&f->base, "SELECT 1");
	assert_false(o.done);
}

static void ends_are_counted(void **state)
{
	double before = metric_value(METRIC_CALL_TOTAL, "busy,outbound");
	struct outcome auto_outcome call =
		create(*state, (struct call_params){.direction = CALL_OUTBOUND});
	struct outcome auto_outcome o = apply_event(*state, call.call->id, CALL_EV_BUSY);

	assert_true(metric_value(METRIC_CALL_TOTAL, "busy,outbound") == before + 1);
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_event_in_every_state),
		TEST(end_says_why),
		TEST(remembered_reason_is_taken_at_the_end),
		TEST(duration_runs_from_answer_to_end),
		TEST(missed_answer_is_made_up_from_the_carriers_duration),
		TEST(late_answer_still_gives_the_duration),
		TEST(facts_are_kept_in_every_state),
		TEST(times_from_outside_stay_in_order),
		TEST(repeated_callback_does_nothing),
		TEST(competing_ends_end_once),
		TEST(what_is_known_of_a_call_may_be_old),
		TEST(unknown_call_is_told),
		TEST(other_tenants_calls_are_unknown),
		TEST(found_by_every_key),
		TEST(idempotency_key_makes_one_call),
		TEST(carriers_sid_makes_one_call),
		TEST(call_and_its_job_are_made_together),
		TEST(overdue_call_is_handed_over_and_settled_at_last),
		TEST(deadlines_follow_the_state),
		TEST(an_end_that_is_due_is_not_put_off),
		TEST(dropping_the_table_silences_what_is_under_way),
		TEST(ends_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
