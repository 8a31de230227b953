/*
 * Protects recognition: synthesised speech, sent through mu-law at 8 kHz, comes back as the right
 * words through the real loop and workers; what is not in the grammar is noticed; calls do not get
 * into each other's way; nothing is left behind when one is given up.
 */
#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"
#include "loop/loop.h"
#include "loop/work.h"
#include "speech/stt.h"
#include "speech/voice.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAP_PATH SOURCE_DIR "/config/speech/telephone_map.bin"

static const char yes_no[] = "#JSGF V1.0;\ngrammar g;\n"
			     "public <utterance> = yes [please] | no [thank you] | correct;\n";
static const char appointment[] =
	"#JSGF V1.0;\ngrammar g;\n"
	"public <utterance> = [on] <day> [at <time>] | [at] <time>\n"
	" | i would like to (book | cancel) an appointment [<day> [at <time>]];\n"
	"<day> = monday | tuesday | wednesday | thursday | friday | tomorrow;\n"
	"<hour> = one | two | three | four | five | six | nine | ten | eleven | twelve;\n"
	"<time> = <hour> [thirty | fifteen | o'clock] [a m | p m];\n";

enum { DEADLINE_MS = 60000 };

struct fixture {
	struct loop *loop;
	struct work_pool *pool;
	struct stt_engine *engine;
};

struct listener {
	char text[256], partial[256];
	struct stt_result result;
	int finals, partials;
};

static void on_partial(const char *text, void *arg)
{
	struct listener *listener = arg;

	listener->partials++;
	str_copy(listener->partial, sizeof(listener->partial), text);
}

static void on_final(const struct stt_result *result, void *arg)
{
	struct listener *listener = arg;

	listener->finals++;
	listener->result = *result;
	str_copy(listener->text, sizeof(listener->text), result->text);
}

static void fixture_open(struct fixture *f, uint32_t max_decoders)
{
	f->loop = loop_new();
	f->pool = work_pool_new(f->loop, 2);
	assert_int_equal(0,
			 stt_engine_new(&f->engine, f->loop, f->pool,
					&(struct stt_engine_conf){.map_path = MAP_PATH,
								  .max_decoders = max_decoders}));
}

