/* The words that carry feeling, for the embedded analyser only. */
#pragma once

#include <stddef.h>

struct analyser_feeling {
	const char *word; /* lower case; up to three words with a space between */
	double weight;
};

/* NULL when the words are not felt. */
const struct analyser_feeling *analyser_feeling(const char *words);
const struct analyser_feeling *analyser_feeling_at(size_t index); /* NULL past the last */

/* By how much the word changes the feeling after it; 1 when it does not. */
double analyser_degree(const char *word);
