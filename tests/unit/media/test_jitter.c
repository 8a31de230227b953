/* Protects what is heard: order, loss, lateness, other packet lengths and clocks, pauses and
 * restarts. */
#include "core/mem.h"
#include "media/jitter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { FRAME = JITTER_FRAME_SAMPLES };

static int16_t sample_at(uint32_t ts)
{
	return (int16_t)(ts % 160 + 1000);
}

static void put(struct jitter *jitter, uint16_t seq, uint32_t ts, size_t count)
{
	int16_t samples[1600];

	for (size_t i = 0; i < count; i++)
		samples[i] = sample_at(ts + (uint32_t)i);
	jitter_put(jitter, seq, ts, samples, count);
}

/* The next frame, in as many ticks as it takes; fails when none is heard. */
static void get_heard(struct jitter *jitter, int16_t *out)
{
	for (int i = 0; i < 20; i++) {
		enum jitter_frame frame;

		while ((frame = jitter_get(jitter, out)) != JITTER_NONE)
			if (frame == JITTER_HEARD)
				return;
		jitter_tick(jitter, false);
	}
	fail();
}

/* How many frames there are now; heard counts those that were. */
static int get_all(struct jitter *jitter, int *heard)
{
	int16_t out[FRAME];
	int count = 0;
	enum jitter_frame frame;

	while ((frame = jitter_get(jitter, out)) != JITTER_NONE) {
		count++;
		*heard += frame == JITTER_HEARD;
	}
	return count;
}

static void assert_frame(const int16_t *frame, uint32_t ts)
{
	for (uint32_t i = 0; i < FRAME; i++)
		assert_int_equal(frame[i], sample_at(ts + i));
}

/* Packets of every usual length, in pairs out of order, come out as the same samples. */
static void any_packet_length_is_repacked(void **state)
{
	static const size_t lengths[] = {80, 160, 240, 480};

	for (size_t k = 0; k < ARRAY_LEN(lengths); k++) {
		struct jitter *jitter = jitter_new();
		uint32_t ts = UINT32_MAX - 1000, len = (uint32_t)lengths[k], next = ts, sent = 0;
		uint16_t seq = 65530;
		int16_t out[FRAME];

		put(jitter, seq++, ts, len);
		sent = len;
		for (int frame = 0; frame < 50; frame++) {
			while (sent < (uint32_t)(frame + 5) * FRAME) {
				put(jitter, (uint16_t)(seq + 1), ts + sent + len, len);
				put(jitter, seq, ts + sent, len);
				sent += 2 * len;
				seq += 2;
			}
			get_heard(jitter, out);
			assert_frame(out, next);
			next += FRAME;
		}
		mem_unref(jitter);
	}
}

static void a_whole_frame_is_given_out_as_soon_as_it_comes(void **state)
{
	struct jitter *jitter = jitter_new();
	int16_t out[FRAME];

	for (uint16_t seq = 0; seq < 500; seq++) {
		put(jitter, seq, seq * FRAME, FRAME);
		assert_int_equal(jitter_get(jitter, out), JITTER_HEARD);
		assert_frame(out, seq * FRAME);
		assert_int_equal(jitter_get(jitter, out), JITTER_NONE);
		jitter_tick(jitter, false);
		assert_int_equal(jitter_get(jitter, out), JITTER_NONE);
	}
	mem_unref(jitter);
}

static void without_a_stream_there_is_silence_at_every_tick(void **state)
{
	struct jitter *jitter = jitter_new();
	int16_t out[FRAME];

	assert_int_equal(jitter_get(jitter, out), JITTER_NONE);
	for (int i = 0; i < 5; i++) {
		jitter_tick(jitter, false);
		assert_int_equal(jitter_get(jitter, out), JITTER_SILENCE);
		assert_int_equal(out[0], 0);
		assert_int_equal(jitter_get(jitter, out), JITTER_NONE);
	}
	mem_unref(jitter);
}