static void fixture_close(struct fixture *f)
{
	mem_unref(f->engine);
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

/* Time for abandoned tasks to come home, so that nothing is in use when the fixture closes. */
static void settle(struct fixture *f)
{
	for (int i = 0; i < 20; i++)
		loop_run_once(f->loop, 20);
}

/* mu-law (G.711) and back, written out so that the test does not trust the code it tests. */
static int16_t through_mulaw(int16_t sample)
{
	const int sign = sample < 0;
	int size = sign ? -sample : sample, exponent = 7, mantissa;

	size = (size > 32635 ? 32635 : size) + 132;
	for (int bit = 0x4000; exponent > 0 && !(size & bit); bit >>= 1)
		exponent--;
	mantissa = (size >> (exponent + 3)) & 15;
	size = (((mantissa << 3) + 132) << exponent) - 132;
	return (int16_t)(sign ? -size : size);
}

struct audio {
	int16_t samples[16000 * 12];
	size_t count;
};

static int collect(const int16_t *samples, size_t count, void *arg)
{
	struct audio *audio = arg;

	assert_true(audio->count + count < ARRAY_LEN(audio->samples));
	memcpy(audio->samples + audio->count, samples, count * sizeof(*samples));
	audio->count += count;
	return 0;
}

/* What a caller with that voice sounds like: quarter of a second of silence on both sides. */
static struct audio *say(const char *voice, const char *text, uint32_t rate_hz)
{
	struct audio *audio = mem_new(sizeof(*audio), NULL);
	const struct voice_request request = {.voice = tts_voice_find(voice), .text = (char *)text};

	assert_non_null(request.voice);
	audio->count = rate_hz / 4;
	assert_int_equal(0, voice_speak(&request, rate_hz, collect, audio));
	audio->count += rate_hz / 4;
	for (size_t i = 0; rate_hz == 8000 && i < audio->count; i++)
		audio->samples[i] = through_mulaw(audio->samples[i]);
	return audio;
}

/* In packets of 20 ms, as they come from the line. */
static void feed(struct stt *stt, const struct audio *audio, uint32_t rate_hz)
{
	const size_t packet = rate_hz / 50;

	for (size_t at = 0; at < audio->count; at += packet)
		stt_feed(stt, audio->samples + at,
			 audio->count - at < packet ? audio->count - at : packet);
}

static void recognise(struct fixture *f, struct listener *listener, uint32_t rate_hz,
		      const char *grammar, const char *voice, const char *text)
{
	auto_unref struct audio *audio = say(voice, text, rate_hz);
	struct stt *stt;

	memset(listener, 0, sizeof(*listener));
	assert_int_equal(0, stt_open(&stt, f->engine, rate_hz, on_partial, listener));
	assert_int_equal(0, stt_set_grammar(stt, grammar));
	stt_begin(stt);
	feed(stt, audio, rate_hz);
	stt_end(stt, on_final);
	wait_for(f, &listener->finals, 1);
	mem_unref(stt);
}

static void test_words_in_the_grammar_are_recognised(void **state)
{
	static const struct {
		const char *grammar, *voice, *text;
	} cases[] = {
		{yes_no, "Mark", "yes please"},
		{yes_no, "Emily", "no thank you"},
		{yes_no, "Mark", "correct"},
		{appointment, "Mark", "tuesday at three p m"},
		{appointment, "Josh", "i would like to book an appointment tomorrow at ten thirty"},
		{appointment, "Emily", "i would like to cancel an appointment"},
		{appointment, "Josh", "friday at nine fifteen a m"},
	};
	struct fixture f;
	struct listener listener;

	fixture_open(&f, 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		recognise(&f, &listener, 8000, cases[i].grammar, cases[i].voice, cases[i].text);
		assert_string_equal(cases[i].text, listener.text);
		assert_true(listener.result.in_grammar);
		assert_true(listener.result.confidence > 0.6);
		assert_true(listener.result.speech_ms > 500);
	}
	fixture_close(&f);
}

static void test_speech_outside_the_grammar_is_noticed(void **state)
{
	static const char *const texts[] = {
		"the weather is really terrible around here",
		"how much does the green bicycle cost",
	};
	struct fixture f;
	struct listener listener;

	fixture_open(&f, 0);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		recognise(&f, &listener, 8000, i ? appointment : yes_no, "Mark", texts[i]);
		assert_false(listener.result.in_grammar);
		assert_true(listener.result.confidence < 0.5);
	}
	fixture_close(&f);
}

static void test_giving_up_in_mid_utterance_is_silent(void **state)
{
	auto_unref struct audio *audio = say("Mark", "tuesday at three p m", 8000);
	struct listener listener = {0};
	struct fixture f;
	struct stt *stt;

	fixture_open(&f, 1);
	assert_int_equal(0, stt_open(&stt, f.engine, 8000, on_partial, &listener));
	assert_int_equal(0, stt_set_grammar(stt, appointment));
	stt_begin(stt);
	feed(stt, audio, 8000);
	stt_end(stt, on_final);
	mem_unref(stt);
	settle(&f);
	assert_int_equal(0, listener.finals + listener.partials);
	/* and its place is free again */
	recognise(&f, &listener, 8000, yes_no, "Mark", "yes please");
	assert_string_equal("yes please", listener.text);
	fixture_close(&f);
}

