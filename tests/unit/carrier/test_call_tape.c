/* Protects: recordings: both sides on one clock, readable at any time, cut where playing was cut.
 */
#include "unit/check.h"

#include "carrier/call_tape.h"
#include "core/mem.h"
#include "loop/loop.h"
#include "loop/work.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FRAME = 160 };

struct fixture {
	struct loop *loop;
	struct work_pool *pool;
	struct strand *disk;
	struct call_tape *tape;
	char folder[64], path[96];
	bool done;
	int err;
	uint64_t duration_ms;
	uint8_t bytes[65536];
	size_t len;
};

static void on_done(int err, uint64_t duration_ms, void *arg)
{
	struct fixture *f = arg;

	f->done = true;
	f->err = err;
	f->duration_ms = duration_ms;
}

static void setup(struct fixture *f, uint32_t channels)
{
	memset(f, 0, sizeof(*f));
	strcpy(f->folder, "/tmp/voiceai-tape-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/a.wav", f->folder);
	f->loop = loop_new_fake();
	f->pool = work_pool_new(f->loop, 1);
	f->disk = strand_new(f->pool);
	f->tape = call_tape_new(&(struct call_tape_conf){
		.loop = f->loop, .disk = f->disk, .path = f->path, .channels = channels});
}

static void teardown(struct fixture *f)
{
	mem_unref(f->tape);
	mem_unref(f->disk);
	mem_unref(f->pool);
	mem_unref(f->loop);
	(void)unlink(f->path);
	(void)rmdir(f->folder);
}

/* A frame of one value on either side. */
static void hear(struct fixture *f, int16_t value)
{
	int16_t samples[FRAME];

	for (size_t i = 0; i < FRAME; i++)
		samples[i] = value;
	call_tape_hear(f->tape, samples, FRAME);
}

static void play(struct fixture *f, int16_t value, size_t frames)
{
	int16_t samples[FRAME];

	for (size_t i = 0; i < FRAME; i++)
		samples[i] = value;
	while (frames--)
		call_tape_play(f->tape, samples, FRAME);
}

static void finish(struct fixture *f)
{
	FILE *file;

	call_tape_end(f->tape, on_done, f);
	for (int i = 0; i < 500 && !f->done; i++)
		loop_run_once(f->loop, 10);
	assert_true(f->done);
	assert_int_equal(f->err, 0);
	file = fopen(f->path, "rb");
	assert_non_null(file);
	f->len = fread(f->bytes, 1, sizeof(f->bytes), file);
	(void)fclose(file);
}

static int16_t sample(const struct fixture *f, uint64_t ms, size_t channel)
{
	int16_t value;

	memcpy(&value, f->bytes + 44 + (ms * 8 * 2 + channel) * 2, 2);
	return value;
}

static void both_sides_stand_where_they_sounded(void **state)
{
	struct fixture f;

	setup(&f, 2);
	loop_advance_ms(f.loop, 100);
	hear(&f, 1000);    /* sounds at 100 */
	play(&f, 2000, 5); /* sounds from 100 to 200 */
	loop_advance_ms(f.loop, 300);
	hear(&f, 1001); /* sounds at 400 */
	loop_advance_ms(f.loop, 100);
	finish(&f);
	assert_int_equal(f.duration_ms, 500);
	assert_int_equal(f.len, 44 + 500 * 8 * 4);
	assert_int_equal(call_tape_file_duration_ms(NULL, f.path), 500);
	assert_int_equal(sample(&f, 50, 0), 0);
	assert_int_equal(sample(&f, 110, 0), 1000);
	assert_int_equal(sample(&f, 110, 1), 2000);
	assert_int_equal(sample(&f, 190, 1), 2000);
	assert_int_equal(sample(&f, 210, 1), 0);
	assert_int_equal(sample(&f, 300, 0), 0);
	assert_int_equal(sample(&f, 410, 0), 1001);
	teardown(&f);
}

static void what_was_cleared_is_not_recorded(void **state)
{
	struct fixture f;

	setup(&f, 2);
	play(&f, 2000, 50); /* a second */
	loop_advance_ms(f.loop, 300);
	call_tape_clear(f.tape);
	loop_advance_ms(f.loop, 100);
	play(&f, 3000, 5);
	loop_advance_ms(f.loop, 200);
	finish(&f);
	assert_int_equal(sample(&f, 290, 1), 2000);
	assert_int_equal(sample(&f, 310, 1), 0);
	assert_int_equal(sample(&f, 410, 1), 3000);
	assert_int_equal(sample(&f, 510, 1), 0);
	teardown(&f);
}