static void a_late_packet_is_waited_for(void **state)
{
	struct jitter *jitter = jitter_new();
	struct jitter_stats stats;
	int16_t out[FRAME];

	put(jitter, 0, 0, FRAME);
	assert_int_equal(jitter_get(jitter, out), JITTER_HEARD);
	for (int i = 0; i < 1 + JITTER_PATIENCE_MS / 20; i++)
		jitter_tick(jitter, false);
	put(jitter, 2, 2 * FRAME, FRAME);
	assert_int_equal(jitter_get(jitter, out), JITTER_NONE);
	put(jitter, 1, FRAME, FRAME);
	assert_int_equal(jitter_get(jitter, out), JITTER_HEARD);
	assert_frame(out, FRAME);
	assert_int_equal(jitter_get(jitter, out), JITTER_HEARD);
	assert_frame(out, 2 * FRAME);
	jitter_stats(jitter, &stats);
	assert_int_equal(stats.concealed, 0);
	assert_int_equal(stats.late, 0);
	mem_unref(jitter);
}

static void a_lost_packet_is_concealed_and_counted(void **state)
{
	struct jitter *jitter = jitter_new();
	struct jitter_stats stats;
	int16_t out[FRAME];

	for (uint16_t seq = 0; seq < 4; seq++)
		if (seq != 2)
			put(jitter, seq, seq * FRAME, FRAME);
	put(jitter, 3, 3 * FRAME, FRAME); /* a copy */
	get_heard(jitter, out);
	assert_frame(out, 0);
	get_heard(jitter, out);
	assert_frame(out, FRAME);
	for (int i = 0; i < 2 + JITTER_PATIENCE_MS / 20; i++) {
		assert_int_equal(jitter_get(jitter, out), JITTER_NONE);
		jitter_tick(jitter, false);
	}
	assert_int_equal(jitter_get(jitter, out), JITTER_MADE_UP);
	assert_true(out[10] > 500); /* made up of what was heard, not silence */
	assert_int_equal(jitter_get(jitter, out), JITTER_HEARD);
	assert_int_equal(out[100], sample_at(3 * FRAME + 100)); /* faded into */
	jitter_stats(jitter, &stats);
	assert_int_equal(stats.lost, 1);
	assert_int_equal(stats.duplicate, 1);
	assert_int_equal(stats.concealed, 1);
	put(jitter, 2, 2 * FRAME, FRAME);
	jitter_stats(jitter, &stats);
	assert_int_equal(stats.late, 1);
	mem_unref(jitter);
}

/* We stood still for 200 ms: what came meanwhile is read behind the ticks that were missed. */
static void what_came_while_we_stood_still_is_not_made_up(void **state)
{
	struct jitter *jitter = jitter_new();
	struct jitter_stats stats;
	int16_t out[FRAME];
	uint16_t seq = 0;

	put(jitter, seq++, 0, FRAME);
	assert_int_equal(jitter_get(jitter, out), JITTER_HEARD);
	for (int i = 0; i < 10; i++) {
		jitter_tick(jitter, true);
		assert_int_equal(jitter_get(jitter, out), JITTER_NONE);
	}
	for (; seq < 10; seq++) {
		put(jitter, seq, seq * FRAME, FRAME);
		assert_int_equal(jitter_get(jitter, out), JITTER_HEARD);
		assert_frame(out, seq * FRAME);
		assert_int_equal(jitter_get(jitter, out), JITTER_NONE);
	}
	jitter_stats(jitter, &stats);
	assert_int_equal(stats.concealed, 0);
	mem_unref(jitter);
}

static void what_did_not_come_while_we_stood_still_is_made_up_at_the_next_tick(void **state)
{
	struct jitter *jitter = jitter_new();
	int heard = 0;

	for (int i = 0; i < 4; i++)
		jitter_tick(jitter, true);
	assert_int_equal(get_all(jitter, &heard), 0);
	jitter_tick(jitter, false);
	assert_int_equal(get_all(jitter, &heard), 5);
	assert_int_equal(heard, 0);
	put(jitter, 0, 0, FRAME);
	put(jitter, 2, 2 * FRAME, FRAME);
	for (int i = 0; i < 4; i++)
		jitter_tick(jitter, true);
	assert_int_equal(get_all(jitter, &heard), 1);
	jitter_tick(jitter, false);
	assert_int_equal(get_all(jitter, &heard), 2);
	assert_int_equal(heard, 2);
	mem_unref(jitter);
}

