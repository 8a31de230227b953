/*
 * Protects: one description of what callers may say serves the recogniser and the parser alike. All
 * that the shipped flows' grammars can generate is understood as meant, PocketSphinx reads the
 * grammars, its dictionary has the words, and words that do not belong are passed over, but never a
 * "not".
 */
#include "unit/check.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "engine/flow.h"

#include <errno.h>
#include <sphinxbase/err.h>
#include <sphinxbase/jsgf.h>
#include <stdio.h>
#include <string.h>

static const char *const shipped[] = {SOURCE_DIR "/config/flows/appointment.json",
				      SOURCE_DIR "/config/flows/survey.json"};

/* Monday, 2026-03-02, 10:20. */
static struct slot_context context_of(const struct flow *flow)
{
	return (struct slot_context){.calendar = flow->has_calendar ? &flow->calendar : NULL,
				     .now = {date_of(2026, 3, 2), 620}};
}

static struct flow *load(const char *path)
{
	char error[FLOW_ERROR_SIZE];
	struct flow *flow = NULL;

	if (flow_load(&flow, path, error))
		fail_msg("%s", error);
	return flow;
}

/* What a match means, as text: "answer 0 day=2026-03-03 time=15:00 ". */
static void meaning(struct buf *buf, const struct flow *flow, const struct grammar_match *m)
{
	const struct slot_context context = context_of(flow);

	for (size_t i = 0; i < m->count; i++) {
		char value[SLOT_VALUE_SIZE] = "";
		size_t len = 0;

		if (m->tags[i].key == GRAMMAR_TAG_answer || m->tags[i].key == GRAMMAR_TAG_global ||
		    m->tags[i].key == GRAMMAR_TAG_confirm)
			buf_printf(buf, "%d:%d ", m->tags[i].key, m->tags[i].value);
		if (m->tags[i].key != GRAMMAR_TAG_slot)
			continue;
		while (i + 1 + len < m->count && m->tags[i + 1 + len].key != GRAMMAR_TAG_slot)
			len++;
		const struct slot *slot = &flow->slots[m->tags[i].value];

		if (slot_resolve(value, slot, m->tags + i + 1, len, &context))
			str_copy(value, sizeof(value), "(none)");
		buf_printf(buf, "%s=%s ", slot->name, value);
	}
}

static unsigned check_samples(const struct flow *flow, const char *rule, unsigned count)
{
	auto_unref struct grammar_net *net = NULL;
	uint32_t seed = 7;
	unsigned wrong = 0, named = 0;

	assert_int_equal(0, grammar_compile(&net, flow->grammar, rule));
	for (unsigned i = 0; i < count; i++) {
		auto_buf struct buf text = {0}, meant = {0}, understood = {0};
		struct grammar_match sample, match;
		struct words words;

		grammar_sample(&text, &sample, flow->grammar, rule, &seed);
		words_parse(&words, buf_str(&text));
		meaning(&meant, flow, &sample);
		if (grammar_match(&match, net, &words))
			buf_append_str(&understood, "nothing");
		else
			meaning(&understood, flow, &match);
		named += strchr(buf_str(&meant), ':') != NULL;
		if (str_equal(buf_str(&meant), buf_str(&understood)))
			continue;
		wrong++;
		print_error("%s: \"%s\" meant %s, understood %s\n", rule, buf_str(&text),
			    buf_str(&meant), buf_str(&understood));
	}
	assert_int_equal(count, named);
	return wrong;
}

static void whatever_the_grammar_generates_is_understood_as_meant(void **state)
{
	for (size_t f = 0; f < ARRAY_LEN(shipped); f++) {
		auto_unref struct flow *flow = load(shipped[f]);
		unsigned wrong = 0;

		for (size_t i = 0; i < flow->states_len; i++) {
			char rule[64];

			flow_rule_name(rule, &flow->states[i], false);
			wrong += check_samples(flow, rule, 150);
		}
		assert_int_equal(0, wrong);
	}
}

static void generated_confirmations_are_understood(void **state)
{
	auto_unref struct flow *flow = load(shipped[0]);
	char rule[64];

	flow_rule_name(rule, &flow->states[flow_find_state(flow, "ask_day")], true);
	assert_int_equal(0, check_samples(flow, rule, 300));
}

static void pocketsphinx_reads_every_grammar(void **state)
{
	for (size_t f = 0; f < ARRAY_LEN(shipped); f++) {
		auto_unref struct flow *flow = load(shipped[f]);

		for (size_t i = 0; i < 2 * flow->states_len; i++) {
			auto_buf struct buf text = {0};
			char rule[64];
			jsgf_t *jsgf;

			flow_rule_name(rule, &flow->states[i / 2], i % 2);
			assert_int_equal(0, grammar_jsgf(&text, flow->grammar, rule, rule));
			jsgf = jsgf_parse_string(buf_str(&text), NULL);
			if (!jsgf || !jsgf_get_public_rule(jsgf))
				fail_msg("%s", buf_str(&text));
			jsgf_grammar_free(jsgf);
		}
	}
}

/* The words of a JSGF text that stand outside of <rule names>, each with a space around. */
static void collect_words(struct buf *words, const char *jsgf)
{
	for (const char *line = strstr(jsgf, "public"); line; line = strchr(line + 1, '\n')) {
		const char *p = strchr(line, '=');

		for (p = p ? p + 1 : ""; *p && *p != '\n';) {
			const size_t len = strcspn(p, " ()[]|;+<\n");

			if (*p == '<') {
				p += strcspn(p, ">") + 1;
				continue;
			}
			if (len)
				buf_printf(words, "%.*s\n", (int)len, p);
			p += len ? len : *p != '\n';
		}
	}
}