static void test_language_model_hears_any_words_and_tells_partials(void **state)
{
	auto_unref struct audio *audio = say("Mark", "i am calling about the order i placed", 8000);
	struct listener listener = {0};
	struct fixture f;
	struct stt *stt;

	fixture_open(&f, 0);
	assert_int_equal(0, stt_open(&stt, f.engine, 8000, on_partial, &listener));
	stt_begin(stt);
	for (size_t at = 0; at < audio->count; at += 1600) { /* not faster than it is worked off */
		const int64_t until = clock_mono_us() + (listener.partials < 2 ? 2000000 : 100000);
		const int before = listener.partials;

		stt_feed(stt, audio->samples + at,
			 audio->count - at < 1600 ? audio->count - at : 1600);
		while (listener.partials == before && clock_mono_us() < until)
			loop_run_once(f.loop, 20);
	}
	for (int64_t until = clock_mono_us() + DEADLINE_MS * 1000LL;
	     !strstr(listener.partial, "i am calling") && clock_mono_us() < until;)
		loop_run_once(f.loop, 50);
	assert_non_null(strstr(listener.partial, "i am calling"));
	assert_true(listener.partials >= 2);
	assert_int_equal(0, listener.finals);
	stt_end(stt, on_final);
	wait_for(&f, &listener.finals, 1);
	assert_non_null(strstr(listener.text, "i am calling about the order"));
	assert_true(listener.result.confidence > 0.4);
	assert_true(listener.result.in_grammar);
	mem_unref(stt);
	fixture_close(&f);
}

static void test_wide_band_needs_no_map(void **state)
{
	struct fixture f;
	struct listener listener;

	fixture_open(&f, 0);
	recognise(&f, &listener, 16000, appointment, "Mark", "friday at nine fifteen a m");
	assert_string_equal("friday at nine fifteen a m", listener.text);
	assert_true(listener.result.in_grammar);
	fixture_close(&f);
}

static void test_words_the_dictionary_lacks_are_learnt(void **state)
{
	static const char names[] =
		"#JSGF V1.0;\ngrammar g;\npublic <utterance> = my name is "
		"(zaphod beeblebrox | Ada Kowalczykova | x7) | i have a toothache;\n";
	struct fixture f;
	struct listener listener;

	fixture_open(&f, 0);
	recognise(&f, &listener, 8000, names, "Mark", "my name is zaphod beeblebrox");
	assert_string_equal("my name is zaphod beeblebrox", listener.text);
	recognise(&f, &listener, 8000, names, "Emily", "i have a toothache");
	assert_string_equal("i have a toothache", listener.text);
	/* and upper case in a grammar is no different word */
	recognise(&f, &listener, 8000, names, "Mark", "my name is ada kowalczykova");
	assert_string_equal("my name is ada kowalczykova", listener.text);
	fixture_close(&f);
}

static void test_a_bad_grammar_is_refused_and_the_old_one_stays(void **state)
{
	auto_unref struct audio *audio = say("Mark", "no thank you", 8000);
	struct listener listener = {0};
	struct fixture f;
	struct stt *stt;

	fixture_open(&f, 0);
	assert_int_equal(0, stt_open(&stt, f.engine, 8000, NULL, &listener));
	assert_int_equal(0, stt_set_grammar(stt, yes_no));
	assert_int_equal(-EINVAL, stt_set_grammar(stt, "not a grammar"));
	stt_begin(stt);
	feed(stt, audio, 8000);
	stt_end(stt, on_final);
	wait_for(&f, &listener.finals, 1);
	assert_string_equal("no thank you", listener.text);
	mem_unref(stt);
	fixture_close(&f);
}

static void test_more_calls_than_decoders_are_refused(void **state)
{
	struct stt *first, *second = NULL;
	struct fixture f;

	fixture_open(&f, 1);
	assert_int_equal(-EINVAL, stt_open(&first, f.engine, 11025, NULL, NULL));
	assert_int_equal(0, stt_open(&first, f.engine, 8000, NULL, NULL));
	assert_int_equal(-EBUSY, stt_open(&second, f.engine, 8000, NULL, NULL));
	mem_unref(first);
	assert_int_equal(0, stt_open(&second, f.engine, 8000, NULL, NULL));
	mem_unref(second);
	fixture_close(&f);
}

