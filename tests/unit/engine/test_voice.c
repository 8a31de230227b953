/*
 * Protects the small parts of the voice path: mu-law, voice activity, turns, playout positions,
 * sentences and what of them was heard.
 */
#include "unit/check.h"

#include "core/mem.h"
#include "engine/line_priv.h"
#include "engine/playout.h"
#include "engine/sentence.h"
#include "engine/turn.h"
#include "engine/vad.h"
#include "loop/loop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void ulaw_is_g711(void **state)
{
	/* ITU-T G.711, table 2a: the ends of the scale and its middle */
	static const struct {
		uint8_t code;
		int16_t sample;
	} points[] = {{0x80, 32124}, {0x00, -32124}, {0xff, 0}, {0xf0, 120}};

	for (size_t i = 0; i < ARRAY_LEN(points); i++)
		assert_int_equal(points[i].sample, line_ulaw_decode(points[i].code));
	for (int code = 0; code < 256; code++) {
		if (code != 0x7f) /* the second zero */
			assert_int_equal(code, line_ulaw_encode(line_ulaw_decode((uint8_t)code)));
	}
	assert_int_equal(0x80, line_ulaw_encode(32767));
	assert_int_equal(0x00, line_ulaw_encode(-32768));
}

static float probability(struct vad *vad, double level, double pitch_hz, int frames)
{
	static double t;
	float sum = 0;

	for (int f = 0; f < frames; f++) {
		int16_t frame[VAD_MAX_FRAME] = {0};

		for (size_t i = 0; i < vad_frame_samples(vad); i++, t += 1.0 / 8000) {
			double x = 0;

			for (int h = 1; pitch_hz > 0 && h < 15; h++)
				x += sin(2 * 3.14159265 * pitch_hz * h * t) / 5;
			if (pitch_hz == 0)
				x = (rand() % 2001 - 1000) / 1000.0;
			frame[i] = (int16_t)(x * level);
		}
		sum += vad_frame(vad, frame);
	}
	return sum / (float)frames;
}

static void vad_tells_voice_from_noise(void **state)
{
	struct vad vad;

	srand(1);
	vad_init(&vad, 8000);
	assert_true(probability(&vad, 0, 120, 50) == 0);
	assert_true(probability(&vad, 3000, 140, 10) > 0.5f);
	vad_init(&vad, 8000);
	probability(&vad, 300, 0, 150); /* a hissing line: -40 dB */
	assert_true(probability(&vad, 300, 0, 50) < 0.1f);
	assert_true(probability(&vad, 4000, 140, 10) > 0.3f);
}

static void turn_events_follow_the_settings(void **state)
{
	/* each letter 20 ms: s speech, . silence */
	static const struct {
		const char *frames;
		bool over_agent;
		unsigned expected; /* all events of the sequence */
	} cases[] = {
		{"ss....................", false, TURN_ONSET | TURN_DROPPED},
		{"ssss", false, TURN_ONSET | TURN_STARTED},
		{"ssss................", false, TURN_ONSET | TURN_STARTED | TURN_PAUSE},
		{"ssss....................", false,
		 TURN_ONSET | TURN_STARTED | TURN_PAUSE | TURN_ENDED},
		{"ssss................s", false,
		 TURN_ONSET | TURN_STARTED | TURN_PAUSE | TURN_RESUMED},
		{"ssss", true, TURN_ONSET | TURN_STARTED},
		{"sssss", true, TURN_ONSET | TURN_STARTED | TURN_INTERRUPT},
		{"sss.......ss", true, TURN_ONSET | TURN_STARTED},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct turn turn;
		unsigned events = 0;

		turn_init(&turn, &turn_conf_default);
		for (const char *f = cases[i].frames; *f; f++)
			events |= turn_frame(&turn, *f == 's', 20, cases[i].over_agent);
		if (events != cases[i].expected)
			fail_msg("case %zu: %x, expected %x", i, events, cases[i].expected);
	}
}

static void sentences_are_cut(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{"One. Two! Three? Four", "One.|Two!|Three?|Four|"},
		{"Dr. Smith is in. Call at 3.15 p.m. today.",
		 "Dr. Smith is in.|Call at 3.15 p.m. today.|"},
		{"J. S. Bach wrote it. Yes.", "J. S. Bach wrote it.|Yes.|"},
		{"\"Wait!\" he said. Then", "\"Wait!\"|he said.|Then|"},
		{"line\nbreak", "line|break|"},
		{"  ", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sentence_cutter cutter = {0};
		auto_buf struct buf out = {0};
		char *sentence;

		for (const char *c = cases[i].text; *c; c++) {
			sentence_add(&cutter, c, 1);
			while ((sentence = sentence_next(&cutter, false))) {
				buf_printf(&out, "%s|", sentence);
				mem_free(sentence);
			}
		}
		while ((sentence = sentence_next(&cutter, true))) {
			buf_printf(&out, "%s|", sentence);
			mem_free(sentence);
		}
		assert_string_equal(cases[i].expected, buf_str(&out));
		sentence_free(&cutter);
	}
}