static void a_pause_ends_in_silence_and_a_fresh_start(void **state)
{
	struct jitter *jitter = jitter_new();
	int16_t out[FRAME];
	int heard = 0, count = 0;

	put(jitter, 1, 0, FRAME);
	put(jitter, 2, FRAME, FRAME);
	count = get_all(jitter, &heard);
	for (int i = 0; i < 100; i++) {
		jitter_tick(jitter, false);
		count += get_all(jitter, &heard);
	}
	assert_int_equal(heard, 2);
	assert_int_equal(count, 100);
	put(jitter, 3, 100000, FRAME);
	assert_int_equal(jitter_get(jitter, out), JITTER_HEARD);
	assert_int_equal(out[100], sample_at(100000 + 100));
	mem_unref(jitter);
}

/* A hundred packets at once, then one a tick: what piled up is worked off. */
static void delay_is_bounded_and_shrinks(void **state)
{
	struct jitter *jitter = jitter_new();
	uint16_t seq = 0;
	int heard = 0;

	for (; seq < 100; seq++)
		put(jitter, seq, seq * FRAME, FRAME);
	assert_in_range(jitter_delay_ms(jitter), 20, JITTER_MAX_MS + 20);
	for (; seq < 3000; seq++) {
		put(jitter, seq, seq * FRAME, FRAME);
		get_all(jitter, &heard);
		jitter_tick(jitter, false);
		get_all(jitter, &heard);
	}
	assert_int_equal(jitter_delay_ms(jitter), 0);
	mem_unref(jitter);
}

/* A minute on a network that delays each packet by up to 35 ms: nothing is made up, nothing is
 * kept. */
static void a_restless_network_is_sat_out(void **state)
{
	struct jitter *jitter = jitter_new();
	struct jitter_stats stats;
	uint32_t random = 1;
	uint16_t sent = 0;
	int due_ms[4] = {0};
	int heard = 0;

	for (int ms = 0; ms < 60000; ms++) {
		if (ms % 20 == 0) {
			random = random * 1103515245 + 12345;
			due_ms[sent++ % 4] = ms + (int)(random >> 16) % 36;
		}
		for (uint16_t seq = sent > 3 ? sent - 3 : 0; seq < sent; seq++)
			if (due_ms[seq % 4] == ms)
				put(jitter, seq, seq * FRAME, FRAME);
		if (ms % 20 == 7)
			jitter_tick(jitter, false);
		get_all(jitter, &heard);
	}
	jitter_stats(jitter, &stats);
	assert_int_equal(stats.concealed, 0);
	assert_int_equal(stats.late, 0);
	assert_in_range(heard, 2990, 3000);
	mem_unref(jitter);
}

/* Three minutes of peers whose crystals are not ours: no delay builds up, and nothing is made up.
 */
static void other_clocks_do_not_add_up(void **state)
{
	static const int drifts_ppm[] = {-5000, -200, 0, 200, 5000};

	for (size_t k = 0; k < ARRAY_LEN(drifts_ppm); k++) {
		struct jitter *jitter = jitter_new();
		struct jitter_stats stats;
		uint16_t seq = 0;
		uint32_t most_ms = 0;
		int heard = 0;

		for (int64_t tick = 0; tick < 9000; tick++) {
			while (seq * INT64_C(1000000) <= tick * (1000000 + drifts_ppm[k])) {
				put(jitter, seq, seq * FRAME, FRAME);
				seq++;
				get_all(jitter, &heard);
			}
			if (jitter_delay_ms(jitter) > most_ms)
				most_ms = jitter_delay_ms(jitter);
			jitter_tick(jitter, false);
			get_all(jitter, &heard);
		}
		jitter_stats(jitter, &stats);
		assert_in_range(most_ms, 0, 40);
		assert_in_range(heard, seq - 2, seq);
		assert_int_equal(stats.concealed, 0);
		assert_int_equal(stats.late, 0);
		mem_unref(jitter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_packet_length_is_repacked),
		cmocka_unit_test(a_whole_frame_is_given_out_as_soon_as_it_comes),
		cmocka_unit_test(without_a_stream_there_is_silence_at_every_tick),
		cmocka_unit_test(a_late_packet_is_waited_for),
		cmocka_unit_test(a_lost_packet_is_concealed_and_counted),
		cmocka_unit_test(what_came_while_we_stood_still_is_not_made_up),
		cmocka_unit_test(
			what_did_not_come_while_we_stood_still_is_made_up_at_the_next_tick),
		cmocka_unit_test(a_pause_ends_in_silence_and_a_fresh_start),
		cmocka_unit_test(delay_is_bounded_and_shrinks),
		cmocka_unit_test(a_restless_network_is_sat_out),
		cmocka_unit_test(other_clocks_do_not_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
