/*
 * Protects the contract of state.h, which every backend has to keep: windows count and end, a set
 * never has more slots taken than its maximum, leases end by themselves, a token works once, and
 * what one state publishes reaches the others. Redis is tested when TEST_REDIS_URL is set (with
 * TEST_REDIS_SENTINEL_URL and TEST_REDIS_CLUSTER_URL the other ways to it as well).
 */
#include "core/clock.h"
#include "core/digest.h"
#include "core/mem.h"
#include "core/str.h"
#include "loop/loop.h"
#include "state/redis_url.h"
#include "state/state.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WINDOW_MS = 600, BYTES = 40000 };

struct backend {
	const char *name;
	const char *variable; /* with the url; NULL: in this process */
};

static const struct backend backends[] = {
	{"local", NULL},
	{"redis", "TEST_REDIS_URL"},
	{"sentinel", "TEST_REDIS_SENTINEL_URL"},
	{"cluster", "TEST_REDIS_CLUSTER_URL"},
};

struct fixture {
	const struct backend *backend;
	struct loop *loop;
	struct state *one; /* two pods */
	struct state *two;
	char prefix[32];
};

static struct state *open_state(struct fixture *f)
{
	const char *url = f->backend->variable ? getenv(f->backend->variable) : "local:test";
	struct state_conf conf = {.url = url, .prefix = f->prefix, .timeout_ms = 5000};
	char error[STATE_ERROR_SIZE] = "";
	struct state *opened = NULL;

	if (state_open(&opened, f->loop, &conf, error))
		fail_msg("%s", error);
	return opened;
}

static bool is_ready(struct fixture *f)
{
	return !state_trouble(f->one) && !state_trouble(f->two);
}

static int setup(void **state)
{
	const struct backend *backend = *state;
	struct fixture *f;
	int64_t until = clock_mono_us() + 10 * 1000000;

	if (backend->variable && !getenv(backend->variable)) {
		*state = NULL;
		return 0;
	}
	f = mem_alloc(sizeof(*f));
	f->backend = backend;
	f->loop = backend->variable ? loop_new() : loop_new_fake();
	random_hex(f->prefix, 8);
	str_copy(f->prefix + 8, sizeof(f->prefix) - 8, ":");
	f->one = open_state(f);
	f->two = open_state(f);
	while (!is_ready(f) && clock_mono_us() < until)
		loop_run_once(f->loop, 20);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (!f)
		return 0;
	mem_unref(f->one);
	mem_unref(f->two);
	mem_unref(f->loop);
	mem_free(f);
	return 0;
}

#define FIXTURE(f_)                           \
	struct fixture *f_ = *(void **)state; \
	if (!f_)                              \
	skip()

/* Let time pass. */
static void pass(struct fixture *f, uint32_t ms)
{
	int64_t until = clock_mono_us() + (int64_t)ms * 1000;

	if (!f->backend->variable) {
		loop_advance_ms(f->loop, ms);
		return;
	}
	while (clock_mono_us() < until)
		loop_run_once(f->loop, 10);
}

struct outcome {
	int calls;
	int err;
	bool granted;
	int64_t count;
	uint32_t reset_ms;
	char data[64];
	size_t len;
};

static void on_done(int err, const struct state_answer *answer, void *arg)
{
	struct outcome *outcome = arg;

	outcome->calls++;
	outcome->err = err;
	outcome->granted = answer->granted;
	outcome->count = answer->count;
	outcome->reset_ms = answer->reset_ms;
	outcome->len = answer->len;
	if (answer->data)
		str_copy(outcome->data, sizeof(outcome->data), answer->data);
}

static void wait_for(struct fixture *f, const int *calls, int wanted)
{
	int64_t until = clock_mono_us() + 10 * 1000000;

	while (*calls < wanted && clock_mono_us() < until)
		loop_run_once(f->loop, 20);
	assert_int_equal(wanted, *calls);
}