static void jitter_leaves_no_gaps(void **state)
{
	struct fixture f;

	setup(&f, 2);
	for (int i = 0; i < 10; i++) {
		loop_advance_ms(f.loop, i % 2 ? 5 : 35);
		hear(&f, 1000);
	}
	loop_advance_ms(f.loop, 50);
	finish(&f);
	for (uint64_t ms = 40; ms < 190; ms++)
		assert_int_equal(sample(&f, ms, 0), 1000);
	teardown(&f);
}

static void one_channel_is_the_mix(void **state)
{
	struct fixture f;
	int16_t value;

	setup(&f, 1);
	hear(&f, 30000);
	play(&f, 30000, 1);
	loop_advance_ms(f.loop, 20);
	finish(&f);
	assert_int_equal(f.len, 44 + FRAME * 2);
	memcpy(&value, f.bytes + 44 + 20, 2);
	assert_int_equal(value, INT16_MAX);
	teardown(&f);
}

static void the_file_is_readable_before_the_end(void **state)
{
	struct fixture f;
	uint64_t duration_ms = 0;

	setup(&f, 2);
	for (int i = 0; i < 60; i++) {
		loop_advance_ms(f.loop, 20);
		hear(&f, 1000);
	}
	for (int i = 0; i < 500 && !duration_ms; i++) {
		loop_run_once(f.loop, 10);
		duration_ms = call_tape_file_duration_ms(NULL, f.path);
	}
	assert_int_equal(duration_ms, 700); /* the flush at 1000 holds back 300 */
	finish(&f);
	assert_int_equal(f.duration_ms, 1200);
	teardown(&f);
}

static void a_file_is_mixed_down(void **state)
{
	struct fixture f;
	char mono[128];

	setup(&f, 2);
	hear(&f, 1000);
	play(&f, 500, 1);
	loop_advance_ms(f.loop, 20);
	finish(&f);
	snprintf(mono, sizeof(mono), "%s/mono.wav", f.folder);
	assert_int_equal(call_tape_file_mix(NULL, mono, f.path), 0);
	assert_int_equal(call_tape_file_duration_ms(NULL, mono), 20);
	(void)unlink(mono);
	teardown(&f);
}

static void a_pause_is_missing_or_silent(void **state)
{
	for (int silence = 0; silence < 2; silence++) {
		struct fixture f;

		setup(&f, 2);
		for (int i = 0; i < 30; i++) {
			if (i == 10)
				call_tape_pause(f.tape, silence);
			if (i == 20)
				call_tape_resume(f.tape);
			loop_advance_ms(f.loop, 20);
			hear(&f, 1000);
		}
		finish(&f);
		assert_int_equal(f.err, 0);
		assert_in_range(f.duration_ms, silence ? 580 : 380, silence ? 620 : 420);
		teardown(&f);
	}
}

static void trimming_leaves_the_sound(void **state)
{
	struct fixture f;

	setup(&f, 1);
	for (int i = 0; i < 60; i++) {
		loop_advance_ms(f.loop, 20);
		hear(&f, i >= 20 && i < 30 ? 3000 : 10);
	}
	finish(&f);
	assert_int_equal(call_tape_file_trim(&f.duration_ms, f.path), 0);
	/* 200 ms of sound, 100 ms beside it on both sides. */
	assert_in_range(f.duration_ms, 380, 420);
	assert_int_equal(call_tape_file_duration_ms(NULL, f.path), f.duration_ms);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pause_is_missing_or_silent),
		cmocka_unit_test(trimming_leaves_the_sound),
		cmocka_unit_test(both_sides_stand_where_they_sounded),
		cmocka_unit_test(what_was_cleared_is_not_recorded),
		cmocka_unit_test(jitter_leaves_no_gaps),
		cmocka_unit_test(one_channel_is_the_mix),
		cmocka_unit_test(the_file_is_readable_before_the_end),
		cmocka_unit_test(a_file_is_mixed_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
