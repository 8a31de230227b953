/*
 * Protects the stream of live events: numbers only grow, also over a restart; a reader that comes
 * back with the last number it saw misses nothing durable and gets nothing twice, from memory or
 * from the database; partials are kept for nobody; a slow reader is dropped and harms no other.
 */
#include "unit/platform/fixture.h"

#include "core/buf.h"
#include "core/str.h"
#include "platform/call_table.h"
#include "platform/live.h"
#include "platform/summary.h"
#include "platform/transcript.h"

#include <errno.h>
#include <math.h>

enum { RING = 8 };

struct fixture {
	struct base base;
	struct live *live;
	struct call_table *table;
	char call_id[UUID_SIZE];
};

/* A sink that keeps everything. */
struct watcher {
	struct live_reader *reader;
	json_t *events;
	size_t max; /* takes so many; 0: any number */
	int code;
	bool full; /* says that it has bytes queued */
};

static int watcher_send(void *arg, const char *text, size_t len)
{
	struct watcher *watcher = arg;
	json_t *event;

	if (watcher->max && json_array_size(watcher->events) >= watcher->max)
		return -ENOBUFS;
	assert_int_equal(0, json_parse(&event, text, len, NULL));
	json_array_append_new(watcher->events, event);
	return 0;
}

static size_t watcher_queued(void *arg)
{
	return ((struct watcher *)arg)->full;
}

static void watcher_drop(void *arg, uint16_t code, const char *reason)
{
	((struct watcher *)arg)->code = code;
}

static const struct live_sink sink = {watcher_send, watcher_queued, watcher_drop};

static void watcher_free(struct watcher *watcher)
{
	mem_unref(watcher->reader);
	json_decref(watcher->events);
}
#define auto_watcher __attribute__((cleanup(watcher_free)))

static void watch(struct fixture *f, struct watcher *watcher, int64_t since, const char *call_id)
{
	watcher->events = json_array();
	watcher->reader = live_reader_new(f->live, STORE_TENANT, since, call_id, &sink, watcher);
	assert_non_null(watcher->reader);
}

static void settle(struct fixture *f)
{
	for (int i = 0; i < 8; i++)
		base_sql(&f->base, "SELECT 1");
}

static int64_t seq_of(const struct watcher *watcher, size_t index)
{
	return json_get_int(json_array_get(watcher->events, index), "seq", -1);
}

/* Types of what was seen, by their last word; numbers must grow. */
static const char *seen(const struct watcher *watcher)
{
	static struct buf text;

	buf_clear(&text);
	for (size_t i = 0; i < json_array_size(watcher->events); i++) {
		const char *type = json_get_str(json_array_get(watcher->events, i), "type", "?.?");

		if (i)
			assert_true(seq_of(watcher, i) > seq_of(watcher, i - 1));
		buf_printf(&text, "%s ", strchr(type, '.') ? strchr(type, '.') + 1 : type);
	}
	return buf_str(&text);
}

static void wait_ready(struct fixture *f)
{
	int64_t until = clock_mono_us() + 10 * 1000000;

	while (!live_is_ready(f->live) && clock_mono_us() < until)
		loop_run_once(f->base.loop, 50);
	assert_true(live_is_ready(f->live));
}

static void open_hub(struct fixture *f)
{
	struct live_conf live_conf = {.tenant_id = STORE_TENANT, .ring_events = RING};
	struct call_table_conf conf = {.loop = f->base.loop, .db = f->base.db};

	conf.live = f->live = live_new(f->base.loop, f->base.db, &live_conf);
	f->table = call_table_new(&conf);
	wait_ready(f);
}

static void close_hub(struct fixture *f)
{
	f->table = mem_unref(f->table);
	f->live = mem_unref(f->live);
}

