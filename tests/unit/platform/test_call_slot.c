/*
 * Protects the limit of calls a tenant may have at once: it holds over pods, is given back when a
 * call ends, cannot leak when nobody gives it back, and comes back when what pods share was lost.
 */
#include "unit/platform/fixture.h"

#include "core/clock.h"
#include "core/digest.h"
#include "core/setting.h"
#include "core/str.h"
#include "platform/call_limit_book.h"
#include "platform/call_slot.h"
#include "platform/call_table.h"
#include "platform/store/call_limit.h"
#include "state/state.h"

#include <errno.h>

enum { MAX = 2 };

struct pod {
	struct state *state;
	struct call_limit_book *limits;
	struct call_slots *slots;
	struct call_table *calls;
};

struct fixture {
	struct base base;
	struct call_limit *defaults;
	struct pod one, two;
	struct state *other; /* that nobody uses */
	char url[32];
	char call_id[UUID_SIZE];
};

static struct state *open_state(struct fixture *f, const char *url)
{
	struct state_conf conf = {.url = url};
	struct state *opened = NULL;
	char error[STATE_ERROR_SIZE];

	assert_int_equal(0, state_open(&opened, f->base.loop, &conf, error));
	return opened;
}

static struct call_limit *limits_of(int64_t max)
{
	struct settings settings = {
		.twilio_phone_number = "",
		.call_countries = "",
		.call_allowed_prefixes = "",
		.call_blocked_prefixes = "",
		.quiet_hours = "",
		.max_calls_per_tenant = max,
	};
	struct call_limit *limit = NULL;
	char reason[CALL_LIMIT_REASON_SIZE];

	assert_int_equal(0, call_limit_of_settings(&limit, &settings, reason));
	return limit;
}

static void pod_open(struct fixture *f, struct pod *pod)
{
	struct call_slots_conf conf = {.loop = f->base.loop, .db = f->base.db};
	struct call_table_conf calls = {.loop = f->base.loop, .db = f->base.db};

	conf.limits = pod->limits = call_limit_book_new(f->base.loop, f->base.db, f->defaults);
	conf.state = pod->state = open_state(f, f->url);
	calls.slots = pod->slots = call_slots_new(&conf);
	pod->calls = call_table_new(&calls);
}

static void pod_close(struct pod *pod)
{
	pod->calls = mem_unref(pod->calls);
	pod->slots = mem_unref(pod->slots);
	pod->state = mem_unref(pod->state);
	pod->limits = mem_unref(pod->limits);
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));

	base_open(&f->base, loop_new_fake());
	str_copy(f->url, sizeof(f->url), "local:");
	random_hex(f->url + strlen(f->url), 8);
	f->other = open_state(f, "local");
	f->defaults = limits_of(MAX);
	pod_open(f, &f->one);
	pod_open(f, &f->two);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	pod_close(&f->one);
	pod_close(&f->two);
	mem_unref(f->other);
	mem_unref(f->defaults);
	base_close(&f->base);
	mem_free(f);
	return 0;
}

/* Time passes, second by second, and what falls due reaches the database and comes back. */
static void advance(struct fixture *f, int seconds)
{
	for (int i = 0; i < seconds; i++) {
		loop_advance_ms(f->base.loop, 1000);
		for (int j = 0; j < 3; j++) {
			base_sql(&f->base, "SELECT 1");
			/* What is looked up takes a way of its own. */
			while (db_pending(f->base.db))
				loop_run_once(f->base.loop, 5);
			loop_advance_ms(f->base.loop, 0);
		}
	}
}

struct outcome {
	bool done;
	int err;
};

static void on_slot(int err, void *arg)
{
	struct outcome *outcome = arg;

	outcome->done = true;
	outcome->err = err;
}

static int take(struct fixture *f, struct pod *pod, const char *tenant_id, const char *call_id)
{
	struct outcome outcome = {0};
	struct call_slot_wait *wait auto_unref = NULL;

	call_slots_take(&wait, pod->slots, tenant_id, call_id, on_slot, &outcome);
	assert_false(outcome.done);
	base_wait(&f->base, &outcome.done);
	return outcome.err;
}

static void on_call(int err, struct call *call, bool changed, void *arg)
{
	struct fixture *f = arg;

	assert_int_equal(0, err);
	str_copy(f->call_id, sizeof(f->call_id), call->id);
}

static void make_call(struct fixture *f, struct pod *pod, const char *id)
{
	struct call_params params = {
		.tenant_id = STORE_TENANT, .id = id, .phone_number = "+15551234567"};
	struct call_change ringing = {.event = CALL_EV_RINGING, .source = "test"};

	assert_int_equal(0, take(f, pod, STORE_TENANT, id));
	call_table_create(pod->calls, &params, on_call, f);
	base_sql(&f->base, "SELECT 1");
	call_table_apply(pod->calls, STORE_TENANT, id, &ringing, on_call, f);
	for (int i = 0; i < 3; i++)
		base_sql(&f->base, "SELECT 1");
	assert_string_equal(id, f->call_id);
}

