/*
 * Protects: how recognised words are written in transcripts, and that a flow understands what is
 * written as it understands what was recognised.
 */
#include "unit/check.h"

#include "core/buf.h"
#include "core/mem.h"
#include "engine/flow_words.h"
#include "engine/written.h"

static const struct {
	const char *words, *written;
} cases[] = {
	{"three p. m.", "Three PM"},
	{"at half past ten a. m. please", "At half past ten AM please"},
	{"nine p.m. or ten a.m.", "Nine PM or ten AM"},
	{"i think i'd come when i'm free", "I think I'd come when I'm free"},
	{"next thursday", "Next Thursday"},
	{"on march third or the first of may", "On March third or the first of May"},
	{"twenty first march", "Twenty first March"},
	{"i may march in december", "I may march in December"},
	{"my name is daniel", "My name is Daniel"},
	{"i am here", "I am here"},
	{"yes", "Yes"},
	{"  two   spaces ", "Two spaces"},
	{"p. m.", "P. m."},
	{"", ""},
};

static void words_are_written_as_people_do(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_buf struct buf buf = {0};

		written_add(&buf, cases[i].words);
		assert_string_equal(cases[i].written, buf_str(&buf));
	}
}

static void a_flow_reads_both_alike(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct words recognised, written;

		words_parse(&recognised, cases[i].words);
		words_parse(&written, cases[i].written);
		assert_int_equal(recognised.count, written.count);
		for (size_t k = 0; k < written.count; k++)
			assert_string_equal(recognised.word[k], written.word[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_written_as_people_do),
		cmocka_unit_test(a_flow_reads_both_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
