/*
 * Protects synthesis: every voice gives audio at every rate, evenly loud, and cancelling leaves
 * nothing behind, whenever it happens.
 */
#include "core/clock.h"
#include "core/mem.h"
#include "loop/loop.h"
#include "loop/work.h"
#include "speech/tts.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DEADLINE_MS = 20000 };

struct heard {
	int16_t *samples;
	size_t count;
	int pieces, dones, err;
};

static void on_audio(const int16_t *samples, size_t count, void *arg)
{
	struct heard *heard = arg;

	assert_int_equal(0, heard->dones);
	heard->samples = mem_realloc(heard->samples, (heard->count + count) * sizeof(*samples));
	memcpy(heard->samples + heard->count, samples, count * sizeof(*samples));
	heard->count += count;
	heard->pieces++;
}

static void on_done(int err, void *arg)
{
	struct heard *heard = arg;

	heard->err = err;
	heard->dones++;
}

struct fixture {
	struct loop *loop;
	struct work_pool *pool;
	struct tts *tts;
};

static void fixture_open(struct fixture *f)
{
	f->loop = loop_new();
	f->pool = work_pool_new(f->loop, 2);
	f->tts = tts_new(f->loop, f->pool);
}

static void fixture_close(struct fixture *f)
{
	mem_unref(f->tts);
	mem_unref(f->pool);
	mem_unref(f->loop);
}

static void wait_for(struct fixture *f, const int *count, int wanted)
{
	const int64_t until = clock_mono_us() + DEADLINE_MS * 1000LL;

	while (*count < wanted && clock_mono_us() < until)
		loop_run_once(f->loop, 50);
	assert_int_equal(wanted, *count);
}

static void speak(struct fixture *f, struct heard *heard, const struct tts_params *params)
{
	struct tts_speech *speech;

	memset(heard, 0, sizeof(*heard));
	assert_int_equal(0, tts_speak(&speech, f->tts, params, on_audio, on_done, heard));
	assert_int_equal(0, heard->pieces); /* never before tts_speak() has returned */
	wait_for(f, &heard->dones, 1);
	mem_unref(speech);
}

/* Where it speaks: blocks of 20 ms that are not nearly silent. */
static double loudness_db(const struct heard *heard, uint32_t rate_hz)
{
	const size_t block = rate_hz / 50;
	double sum = 0.0;
	size_t count = 0;

	for (size_t at = 0; at + block <= heard->count; at += block) {
		double power = 0.0;

		for (size_t i = 0; i < block; i++)
			power += (double)heard->samples[at + i] * heard->samples[at + i];
		power /= (double)block;
		if (power < 200.0 * 200.0)
			continue;
		sum += power;
		count++;
	}
	return 10.0 * log10(sum / (double)(count ? count : 1) / (32768.0 * 32768.0));
}

static void test_every_voice_speaks_evenly_loud_at_every_rate(void **state)
{
	static const uint32_t rates[] = {8000, 16000, 24000, 48000};
	struct fixture f;
	size_t count;
	const struct tts_voice *voices = tts_voices(&count);

	fixture_open(&f);
	assert_true(count >= 6);
	for (size_t i = 0; i < count * ARRAY_LEN(rates); i++) {
		const uint32_t rate_hz = rates[i % ARRAY_LEN(rates)];
		struct heard heard;
		double db;

		speak(&f, &heard,
		      &(struct tts_params){
			      .voice = &voices[i / ARRAY_LEN(rates)],
			      .text = "Good morning, you are booked for Tuesday at ten thirty.",
			      .rate_hz = rate_hz});
		assert_int_equal(0, heard.err);
		assert_in_range(heard.count, 2 * rate_hz, 6 * rate_hz);
		db = loudness_db(&heard, rate_hz);
		print_message("%s %u: %.1f dBFS\n", voices[i / ARRAY_LEN(rates)].name, rate_hz, db);
		assert_true(db > -22.5 && db < -17.5);
		mem_free(heard.samples);
	}
	fixture_close(&f);
}