static void on_count(int err, const struct state_answer *answer, void *arg)
{
	*(int64_t *)arg = answer->count;
}

static int64_t held(struct fixture *f)
{
	int64_t count = -1;

	state_lease_count(NULL, f->two.state, "calls:" STORE_TENANT, on_count, &count);
	while (count < 0)
		loop_run_once(f->base.loop, 10);
	return count;
}

static void limit_holds_over_pods_and_for_each_tenant(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(0, take(f, &f->one, STORE_TENANT, "a"));
	assert_int_equal(0, take(f, &f->two, STORE_TENANT, "b"));
	assert_int_equal(-EDQUOT, take(f, &f->one, STORE_TENANT, "c"));
	assert_int_equal(0, take(f, &f->two, STORE_TENANT, "a"));
	assert_int_equal(0, take(f, &f->one, "other", "c"));
	call_slots_release(f->two.slots, STORE_TENANT, "a");
	assert_int_equal(0, take(f, &f->one, STORE_TENANT, "c"));
}

/* What PUT /api/v1/limits does on one pod; the other hears of it a moment later. */
static void set_own(struct fixture *f, const char *own)
{
	struct batch batch auto_batch = {0};

	store_limit_set(&batch, STORE_TENANT, own, clock_wall_us());
	batch_run(&batch, NULL, f->base.db, NULL, NULL);
	base_sql(&f->base, "SELECT 1");
	call_limit_book_forget(f->one.limits, STORE_TENANT);
	advance(f, CALL_LIMIT_TTL_MS / 1000 + 1);
}

static void tenant_has_a_limit_of_its_own(void **state)
{
	struct fixture *f = *state;

	set_own(f, "{\"max_calls\": 3}");
	assert_int_equal(0, take(f, &f->one, STORE_TENANT, "a"));
	assert_int_equal(0, take(f, &f->two, STORE_TENANT, "b"));
	assert_int_equal(0, take(f, &f->one, STORE_TENANT, "c"));
	assert_int_equal(-EDQUOT, take(f, &f->two, STORE_TENANT, "d"));
	assert_int_equal(0, take(f, &f->one, "other", "a"));
	assert_int_equal(0, take(f, &f->one, "other", "b"));
	assert_int_equal(-EDQUOT, take(f, &f->one, "other", "c"));
}

static void tenant_without_a_limit_has_no_slots(void **state)
{
	struct fixture *f = *state;

	set_own(f, "{\"max_calls\": 0}");
	for (char id[] = "a"; *id <= 'd'; id[0]++)
		assert_int_equal(0, take(f, &f->one, STORE_TENANT, id));
	assert_int_equal(0, held(f));
}

static void limit_set_later_counts_the_calls_there_are(void **state)
{
	struct fixture *f = *state;

	set_own(f, "{\"max_calls\": 0}");
	make_call(f, &f->one, "a");
	advance(f, 20);
	assert_int_equal(0, held(f));
	set_own(f, "{\"max_calls\": 1}");
	advance(f, 20);
	assert_int_equal(1, held(f));
	assert_int_equal(-EDQUOT, take(f, &f->two, STORE_TENANT, "b"));
}

static void slot_is_given_back_by_whoever_sees_the_end(void **state)
{
	struct fixture *f = *state;
	struct call_change end = {.event = CALL_EV_FAILED, .source = "test"};

	make_call(f, &f->one, "a");
	make_call(f, &f->one, "b");
	assert_int_equal(2, held(f));
	call_table_apply(f->two.calls, STORE_TENANT, "a", &end, on_call, f);
	advance(f, 1);
	assert_int_equal(1, held(f));
	advance(f, 120);
	assert_int_equal(1, held(f));
}

static void slot_stays_as_long_as_its_call(void **state)
{
	struct fixture *f = *state;

	make_call(f, &f->one, "a");
	advance(f, 300);
	assert_int_equal(1, held(f));
}

/* A pod died between taking the slot and making the call. */
static void slot_without_a_call_ends(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(0, take(f, &f->one, STORE_TENANT, "ghost"));
	advance(f, 60);
	assert_int_equal(0, held(f));
}

static void lost_slots_come_back(void **state)
{
	struct fixture *f = *state;

	make_call(f, &f->one, "a");
	make_call(f, &f->one, "b");
	call_slots_release(f->one.slots, STORE_TENANT, "a"); /* as if Redis had lost it */
	call_slots_release(f->one.slots, STORE_TENANT, "b");
	assert_int_equal(0, held(f));
	advance(f, 20);
	assert_int_equal(2, held(f));
	assert_int_equal(-EDQUOT, take(f, &f->two, STORE_TENANT, "c"));
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(limit_holds_over_pods_and_for_each_tenant),
		TEST(tenant_has_a_limit_of_its_own),
		TEST(tenant_without_a_limit_has_no_slots),
		TEST(limit_set_later_counts_the_calls_there_are),
		TEST(slot_is_given_back_by_whoever_sees_the_end),
		TEST(slot_stays_as_long_as_its_call),
		TEST(slot_without_a_call_ends),
		TEST(lost_slots_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