static void long_sentences_are_cut_too(void **state)
{
	struct sentence_cutter cutter = {0};
	char text[5000], *sentence;
	size_t total = 0;

	memset(text, 'x', sizeof(text));
	sentence_add(&cutter, text, sizeof(text));
	while ((sentence = sentence_next(&cutter, true))) {
		assert_in_range(strlen(sentence), 1, SENTENCE_MAX);
		total += strlen(sentence);
		mem_free(sentence);
	}
	assert_int_equal(sizeof(text), total);
	sentence_free(&cutter);
}

static void heard_text_is_whole_words(void **state)
{
	static const struct {
		size_t heard, total;
		const char *expected;
	} cases[] = {
		{0, 100, ""},
		{10, 100, ""},
		{55, 100, "one two"},
		{99, 100, "one two"},
		{100, 100, "one two three"},
		{5, 0, ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *heard =
			sentence_heard("one two three", cases[i].heard, cases[i].total);

		assert_string_equal(cases[i].expected, heard);
	}
}

/* ---- playout ---- */

struct sink {
	uint64_t sent, marks[64];
	size_t mark_count;
	int clears;
};

static void sink_audio(const int16_t *samples, size_t count, void *arg)
{
	((struct sink *)arg)->sent += count;
}

static void sink_mark(uint64_t mark, void *arg)
{
	struct sink *sink = arg;

	sink->marks[sink->mark_count++ % 64] = mark;
}

static void sink_clear(void *arg)
{
	((struct sink *)arg)->clears++;
}

static void playout_keeps_its_lead(void **state)
{
	auto_unref struct loop *loop = loop_new_fake();
	struct sink sink = {0};
	struct playout_conf conf = {.rate_hz = 8000, .lead_ms = 100};
	struct playout_handlers handlers = {.audioh = sink_audio, .clearh = sink_clear};
	auto_unref struct playout *playout = playout_new(loop, &conf, &handlers, &sink);
	int16_t audio[8000] = {0};

	assert_int_equal(0, playout_push(playout, audio, 8000));
	assert_int_equal(800, sink.sent);
	loop_advance_ms(loop, 500);
	assert_int_equal(4000, playout_heard(playout));
	assert_in_range(sink.sent, 4600, 4800);
	playout_clear(playout);
	assert_int_equal(1, sink.clears);
	assert_true(playout_is_idle(playout));
	loop_advance_ms(loop, 500);
	assert_in_range(sink.sent, 4600, 4800);
}

static void playout_hears_no_further_than_the_marks(void **state)
{
	auto_unref struct loop *loop = loop_new_fake();
	struct sink sink = {0};
	struct playout_conf conf = {.rate_hz = 8000, .lead_ms = 1000};
	struct playout_handlers handlers = {
		.audioh = sink_audio, .markh = sink_mark, .clearh = sink_clear};
	auto_unref struct playout *playout = playout_new(loop, &conf, &handlers, &sink);
	int16_t audio[4000] = {0};
	uint64_t old;

	playout_push(playout, audio, 4000);
	loop_advance_ms(loop, 400);
	assert_int_equal(1600, playout_heard(playout)); /* the first mark has not come back */
	playout_marked(playout, sink.marks[0]);
	loop_advance_ms(loop, 100);
	assert_int_equal(2400, playout_heard(playout));
	old = sink.marks[1];
	playout_clear(playout);
	playout_push(playout, audio, 4000);
	playout_marked(playout, old); /* echoed because of the clear: proves nothing */
	assert_int_equal(0, playout_heard(playout));
	playout_marked(playout, UINT64_MAX);
	assert_int_equal(0, playout_heard(playout));
}

static void playout_is_bounded(void **state)
{
	auto_unref struct loop *loop = loop_new_fake();
	struct sink sink = {0};
	struct playout_conf conf = {.rate_hz = 8000, .lead_ms = 100};
	struct playout_handlers handlers = {.audioh = sink_audio};
	auto_unref struct playout *playout = playout_new(loop, &conf, &handlers, &sink);
	int16_t audio[8000] = {0};
	int err = 0;

	for (int i = 0; i < 100 && !err; i++)
		err = playout_push(playout, audio, 8000);
	assert_true(err < 0);
	assert_true(playout_pushed(playout) <= 61 * 8000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ulaw_is_g711),
		cmocka_unit_test(vad_tells_voice_from_noise),
		cmocka_unit_test(turn_events_follow_the_settings),
		cmocka_unit_test(sentences_are_cut),
		cmocka_unit_test(long_sentences_are_cut_too),
		cmocka_unit_test(heard_text_is_whole_words),
		cmocka_unit_test(playout_keeps_its_lead),
		cmocka_unit_test(playout_hears_no_further_than_the_marks),
		cmocka_unit_test(playout_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