/* Start with call_, wait for what comes of it. */
#define RUN(o_, call_, ...)                       \
	struct outcome o_ = {0};                  \
	call_(NULL, __VA_ARGS__, on_done, &(o_)); \
	assert_int_equal(0, (o_).calls);          \
	wait_for(f, &(o_).calls, 1)

static struct outcome count(struct fixture *f, struct state *on, int64_t add, int64_t limit,
			    bool sliding)
{
	struct state_count_params params = {.key = sliding ? "slide" : "fix",
					    .window_ms = WINDOW_MS,
					    .add = add,
					    .limit = limit,
					    .sliding = sliding};
	RUN(o, state_count, on, &params);

	assert_int_equal(0, o.err);
	assert_in_range(o.reset_ms, 0, WINDOW_MS);
	return o;
}

static struct outcome take(struct fixture *f, struct state *on, const char *id, int64_t max,
			   uint32_t ttl_ms)
{
	struct state_lease_params params = {.set = "calls", .id = id, .max = max, .ttl_ms = ttl_ms};
	RUN(o, state_lease_take, on, &params);

	assert_int_equal(0, o.err);
	return o;
}

static int64_t held(struct fixture *f)
{
	RUN(o, state_lease_count, f->two, "calls");

	return o.count;
}

static void window_counts_for_all_and_ends(void **state)
{
	FIXTURE(f);

	assert_int_equal(1, count(f, f->one, 1, 0, false).count);
	assert_int_equal(4, count(f, f->two, 3, 0, false).count);
	assert_int_equal(4, count(f, f->one, 0, 0, false).count);
	pass(f, WINDOW_MS + 1);
	assert_int_equal(1, count(f, f->two, 1, 0, false).count);
}

static void what_is_beyond_the_limit_is_not_counted(void **state)
{
	FIXTURE(f);

	assert_true(count(f, f->one, 2, 3, false).granted);
	assert_true(count(f, f->two, 1, 3, false).granted);
	for (int i = 0; i < 3; i++) {
		struct outcome o = count(f, f->one, 1, 3, false);

		assert_false(o.granted);
		assert_int_equal(3, o.count);
	}
	pass(f, WINDOW_MS + 1);
	assert_true(count(f, f->one, 1, 3, false).granted);
}

static void sliding_window_remembers_the_one_before(void **state)
{
	FIXTURE(f);
	uint32_t wait;

	/* To the start of a window. */
	wait = count(f, f->one, 0, 0, true).reset_ms;
	pass(f, wait + 1);
	assert_int_equal(100, count(f, f->one, 100, 0, true).count);
	assert_false(count(f, f->two, 1, 100, true).granted);
	wait = count(f, f->one, 0, 0, true).reset_ms;
	pass(f, wait + WINDOW_MS / 4);
	/* Three quarters of it, less what passed in between. */
	assert_in_range(count(f, f->two, 0, 0, true).count, 1, 75);
	wait = count(f, f->one, 0, 0, true).reset_ms;
	pass(f, wait + 1);
	assert_int_equal(0, count(f, f->two, 0, 0, true).count);
}

static void set_has_no_more_slots_than_its_maximum(void **state)
{
	FIXTURE(f);

	assert_true(take(f, f->one, "a", 2, 60000).granted);
	assert_true(take(f, f->two, "b", 2, 60000).granted);
	assert_false(take(f, f->one, "c", 2, 60000).granted);
	assert_true(take(f, f->two, "a", 2, 60000).granted); /* has one already */
	assert_int_equal(2, held(f));
	{
		RUN(o, state_lease_release, f->two, "calls", "a");

		assert_true(o.granted);
		assert_int_equal(1, o.count);
	}
	assert_true(take(f, f->one, "c", 2, 60000).granted);
	assert_int_equal(2, held(f));
	assert_true(take(f, f->one, "d", 0, 60000).granted);
	assert_int_equal(3, held(f));
}