static void the_dictionary_has_every_word_of_the_shipped_flows(void **state)
{
	static const char path[] = "/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict";
	auto_buf struct buf dictionary = {0}, words = {0};
	FILE *file = fopen(path, "re");
	char line[512], *save = NULL;

	if (!file)
		skip();
	buf_append_char(&dictionary, '\n');
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, " \n")] = '\0';
		buf_printf(&dictionary, "%s\n", line);
	}
	fclose(file);
	for (size_t f = 0; f < ARRAY_LEN(shipped); f++) {
		auto_unref struct flow *flow = load(shipped[f]);

		for (size_t i = 0; i < flow->states_len; i++) {
			auto_buf struct buf jsgf = {0};
			char rule[64];

			flow_rule_name(rule, &flow->states[i], true);
			grammar_jsgf(&jsgf, flow->grammar, rule, rule);
			if (i < 3 || flow->states[i].answers_len)
				collect_words(&words, buf_str(&jsgf));
		}
	}
	auto_buf struct buf seen = {0};

	for (char *word = strtok_r(words.data, "\n", &save); word;
	     word = strtok_r(NULL, "\n", &save)) {
		char entry[64];

		snprintf(entry, sizeof(entry), "\n%s\n", word);
		if (strstr(buf_str(&seen), entry))
			continue;
		buf_append_str(&seen, entry);
		if (!strstr(buf_str(&dictionary), entry))
			fail_msg("the dictionary lacks \"%s\"", word);
	}
}

static void words_that_do_not_belong_are_passed_over(void **state)
{
	static const struct {
		const char *text, *meaning;
	} cases[] = {
		{"tuesday", "0:0 day=2026-03-03 "},
		{"well maybe tuesday then", "0:0 day=2026-03-03 "},
		{"uh tuesday at half past three please", "0:0 day=2026-03-03 time=15:30 "},
		{"Tuesday at 3:30 PM", "0:0 day=2026-03-03 time=15:30 "},
		{"on tuesday at three p. m.", "0:0 day=2026-03-03 time=15:00 "},
		{"on March 15th, please!", "0:0 day=2026-03-15 "},
		{"not tuesday", NULL},
		{"i don't want tuesday", NULL},
		{"the weather is really very nice over here where we live on tuesday", NULL},
		{"banana", NULL},
		{"", NULL},
	};
	auto_unref struct flow *flow = load(shipped[0]);
	auto_unref struct grammar_net *net = NULL;

	assert_int_equal(0, grammar_compile(&net, flow->grammar, "say_ask_day"));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_buf struct buf understood = {0};
		struct grammar_match match;
		struct words words;

		words_parse(&words, cases[i].text);
		const int err = grammar_match(&match, net, &words);

		if (!cases[i].meaning) {
			if (!err)
				fail_msg("\"%s\" was understood", cases[i].text);
			continue;
		}
		if (err)
			fail_msg("\"%s\" was not understood", cases[i].text);
		meaning(&understood, flow, &match);
		assert_string_equal(cases[i].meaning, buf_str(&understood));
	}
}

static void bad_patterns_are_refused_with_a_reason(void **state)
{
	static const struct {
		const char *pattern, *reason;
	} cases[] = {
		{"yes (please", "a bracket is not closed by ')'"},
		{"yes ]", "unexpected ']'"},
		{"yes | ", "an alternative is empty"},
		{"", "an alternative is empty"},
		{"<nowhere>", "there is no rule <nowhere>"},
		{"{nothing}", "there is no slot {nothing}"},
		{"{open", "a '{' without slot name and '}'"},
		{"#what:1 yes", "there is no tag #what:NUMBER"},
		{"Yes", "\"Yes\" is no spoken word (lower-case letters; numbers spelt out)"},
		{"at 3", "\"3\" is no spoken word (lower-case letters; numbers spelt out)"},
		{"((((((((((((((((((((((((((yes))))))))))))))))))))))))))",
		 "brackets nest too deep"},
	};
	auto_unref struct grammar *grammar = grammar_new();
	char reason[GRAMMAR_ERROR_SIZE];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_not_equal(0, grammar_add(grammar, "try", cases[i].pattern, reason));
		assert_string_equal(cases[i].reason, reason);
	}
}

/* Rules that mention rules that mention rules... unfold to more than memory: 16 times 10 each. */
static void a_grammar_too_large_to_match_is_refused(void **state)
{
	auto_unref struct grammar *grammar = grammar_new();
	auto_unref struct grammar_net *net = NULL;
	char reason[GRAMMAR_ERROR_SIZE], rule[16] = "r0", pattern[200];

	assert_int_equal(0, grammar_add(grammar, rule, "one two three", reason));
	for (int i = 1; i < 10; i++) {
		pattern[0] = '\0';
		for (int k = 0; k < 10; k++)
			snprintf(pattern + strlen(pattern), sizeof(pattern) - strlen(pattern),
				 "<%s> ", rule);
		snprintf(rule, sizeof(rule), "r%d", i);
		assert_int_equal(0, grammar_add(grammar, rule, pattern, reason));
	}
	assert_int_equal(-E2BIG, grammar_compile(&net, grammar, rule));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_the_grammar_generates_is_understood_as_meant),
		cmocka_unit_test(generated_confirmations_are_understood),
		cmocka_unit_test(pocketsphinx_reads_every_grammar),
		cmocka_unit_test(the_dictionary_has_every_word_of_the_shipped_flows),
		cmocka_unit_test(words_that_do_not_belong_are_passed_over),
		cmocka_unit_test(bad_patterns_are_refused_with_a_reason),
		cmocka_unit_test(a_grammar_too_large_to_match_is_refused),
	};

	err_set_logfp(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
