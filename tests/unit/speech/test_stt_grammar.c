/* Protects the check of grammars: what the decoder could not use is refused before it gets there.
 */
#include "core/mem.h"
#include "speech/flite_door.h"
#include "speech/stt_grammar.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "#JSGF V1.0;\ngrammar g;\n"

/* sphinxbase's parser loses a few bytes of every text that it refuses. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libsphinxbase\n";
}

static void test_bad_grammars_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"not a grammar",
		HEAD,
		HEAD "<utterance> = not public;\n",
		HEAD "public <other> = other name;\n",
		HEAD "public <utterance> = yes | <missing>;\n",
		HEAD "public <utterance> = (yes;\n",
		HEAD "public <utterance> = yes | ...;\n",
		HEAD "public <utterance> = ;\n",
		HEAD "import <other.*>;\npublic <utterance> = yes;\n",
		HEAD "import/**/<other.*>;\npublic <utterance> = yes;\n",
		HEAD "public <utterance> = <utterance> yes;\n",
		HEAD "public <utterance> = \xc3\xa9;\n",
	};
	struct stt_grammar *grammar = NULL;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(-EINVAL, stt_grammar_new(&grammar, bad[i]));
		assert_null(grammar);
	}
}

static void test_good_grammars_are_taken(void **state)
{
	static const char *const good[] = {
		HEAD "public <utterance> = yes;\n",
		HEAD "public <utterance> = [please] (yes | no)+ {tag} /* comment */;\n",
		HEAD "public <utterance> = <a>; <a> = /2/ one | /1/ p.m. | o'clock | x7;\n",
		HEAD "public <utterance> = to import a car;\n",
		HEAD "public <utterance> = one <utterance> | two;\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct stt_grammar *grammar = NULL;

		assert_int_equal(0, stt_grammar_new(&grammar, good[i]));
		mem_unref(grammar);
	}
}

static void test_too_much_is_refused(void **state)
{
	auto_free char *text = mem_alloc(GRAMMAR_MAX + 100);
	struct stt_grammar *grammar = NULL;
	size_t len;

	/* too many words */
	len = (size_t)sprintf(text, HEAD "public <utterance> = yes");
	for (unsigned i = 0; i <= GRAMMAR_WORDS_MAX; i++)
		len += (size_t)sprintf(text + len, " | w%c%c%c%c", 'a' + i % 26, 'a' + i / 26 % 26,
				       'a' + i / 676 % 26, 'a' + i / 17576 % 26);
	sprintf(text + len, ";\n");
	assert_int_equal(-EINVAL, stt_grammar_new(&grammar, text));

	/* a word that is too long */
	len = (size_t)sprintf(text, HEAD "public <utterance> = ");
	memset(text + len, 'a', 65);
	strcpy(text + len + 65, ";\n");
	assert_int_equal(-EINVAL, stt_grammar_new(&grammar, text));

	/* a few lines that unfold to 2^30 words */
	len = (size_t)sprintf(text, HEAD "public <utterance> = <r0>;\n");
	for (int i = 0; i < 30; i++)
		len += (size_t)sprintf(text + len, "<r%d> = <r%d> <r%d>;\n", i, i + 1, i + 1);
	sprintf(text + len, "<r30> = yes;\n");
	assert_int_equal(-EINVAL, stt_grammar_new(&grammar, text));

	/* nested too deep */
	len = (size_t)sprintf(text, HEAD "public <utterance> = ");
	memset(text + len, '(', 200);
	len += (size_t)sprintf(text + len + 200, "yes") + 200;
	memset(text + len, ')', 200);
	strcpy(text + len + 200, ";\n");
	assert_int_equal(-EINVAL, stt_grammar_new(&grammar, text));

	/* too long a text */
	len = (size_t)sprintf(text, HEAD "public <utterance> = yes;\n");
	memset(text + len, ' ', GRAMMAR_MAX + 1 - len);
	assert_int_equal(-EINVAL, stt_grammar_new(&grammar, text));
}

static void test_words_have_pronunciations(void **state)
{
	static const struct {
		const char *word, *phones;
	} cases[] = {
		{"seven", "S EH V AH N"},     {"b", "B IY"},         {"a", "EY"},
		{"x7", "EH K S S EH V AH N"}, {"p.m.", "P IY EH M"}, {"abc-one", NULL},
	};
	char phones[PHONES_SIZE];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(0, flite_door_phones(phones, cases[i].word));
		if (cases[i].phones)
			assert_string_equal(cases[i].phones, phones);
	}
	assert_int_equal(-EINVAL, flite_door_phones(phones, ""));
	assert_int_equal(-EINVAL, flite_door_phones(phones, "..."));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_grammars_are_refused),
		cmocka_unit_test(test_good_grammars_are_taken),
		cmocka_unit_test(test_too_much_is_refused),
		cmocka_unit_test(test_words_have_pronunciations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