static void test_cancelling_is_silent(void **state)
{
	struct fixture f;

	fixture_open(&f);
	for (int wait_ms = 0; wait_ms < 40; wait_ms += 4) {
		struct heard heard = {0};
		struct tts_speech *speech;
		int pieces;

		assert_int_equal(
			0, tts_speak(&speech, f.tts,
				     &(struct tts_params){
					     .text = "This sentence is long enough to be cut short "
						     "somewhere in the middle of being spoken.",
					     .rate_hz = 8000},
				     on_audio, on_done, &heard));
		if (wait_ms > 0)
			loop_run_once(f.loop, (uint32_t)wait_ms);
		pieces = heard.pieces;
		mem_unref(speech);
		for (int i = 0; i < 6; i++)
			loop_run_once(f.loop, 20);
		assert_int_equal(pieces, heard.pieces);
		mem_free(heard.samples);
	}
	fixture_close(&f);
}

static void test_voices_are_found_by_name_and_id(void **state)
{
	const struct tts_voice *mark = tts_voice_find("mArK");

	assert_non_null(mark);
	assert_ptr_equal(mark, tts_voice_find(mark->voice_id));
	assert_null(tts_voice_find("Nobody"));
	assert_null(tts_voice_find(NULL));
}

static void test_what_cannot_be_spoken_is_refused(void **state)
{
	char too_long[4002];
	const struct tts_params cases[] = {
		{.text = NULL, .rate_hz = 8000},    {.text = too_long, .rate_hz = 8000},
		{.text = "hello", .rate_hz = 7999}, {.text = "hello", .rate_hz = 48001},
		{.text = "\xff", .rate_hz = 8000},
	};
	struct tts_speech *speech = NULL;
	struct fixture f;

	memset(too_long, 'a', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	fixture_open(&f);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(-EINVAL,
				 tts_speak(&speech, f.tts, &cases[i], on_audio, on_done, NULL));
	assert_null(speech);
	fixture_close(&f);
}

static void test_other_languages_are_spoken_by_espeak(void **state)
{
	static const struct {
		const char *language;
		int err;
	} cases[] = {
		{"fr-FR", 0},
		{"de", 0},
		{"pt-BR", 0},
		{"zh-CN", 0},
		{"es-MX", 0},
		{"", 0},
		{"xx-YY", -ENOENT},
		{"f", -EINVAL},
		{"../x", -EINVAL},
		{"fr;ls", -EINVAL},
		{"aaaaaaaaaaaaaaaaa", -EINVAL},
	};
	struct fixture f;

	fixture_open(&f);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct heard heard;

		speak(&f, &heard,
		      &(struct tts_params){.voice = tts_voice_find("Emily"),
					   .language = cases[i].language,
					   .text = "Paris, Berlin, Porto; --help \"$(reboot)\"",
					   .rate_hz = 8000});
		assert_int_equal(cases[i].err, heard.err);
		assert_true(cases[i].err ? heard.count == 0 : heard.count > 8000);
		if (!cases[i].err)
			assert_true(fabs(loudness_db(&heard, 8000) + 20.0) < 3.5);
		mem_free(heard.samples);
	}
	fixture_close(&f);
}

/* A worker that is busy with a long text does not hold up a short one. */
static void test_sentences_are_made_side_by_side(void **state)
{
	char lengthy[900];
	struct heard slow = {0}, quick = {0};
	struct tts_speech *first, *second;
	struct fixture f;

	for (size_t i = 0; i < sizeof(lengthy) - 1; i++)
		lengthy[i] = "one two three, "[i % 15];
	lengthy[sizeof(lengthy) - 1] = '\0';
	fixture_open(&f);
	assert_int_equal(0, tts_speak(&first, f.tts,
				      &(struct tts_params){.text = lengthy, .rate_hz = 8000},
				      on_audio, on_done, &slow));
	assert_int_equal(0, tts_speak(&second, f.tts,
				      &(struct tts_params){.text = "Yes.", .rate_hz = 8000},
				      on_audio, on_done, &quick));
	wait_for(&f, &quick.dones, 1);
	assert_int_equal(0, slow.dones);
	wait_for(&f, &slow.dones, 1);
	assert_true(slow.pieces > 1); /* and it came while it was made */
	mem_unref(first);
	mem_unref(second);
	mem_free(slow.samples);
	mem_free(quick.samples);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_voice_speaks_evenly_loud_at_every_rate),
		cmocka_unit_test(test_cancelling_is_silent),
		cmocka_unit_test(test_other_languages_are_spoken_by_espeak),
		cmocka_unit_test(test_sentences_are_made_side_by_side),
		cmocka_unit_test(test_voices_are_found_by_name_and_id),
		cmocka_unit_test(test_what_cannot_be_spoken_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