static void test_silence_is_no_words(void **state)
{
	struct listener listener = {0};
	int16_t silence[8000] = {0};
	struct fixture f;
	struct stt *stt;

	fixture_open(&f, 0);
	assert_int_equal(0, stt_open(&stt, f.engine, 8000, NULL, &listener));
	assert_int_equal(0, stt_set_grammar(stt, yes_no));
	for (int i = 0; i < 2; i++) { /* a second of it, and not one sample */
		stt_begin(stt);
		stt_feed(stt, silence, i ? 0 : ARRAY_LEN(silence));
		stt_end(stt, on_final);
		wait_for(&f, &listener.finals, i + 1);
		assert_false(listener.result.in_grammar && listener.result.confidence > 0.5);
	}
	mem_unref(stt);
	fixture_close(&f);
}

/* The second call answers although the first has half a minute of audio to work off. */
static void test_calls_do_not_wait_for_each_other(void **state)
{
	auto_unref struct audio *audio = say("Mark", "yes please", 8000);
	auto_unref struct audio *lengthy = mem_new(sizeof(*lengthy), NULL);
	struct listener busy = {0}, quick = {0};
	struct stt *first, *second;
	struct fixture f;

	fixture_open(&f, 0);
	assert_int_equal(0, stt_open(&first, f.engine, 8000, NULL, &busy));
	assert_int_equal(0, stt_open(&second, f.engine, 8000, NULL, &quick));
	assert_int_equal(0, stt_set_grammar(first, appointment));
	assert_int_equal(0, stt_set_grammar(second, yes_no));
	while (lengthy->count + audio->count < ARRAY_LEN(lengthy->samples)) {
		memcpy(lengthy->samples + lengthy->count, audio->samples, 2 * audio->count);
		lengthy->count += audio->count;
	}
	stt_begin(first);
	for (int i = 0; i < 2; i++)
		feed(first, lengthy, 8000);
	stt_end(first, on_final);
	stt_begin(second);
	feed(second, audio, 8000);
	stt_end(second, on_final);
	wait_for(&f, &quick.finals, 1);
	assert_int_equal(0, busy.finals);
	assert_string_equal("yes please", quick.text);
	wait_for(&f, &busy.finals, 1);
	mem_unref(first);
	mem_unref(second);
	fixture_close(&f);
}

static void test_one_call_listens_again_and_again(void **state)
{
	static const char *const texts[] = {"yes please", "no thank you", "correct", "no"};
	struct listener listener = {0};
	struct fixture f;
	struct stt *stt;

	fixture_open(&f, 1);
	assert_int_equal(0, stt_open(&stt, f.engine, 8000, NULL, &listener));
	for (int i = 0; i < (int)ARRAY_LEN(texts); i++) {
		auto_unref struct audio *audio = say("Emily", texts[i], 8000);

		assert_int_equal(0, stt_set_grammar(stt, i % 2 ? yes_no : appointment));
		assert_int_equal(0, stt_set_grammar(stt, yes_no));
		stt_begin(stt);
		feed(stt, audio, 8000);
		stt_begin(stt); /* thought better of it: what came before is forgotten */
		feed(stt, audio, 8000);
		stt_end(stt, on_final);
		wait_for(&f, &listener.finals, i + 1);
		assert_string_equal(texts[i], listener.text);
	}
	mem_unref(stt);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_in_the_grammar_are_recognised),
		cmocka_unit_test(test_speech_outside_the_grammar_is_noticed),
		cmocka_unit_test(test_giving_up_in_mid_utterance_is_silent),
		cmocka_unit_test(test_language_model_hears_any_words_and_tells_partials),
		cmocka_unit_test(test_wide_band_needs_no_map),
		cmocka_unit_test(test_words_the_dictionary_lacks_are_learnt),
		cmocka_unit_test(test_a_bad_grammar_is_refused_and_the_old_one_stays),
		cmocka_unit_test(test_more_calls_than_decoders_are_refused),
		cmocka_unit_test(test_silence_is_no_words),
		cmocka_unit_test(test_calls_do_not_wait_for_each_other),
		cmocka_unit_test(test_one_call_listens_again_and_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
