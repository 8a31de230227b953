/* Feeling of a text: the lexicon, with negation, degree and "but". */
#include "platform/analyser_lexicon.h"
#include "platform/analyser_text.h"

#include "core/mem.h"
#include "core/str.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* How far back a "not" or "very" is looked for, and how much a "not" leaves of a feeling. */
enum { SCOPE = 3 };
static const double negated = -0.7;

static const char *const negations[] = {"not",     "no",     "never",   "don't",    "doesn't",
					"didn't",  "isn't",  "wasn't",  "aren't",   "weren't",
					"can't",   "cannot", "won't",   "wouldn't", "couldn't",
					"haven't", "hasn't", "nothing", "without",  "shouldn't"};

static bool is_negation(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(negations); i++)
		if (str_equal(negations[i], word))
			return true;
	return false;
}

/* The longest entry of the lexicon that begins at a word; *ret_count is its words. */
static const struct analyser_feeling *feeling_from(const struct analyser_words *words, size_t at,
						   size_t *ret_count)
{
	char phrase[3 * ANALYSER_WORD_SIZE];

	for (size_t n = 3; n > 0; n--) {
		const struct analyser_feeling *found;

		if (at + n > words->count)
			continue;
		snprintf(phrase, sizeof(phrase), "%s%s%s%s%s", words->word[at], n > 1 ? " " : "",
			 n > 1 ? words->word[at + 1] : "", n > 2 ? " " : "",
			 n > 2 ? words->word[at + 2] : "");
		found = analyser_feeling(phrase);
		if (!found)
			continue;
		*ret_count = n;
		return found;
	}
	return NULL;
}

/* "No, it was great" and "never so angry" deny nothing. */
static bool is_emphatic(const struct analyser_words *words, size_t negation, size_t at)
{
	if (str_equal(words->word[negation], "no"))
		return negation == 0 && at > 1;
	if (!str_equal(words->word[negation], "never"))
		return false;
	for (size_t i = negation + 1; i < at; i++)
		if (str_equal(words->word[i], "so") || str_equal(words->word[i], "such"))
			return true;
	return false;
}

/* What stands before a feeling, within its scope, turns it round or changes its strength. */
static double scope_factor(const struct analyser_words *words, size_t from, size_t at)
{
	double factor = 1.0;

	for (size_t i = at > SCOPE ? at - SCOPE : 0; i < at; i++) {
		const char *word = words->word[i];

		if (i < from || str_equal(word, "but") || str_equal(word, "and")) {
			factor = 1.0;
			continue;
		}
		if (is_negation(word) && !is_emphatic(words, i, at))
			factor *= negated;
		else
			factor *= analyser_degree(word);
	}
	return factor;
}

/* Sum of feelings; what comes before a "but" counts less, what comes after it more. */
static double feel(const struct analyser_words *words)
{
	double sum = 0;
	size_t from = 0;

	for (size_t i = 0; i < words->count;) {
		const struct analyser_feeling *found;
		size_t count = 1;

		if (str_equal(words->word[i], "but") || str_equal(words->word[i], "however"))
			sum *= 0.5;
		found = feeling_from(words, i, &count);
		if (found) {
			sum += found->weight * scope_factor(words, from, i);
			from = i + count;
		}
		i += count;
	}
	return sum;
}

double analyser_sentiment(const char *text)
{
	const char *pos = text ? text : "", *end = pos + strnlen(pos, ANALYSER_TURN_BYTES);
	double sum = 0;

	while (pos < end) {
		const struct analyser_sentence sentence = analyser_next_sentence(&pos, end);
		struct analyser_words words;

		if (!sentence.len)
			break;
		analyser_split_words(&words, sentence.text, sentence.len);
		sum += feel(&words);
	}
	return sum / sqrt(sum * sum + 12.0);
}
