/* Protects what is heard: order, loss, duplicates, other packet lengths, pauses and restarts. */
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

/* Frames until the first that was heard; fails when none comes. */
static void get_heard(struct jitter *jitter, int16_t *out)
{
	for (int i = 0; i < 20; i++)
		if (jitter_get(jitter, out))
			return;
	fail();
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
	assert_true(jitter_get(jitter, out));
	assert_false(jitter_get(jitter, out));
	assert_true(out[10] > 500); /* made up of what was heard, not silence */
	assert_true(jitter_get(jitter, out));
	jitter_stats(jitter, &stats);
	assert_int_equal(stats.lost, 1);
	assert_int_equal(stats.duplicate, 1);
	assert_int_equal(stats.concealed, 1);
	put(jitter, 2, 2 * FRAME, FRAME);
	jitter_stats(jitter, &stats);
	assert_int_equal(stats.late, 1);
	mem_unref(jitter);
}

static void a_pause_ends_in_silence_and_a_fresh_start(void **state)
{
	struct jitter *jitter = jitter_new();
	int16_t out[FRAME];

	put(jitter, 1, 0, FRAME);
	put(jitter, 2, FRAME, FRAME);
	get_heard(jitter, out);
	assert_true(jitter_get(jitter, out));
	for (int i = 0; i < 100; i++)
		assert_false(jitter_get(jitter, out));
	assert_int_equal(out[0], 0);
	put(jitter, 3, 100000, FRAME);
	put(jitter, 4, 100000 + FRAME, FRAME);
	put(jitter, 5, 100000 + 2 * FRAME, FRAME);
	get_heard(jitter, out);
	assert_int_equal(out[100], sample_at(100000 + 100));
	mem_unref(jitter);
}

static void delay_is_bounded_and_shrinks(void **state)
{
	struct jitter *jitter = jitter_new();
	int16_t out[FRAME];
	uint16_t seq = 0;

	for (; seq < 100; seq++)
		put(jitter, seq, seq * FRAME, FRAME);
	assert_in_range(jitter_delay_ms(jitter), 20, JITTER_MAX_MS + 20);
	for (; seq < 3000; seq++) {
		put(jitter, seq, seq * FRAME, FRAME);
		jitter_get(jitter, out);
	}
	assert_in_range(jitter_delay_ms(jitter), 0, 60);
	mem_unref(jitter);
}

/* Three minutes of peers whose crystals are not ours: no delay builds up, and little is made up. */
static void other_clocks_do_not_add_up(void **state)
{
	static const int drifts_ppm[] = {-5000, -200, 0, 200, 5000};

	for (size_t k = 0; k < ARRAY_LEN(drifts_ppm); k++) {
		struct jitter *jitter = jitter_new();
		struct jitter_stats stats;
		int16_t out[FRAME];
		uint16_t seq = 0;
		uint32_t most_ms = 0;
		int heard = 0;

		for (int64_t tick = 0; tick < 9000; tick++) {
			while (seq * INT64_C(1000000) <= tick * (1000000 + drifts_ppm[k])) {
				put(jitter, seq, seq * FRAME, FRAME);
				seq++;
			}
			heard += jitter_get(jitter, out);
			if (jitter_delay_ms(jitter) > most_ms)
				most_ms = jitter_delay_ms(jitter);
		}
		jitter_stats(jitter, &stats);
		assert_in_range(most_ms, 20, 100);
		assert_in_range(heard, 8900, 9000);
		assert_in_range(stats.concealed, 0, 100);
		assert_int_equal(stats.late, 0);
		mem_unref(jitter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_packet_length_is_repacked),
		cmocka_unit_test(a_lost_packet_is_concealed_and_counted),
		cmocka_unit_test(a_pause_ends_in_silence_and_a_fresh_start),
		cmocka_unit_test(delay_is_bounded_and_shrinks),
		cmocka_unit_test(other_clocks_do_not_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