static void on_created(int err, struct call *call, bool changed, void *arg)
{
	struct fixture *f = arg;

	assert_int_equal(0, err);
	str_copy(f->call_id, sizeof(f->call_id), call->id);
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	struct call_params params = {.tenant_id = STORE_TENANT, .phone_number = "+15551234567"};

	base_open(&f->base, loop_new());
	open_hub(f);
	call_table_create(f->table, &params, on_created, f);
	settle(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close_hub(f);
	base_close(&f->base);
	mem_free(f);
	return 0;
}

static void say(struct fixture *f, int64_t ordinal, bool final)
{
	struct transcript_turn turn = {.tenant_id = STORE_TENANT,
				       .call_id = f->call_id,
				       .ordinal = ordinal,
				       .speaker = ordinal % 2 ? "user" : "agent",
				       .text = "so many words",
				       .confidence = NAN};

	if (!final)
		assert_int_equal(0, transcript_partial(f->table, &turn));
	else
		assert_int_equal(0, transcript_final(f->table, &turn, NULL, NULL));
}

static void say_all(struct fixture *f, int from, int to)
{
	for (int i = from; i < to; i++)
		say(f, i, true);
	settle(f);
}

static void reader_from_now_sees_what_happens_now(void **state)
{
	struct watcher auto_watcher w = {0};
	struct fixture *f = *state;
	struct call_change change = {.event = CALL_EV_RINGING, .source = "test"};

	watch(f, &w, LIVE_FROM_NOW, NULL);
	call_table_apply(f->table, STORE_TENANT, f->call_id, &change, NULL, NULL);
	settle(f);
	say(f, 0, false);
	say(f, 0, true);
	settle(f);
	assert_string_equal("status partial final ", seen(&w));

	json_t *event = json_array_get(w.events, 0), *data = json_object_get(event, "data");

	assert_string_equal(f->call_id, json_get_str(event, "call_id", ""));
	assert_string_equal("RINGING", json_get_str(data, "status", ""));
	assert_string_equal("PENDING", json_get_str(data, "previous_status", ""));
	assert_string_equal("+15551234567", json_get_str(data, "phone_number", ""));
	assert_non_null(json_get_str(event, "at", NULL));
}

static void the_same_turn_is_told_once(void **state)
{
	struct watcher auto_watcher w = {0};
	struct fixture *f = *state;

	watch(f, &w, LIVE_FROM_NOW, NULL);
	say_all(f, 0, 2);
	say_all(f, 0, 2);
	assert_string_equal("final final ", seen(&w));
	assert_int_equal(2, base_int(&f->base, "SELECT count(*) FROM transcript_turn"));
}

static void returning_reader_is_served_from_memory(void **state)
{
	struct watcher auto_watcher first = {0}, auto_watcher second = {0};
	struct fixture *f = *state;

	watch(f, &first, LIVE_FROM_NOW, NULL);
	say(f, 0, false);
	say_all(f, 0, 3);
	watch(f, &second, seq_of(&first, 1), NULL);
	assert_string_equal("final final ", seen(&second));
	say_all(f, 3, 4);
	assert_string_equal("final final final ", seen(&second));
}

static void reader_from_the_beginning_is_served_from_the_database(void **state)
{
	struct watcher auto_watcher w = {0};
	struct fixture *f = *state;

	say(f, 0, false);
	say_all(f, 0, 100);
	watch(f, &w, 0, NULL);
	say_all(f, 100, 101);
	settle(f);
	assert_int_equal(2 + 101, json_array_size(w.events));
	assert_true(str_has_prefix(seen(&w), "started created final final "));
	say_all(f, 101, 102);
	assert_int_equal(2 + 102, json_array_size(w.events));
}

static void nothing_is_lost_or_doubled_while_replaying(void **state)
{
	struct watcher auto_watcher w = {0};
	struct fixture *f = *state;

	say_all(f, 0, 80);
	watch(f, &w, 0, NULL);
	for (int i = 80; i < 120; i++) {
		say(f, i, false);
		say(f, i, true);
		loop_run_once(f->base.loop, 1);
	}
	settle(f);
	seen(&w);
	for (int ordinal = 0; ordinal < 120; ordinal++) {
		int finals = 0;

		for (size_t i = 0; i < json_array_size(w.events); i++) {
			json_t *event = json_array_get(w.events, i);

			finals += str_equal(json_get_str(event, "type", ""), "transcript.final") &&
				  json_get_int(json_object_get(event, "data"), "ordinal", -1) ==
					  ordinal;
		}
		assert_int_equal(1, finals);
	}
}

static void replay_waits_for_a_full_socket(void **state)
{
	struct watcher auto_watcher w = {.full = true};
	struct fixture *f = *state;
	size_t before;

	say_all(f, 0, 100);
	watch(f, &w, 0, NULL);
	settle(f);
	before = json_array_size(w.events);
	assert_true(before < 100);
	w.full = false;
	live_reader_drained(w.reader);
	settle(f);
	assert_int_equal(102, json_array_size(w.events));
}

static void numbers_grow_over_a_restart(void **state)
{
	struct watcher auto_watcher before = {0}, auto_watcher after = {0};
	struct fixture *f = *state;

	watch(f, &before, LIVE_FROM_NOW, NULL);
	say(f, 0, false);
	say(f, 0, false);
	close_hub(f);
	open_hub(f);
	watch(f, &after, seq_of(&before, 1), NULL);
	settle(f);
	say(f, 0, false);
	assert_string_equal("started partial ", seen(&after));
	assert_true(seq_of(&after, 0) > seq_of(&before, 1));
}

static void reader_may_come_before_the_hub_is_ready(void **state)
{
	struct watcher auto_watcher w = {0};
	struct fixture *f = *state;
	struct live_conf conf = {.tenant_id = STORE_TENANT};

	say_all(f, 0, 2);
	close_hub(f);
	f->live = live_new(f->base.loop, f->base.db, &conf);
	watch(f, &w, 0, NULL);
	wait_ready(f);
	settle(f);
	assert_string_equal("started created final final started ", seen(&w));
}

static void one_call_may_be_watched(void **state)
{
	struct watcher auto_watcher live = {0}, auto_watcher replayed = {0};
	struct fixture *f = *state;
	struct call_params params = {.tenant_id = STORE_TENANT, .phone_number = "+15557654321"};
	char first[UUID_SIZE];

	str_copy(first, sizeof(first), f->call_id);
	watch(f, &live, LIVE_FROM_NOW, first);
	say_all(f, 0, 20);
	call_table_create(f->table, &params, on_created, f);
	settle(f);
	say_all(f, 0, 5);
	assert_int_equal(20, json_array_size(live.events));
	watch(f, &replayed, 0, f->call_id);
	settle(f);
	assert_string_equal("created final final final final final ", seen(&replayed));
}

static void slow_reader_is_dropped_and_harms_no_other(void **state)
{
	struct watcher auto_watcher slow = {.max = 2}, auto_watcher other = {0};
	struct fixture *f = *state;

	watch(f, &slow, LIVE_FROM_NOW, NULL);
	watch(f, &other, LIVE_FROM_NOW, NULL);
	say_all(f, 0, 5);
	assert_int_equal(LIVE_CLOSE_SLOW, slow.code);
	assert_int_equal(2, json_array_size(slow.events));
	assert_int_equal(5, json_array_size(other.events));
	assert_int_equal(0, other.code);
}

static void number_from_another_world_is_refused(void **state)
{
	struct watcher auto_watcher w = {0};
	struct fixture *f = *state;

	watch(f, &w, INT64_MAX / 2, NULL);
	settle(f);
	assert_int_equal(LIVE_CLOSE_AHEAD, w.code);
}

static void readers_are_limited(void **state)
{
	struct fixture *f = *state;
	struct live_conf conf = {.tenant_id = STORE_TENANT, .max_readers = 1};
	struct watcher auto_watcher w = {0};

	close_hub(f);
	f->live = live_new(f->base.loop, NULL, &conf);
	watch(f, &w, LIVE_FROM_NOW, NULL);
	assert_null(live_reader_new(f->live, STORE_TENANT, LIVE_FROM_NOW, NULL, &sink, &w));
	w.reader = mem_unref(w.reader);
	w.reader = live_reader_new(f->live, STORE_TENANT, LIVE_FROM_NOW, NULL, &sink, &w);
	assert_non_null(w.reader);
}

static void bad_turns_are_refused(void **state)
{
	struct fixture *f = *state;
	const struct {
		int64_t ordinal;
		const char *speaker, *text;
		double confidence;
		int err;
	} cases[] = {
		{0, "robot", "x", NAN, -EINVAL},
		{-1, "user", "x", NAN, -EINVAL},
		{0, "user", NULL, NAN, -EINVAL},
		{0, "user", "\xff", NAN, -EINVAL},
		{0, "user", "x", 1.5, -EINVAL},
		{0, "user", "x", -0.1, -EINVAL},
		{TRANSCRIPT_MAX_TURNS, "user", "x", NAN, -E2BIG},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct transcript_turn turn = {.tenant_id = STORE_TENANT,
					       .call_id = f->call_id,
					       .ordinal = cases[i].ordinal,
					       .speaker = cases[i].speaker,
					       .text = cases[i].text,
					       .confidence = cases[i].confidence};

		assert_int_equal(cases[i].err, transcript_final(f->table, &turn, NULL, NULL));
	}
}

static void what_the_caller_says_shows_how_it_feels(void **state)
{
	struct watcher auto_watcher w = {0};
	struct fixture *f = *state;
	struct transcript_turn turn = {.tenant_id = STORE_TENANT,
				       .call_id = f->call_id,
				       .speaker = "user",
				       .text = "this is terrible, I am very angry",
				       .confidence = NAN};
	const json_t *data;

	watch(f, &w, LIVE_FROM_NOW, NULL);
	assert_int_equal(0, transcript_final(f->table, &turn, NULL, NULL));
	turn.ordinal = 1;
	turn.speaker = "agent";
	assert_int_equal(0, transcript_final(f->table, &turn, NULL, NULL));
	settle(f);
	data = json_object_get(json_array_get(w.events, 0), "data");
	assert_true(json_number_value(json_object_get(data, "sentiment")) < -0.1);
	data = json_object_get(json_array_get(w.events, 1), "data");
	assert_null(json_object_get(data, "sentiment"));
}

static void on_noted(int err, void *arg)
{
	*(int *)arg = err;
}

static void turn_of_an_unknown_call_is_told(void **state)
{
	struct fixture *f = *state;
	struct transcript_turn turn = {.tenant_id = "default",
				       .call_id = "nobody",
				       .speaker = "user",
				       .text = "x",
				       .confidence = NAN};
	int err = 1;

	assert_int_equal(0, transcript_final(f->table, &turn, on_noted, &err));
	settle(f);
	assert_int_equal(-ENOENT, err);
}

static void on_turns(int err, json_t *turns, void *arg)
{
	*(json_t **)arg = json_incref(turns);
}

static void times_wait_for_their_turn(void **state)
{
	struct fixture *f = *state;
	json_t *auto_json timing = json_pack("{s:i}", "first_audio_ms", 420);
	json_t *auto_json none = NULL, *auto_json turns = NULL;

	transcript_timing(f->table, STORE_TENANT, f->call_id, 3, timing, NULL, NULL);
	transcript_load(f->table, STORE_TENANT, f->call_id, on_turns, &none);
	settle(f);
	assert_int_equal(0, json_array_size(none));
	say_all(f, 3, 4);
	transcript_load(f->table, STORE_TENANT, f->call_id, on_turns, &turns);
	settle(f);
	assert_int_equal(420, json_get_int(json_object_get(json_array_get(turns, 0), "timing"),
					   "first_audio_ms", 0));
	assert_string_equal("user", json_get_str(json_array_get(turns, 0), "speaker", ""));
}

static void failure_never_replaces_a_summary(void **state)
{
	struct watcher auto_watcher w = {0};
	struct fixture *f = *state;
	struct summary good = {.tenant_id = STORE_TENANT,
			       .call_id = f->call_id,
			       .status = "completed",
			       .text = "They agreed.",
			       .sentiment = "positive"};
	struct summary bad = good;

	bad.status = "failed";
	watch(f, &w, LIVE_FROM_NOW, NULL);
	assert_int_equal(0, summary_save(f->table, &good, NULL, NULL));
	assert_int_equal(0, summary_save(f->table, &bad, NULL, NULL));
	settle(f);
	assert_string_equal("summary ", seen(&w));
	assert_string_equal("completed",
			    base_sql(&f->base, "SELECT status FROM call_summary").text);
	good.sentiment = "ecstatic";
	assert_int_equal(-EINVAL, summary_save(f->table, &good, NULL, NULL));
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reader_from_now_sees_what_happens_now),
		TEST(the_same_turn_is_told_once),
		TEST(returning_reader_is_served_from_memory),
		TEST(reader_from_the_beginning_is_served_from_the_database),
		TEST(nothing_is_lost_or_doubled_while_replaying),
		TEST(replay_waits_for_a_full_socket),
		TEST(numbers_grow_over_a_restart),
		TEST(reader_may_come_before_the_hub_is_ready),
		TEST(one_call_may_be_watched),
		TEST(slow_reader_is_dropped_and_harms_no_other),
		TEST(number_from_another_world_is_refused),
		TEST(readers_are_limited),
		TEST(bad_turns_are_refused),
		TEST(what_the_caller_says_shows_how_it_feels),
		TEST(turn_of_an_unknown_call_is_told),
		TEST(times_wait_for_their_turn),
		TEST(failure_never_replaces_a_summary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