static void slot_is_free_when_its_time_has_passed(void **state)
{
	FIXTURE(f);
	const char *ids[] = {"b", "nobody"};

	assert_true(take(f, f->one, "a", 2, WINDOW_MS).granted);
	assert_true(take(f, f->one, "b", 2, WINDOW_MS).granted);
	{
		RUN(o, state_lease_renew, f->two, "calls", ids, 2, 60000);

		assert_int_equal(1, o.count);
	}
	pass(f, WINDOW_MS + 1);
	assert_int_equal(1, held(f));
	assert_true(take(f, f->two, "c", 2, 60000).granted);
	assert_false(take(f, f->two, "a", 2, 60000).granted);
}

static void late_lease_does_not_keep_an_early_one(void **state)
{
	FIXTURE(f);

	take(f, f->one, "long", 0, 60000);
	take(f, f->one, "short", 0, WINDOW_MS);
	take(f, f->one, "middle", 0, 30000);
	pass(f, WINDOW_MS + 1);
	assert_int_equal(2, held(f));
}

static void token_works_once(void **state)
{
	FIXTURE(f);
	RUN(put, state_token_put, f->one, "t1", "who", 3, 60000);
	RUN(again, state_token_put, f->two, "t1", "else", 4, 60000);
	RUN(got, state_token_take, f->two, "t1");
	RUN(gone, state_token_take, f->one, "t1");

	assert_true(put.granted);
	assert_false(again.granted);
	assert_int_equal(0, got.err);
	assert_string_equal("who", got.data);
	assert_int_equal(3, got.len);
	assert_int_equal(-ENOENT, gone.err);
}

static void token_is_forgotten_in_time(void **state)
{
	FIXTURE(f);
	RUN(put, state_token_put, f->one, "t2", NULL, 0, WINDOW_MS);

	assert_true(put.granted);
	pass(f, WINDOW_MS + 1);
	{
		RUN(got, state_token_take, f->one, "t2");

		assert_int_equal(-ENOENT, got.err);
	}
	{
		RUN(again, state_token_put, f->one, "t2", NULL, 0, WINDOW_MS);

		assert_true(again.granted);
	}
}

static void bad_arguments_are_refused(void **state)
{
	FIXTURE(f);
	char name[STATE_MAX_NAME + 2];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	RUN(empty, state_token_take, f->one, "");
	RUN(too_long, state_token_take, f->one, name);
	RUN(too_much, state_token_put, f->one, "t", name, STATE_MAX_VALUE + 1, 1);

	assert_int_equal(-EINVAL, empty.err);
	assert_int_equal(-EINVAL, too_long.err);
	assert_int_equal(-EINVAL, too_much.err);
}

static void released_request_says_nothing(void **state)
{
	FIXTURE(f);
	struct outcome o = {0};
	struct state_request *request;

	state_token_put(&request, f->one, "quiet", "x", 1, 60000, on_done, &o);
	mem_unref(request);
	RUN(got, state_token_take, f->one, "quiet");

	assert_int_equal(0, got.err);
	assert_int_equal(0, o.calls);
}

struct listener {
	int messages;
	int changes;
	bool connected;
	size_t len;
	char first[16];
};

static void on_message(const char *data, size_t len, void *arg)
{
	struct listener *listener = arg;

	listener->messages++;
	listener->len = len;
	str_copy(listener->first, sizeof(listener->first), data);
}

static void on_change(bool connected, void *arg)
{
	struct listener *listener = arg;

	listener->changes++;
	listener->connected = connected;
}

static const struct state_listener listening = {on_message, on_change};

static struct state_subscription *subscribe(struct fixture *f, struct state *on,
					    const char *channel, struct listener *listener)
{
	struct state_subscription *subscription =
		state_subscribe(on, channel, &listening, listener);
	int64_t until = clock_mono_us() + 10 * 1000000;

	assert_int_equal(0, listener->changes);
	while (!listener->connected && clock_mono_us() < until)
		loop_run_once(f->loop, 20);
	assert_true(listener->connected);
	return subscription;
}

static void others_hear_what_is_published(void **state)
{
	FIXTURE(f);
	struct listener one = {0}, two = {0}, other = {0};
	struct state_subscription *s1 = subscribe(f, f->one, "live", &one);
	struct state_subscription *s2 = subscribe(f, f->two, "live", &two);
	struct state_subscription *s3 = subscribe(f, f->two, "other", &other);
	char *big = mem_alloc(BYTES);

	pass(f, f->backend->variable ? 50 : 0);
	state_publish(f->one, "live", "hello", 5);
	wait_for(f, &two.messages, 1);
	assert_string_equal("hello", two.first);
	memset(big, 'y', BYTES);
	state_publish(f->one, "live", big, BYTES);
	wait_for(f, &two.messages, 2);
	assert_int_equal(BYTES, two.len);
	state_publish(f->two, "live", "back", 4);
	wait_for(f, &one.messages, 1);
	assert_string_equal("back", one.first);
	mem_unref(s2);
	state_publish(f->one, "live", "nobody", 6);
	state_publish(f->one, "other", "last", 4);
	wait_for(f, &other.messages, 1);
	assert_int_equal(2, two.messages);
	assert_int_equal(1, one.messages);
	mem_unref(s1);
	mem_unref(s3);
	mem_free(big);
}

static void handlers_of_a_closed_state_are_dropped(void **state)
{
	FIXTURE(f);
	struct outcome o = {0};
	struct listener listener = {0};
	struct state_subscription *subscription =
		state_subscribe(f->one, "live", &listening, &listener);

	state_token_put(NULL, f->one, "left", "x", 1, 60000, on_done, &o);
	f->one = mem_unref(f->one);
	for (int i = 0; i < 5; i++)
		loop_run_once(f->loop, 5);
	assert_int_equal(0, o.calls);
	assert_int_equal(0, listener.changes);
	mem_unref(subscription);
}

/* ---- servers that change while we work ---- */

static void run_cli(uint16_t port, const char *command, char *out, size_t size)
{
	char line[512];
	FILE *pipe;

	snprintf(line, sizeof(line), "redis-cli -p %u %s", port, command);
	pipe = popen(line, "r");
	assert_non_null(pipe);
	assert_true(fgets(out, (int)size, pipe) != NULL);
	out[strcspn(out, "\r\n")] = '\0';
	while (fgetc(pipe) != EOF)
		;
	assert_int_equal(0, pclose(pipe));
}

static int64_t count_on(struct fixture *f, struct state *on)
{
	struct state_count_params params = {.key = "moving", .window_ms = 60000, .add = 1};
	RUN(o, state_count, on, &params);

	return o.count;
}

/* A key of ours is at its node, on its way, and at the next one: always found. */
static void cluster_slot_moves(void **state)
{
	FIXTURE(f);
	struct redis_url url;
	const char *reason;
	char key[64], ids[3][64], out[256], command[256];
	uint16_t slot;
	int from = -1, to;

	assert_int_equal(0, redis_url_parse(&url, getenv(f->backend->variable), &reason));
	snprintf(key, sizeof(key), "%scount:moving", f->prefix);
	slot = redis_slot(key);
	assert_int_equal(1, count_on(f, f->one));
	for (int i = 0; i < 3; i++) {
		run_cli(url.hosts[i].port, "CLUSTER MYID", ids[i], sizeof(ids[i]));
		snprintf(command, sizeof(command), "EXISTS %s", key);
		run_cli(url.hosts[i].port, command, out, sizeof(out));
		if (!strcmp(out, "1"))
			from = i;
	}
	assert_in_range(from, 0, 2);
	to = (from + 1) % 3;
	snprintf(command, sizeof(command), "CLUSTER SETSLOT %u IMPORTING %s", slot, ids[from]);
	run_cli(url.hosts[to].port, command, out, sizeof(out));
	assert_string_equal("OK", out);
	snprintf(command, sizeof(command), "CLUSTER SETSLOT %u MIGRATING %s", slot, ids[to]);
	run_cli(url.hosts[from].port, command, out, sizeof(out));
	assert_string_equal("OK", out);
	assert_int_equal(2, count_on(f, f->two));
	snprintf(command, sizeof(command), "MIGRATE 127.0.0.1 %u %s 0 5000", url.hosts[to].port,
		 key);
	run_cli(url.hosts[from].port, command, out, sizeof(out));
	assert_string_equal("OK", out);
	/* ASK */
	assert_int_equal(3, count_on(f, f->one));
	assert_int_equal(4, count_on(f, f->two));
	snprintf(command, sizeof(command), "CLUSTER SETSLOT %u NODE %s", slot, ids[to]);
	run_cli(url.hosts[to].port, command, out, sizeof(out));
	run_cli(url.hosts[from].port, command, out, sizeof(out));
	/* MOVED */
	assert_int_equal(5, count_on(f, f->one));
	assert_int_equal(6, count_on(f, f->two));
	assert_null(state_trouble(f->one));
}

/* The replica becomes the primary: what it was told is still there, and new things go to it. */
static void sentinel_fails_over(void **state)
{
	FIXTURE(f);
	struct redis_url url;
	const char *reason;
	char out[256], before[256];
	int64_t until = clock_mono_us() + 30 * 1000000;
	struct listener listener = {0};
	struct state_subscription *subscription = subscribe(f, f->two, "live", &listener);

	assert_int_equal(0, redis_url_parse(&url, getenv(f->backend->variable), &reason));
	assert_true(take(f, f->one, "a", 1, 60000).granted);
	run_cli(url.hosts[0].port, "SENTINEL get-master-addr-by-name main | tail -1", before,
		sizeof(before));
	run_cli(url.hosts[0].port, "SENTINEL FAILOVER main", out, sizeof(out));
	assert_string_equal("OK", out);
	do {
		pass(f, 100);
		run_cli(url.hosts[0].port, "SENTINEL get-master-addr-by-name main | tail -1", out,
			sizeof(out));
	} while (!strcmp(before, out) && clock_mono_us() < until);
	assert_string_not_equal(before, out);
	while ((!is_ready(f) || !listener.connected || take(f, f->two, "b", 1, 100).granted) &&
	       clock_mono_us() < until)
		pass(f, 100);
	assert_true(is_ready(f));
	assert_false(take(f, f->two, "b", 1, 100).granted);
	{
		RUN(o, state_lease_release, f->two, "calls", "a");
	}
	while (!take(f, f->one, "c", 1, 60000).granted && clock_mono_us() < until)
		pass(f, 100);
	assert_false(take(f, f->two, "d", 1, 60000).granted);
	while (!listener.messages && clock_mono_us() < until) {
		state_publish(f->one, "live", "after", 5);
		pass(f, 100);
	}
	assert_true(listener.messages > 0);
	mem_unref(subscription);
}

#define ALL(test_)                                                                    \
	{#test_ " (local)", test_, setup, teardown, (void *)&backends[0]},            \
		{#test_ " (redis)", test_, setup, teardown, (void *)&backends[1]},    \
		{#test_ " (sentinel)", test_, setup, teardown, (void *)&backends[2]}, \
	{                                                                             \
#test_ " (cluster)", test_, setup, teardown, (void *)&backends[3]     \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ALL(window_counts_for_all_and_ends),
		ALL(what_is_beyond_the_limit_is_not_counted),
		ALL(sliding_window_remembers_the_one_before),
		ALL(set_has_no_more_slots_than_its_maximum),
		ALL(slot_is_free_when_its_time_has_passed),
		ALL(late_lease_does_not_keep_an_early_one),
		ALL(token_works_once),
		ALL(token_is_forgotten_in_time),
		ALL(bad_arguments_are_refused),
		ALL(released_request_says_nothing),
		ALL(others_hear_what_is_published),
		ALL(handlers_of_a_closed_state_are_dropped),
		{"cluster_slot_moves", cluster_slot_moves, setup, teardown, (void *)&backends[3]},
		{"sentinel_fails_over", sentinel_fails_over, setup, teardown, (void *)&backends[2]},
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
