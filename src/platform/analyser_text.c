#include "platform/analyser_text.h"

#include "core/mem.h"
#include "core/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { SENTENCE_WORDS = 40 };

/* Sorted. */
static const char *const stop_words[] = {
	"a",      "about",  "after", "again", "all",  "also",    "am",     "an",     "and",
	"any",    "are",    "as",    "at",    "be",   "because", "been",   "before", "being",
	"but",    "by",     "can",   "could", "did",  "do",      "does",   "don't",  "for",
	"from",   "get",    "go",    "going", "good", "got",     "had",    "has",    "have",
	"he",     "hello",  "her",   "hi",    "him",  "his",     "how",    "i",      "i'd",
	"i'll",   "i'm",    "i've",  "if",    "in",   "is",      "it",     "it's",   "just",
	"know",   "let",    "like",  "may",   "me",   "mm",      "my",     "no",     "not",
	"now",    "of",     "oh",    "ok",    "okay", "on",      "one",    "or",     "our",
	"out",    "please", "right", "she",   "so",   "some",    "thank",  "thanks", "that",
	"that's", "the",    "their", "them",  "then", "there",   "these",  "they",   "this",
	"those",  "to",     "too",   "uh",    "um",   "up",      "us",     "was",    "we",
	"we'll",  "well",   "were",  "what",  "when", "where",   "which",  "who",    "why",
	"will",   "with",   "would", "yeah",  "yes",  "you",     "you're", "your",
};

static int compare(const void *key, const void *entry)
{
	return strcmp(key, *(const char *const *)entry);
}

bool analyser_is_stop_word(const char *word)
{
	return bsearch(word, stop_words, ARRAY_LEN(stop_words), sizeof(*stop_words), compare) !=
	       NULL;
}

static bool is_word_char(unsigned char c)
{
	return isalnum(c) || c == '\'' || c >= 0x80;
}

void analyser_split_words(struct analyser_words *ret_words, const char *text, size_t len)
{
	size_t pos = 0;

	ret_words->count = 0;
	while (pos < len && ret_words->count < ANALYSER_WORDS_MAX) {
		char *word = ret_words->word[ret_words->count];
		size_t n = 0;

		while (pos < len && !is_word_char((unsigned char)text[pos]))
			pos++;
		while (pos < len && is_word_char((unsigned char)text[pos])) {
			/* a typographic apostrophe, U+2019 */
			const bool is_quote =
				len - pos >= 3 && !memcmp(text + pos, "\xe2\x80\x99", 3);
			const char c = is_quote ? '\'' : (char)tolower((unsigned char)text[pos]);

			if (n < ANALYSER_WORD_SIZE - 1)
				word[n++] = c;
			pos += is_quote ? 3 : 1;
		}
		word[n] = '\0';
		if (n)
			ret_words->count++;
	}
}

/* The first stop of "p. m.", as recognisers write it. */
static bool is_half_day(const char *begin, const char *p, const char *end)
{
	return p > begin && strchr("apAP", p[-1]) && (p - 1 == begin || p[-2] == ' ') &&
	       end - p >= 3 && p[1] == ' ' && strchr("mM", p[2]) &&
	       (end - p == 3 || !isalnum((unsigned char)p[3]));
}

/* A stop that ends a sentence: before white space, and not the one in "p.m." */
static bool is_stop(const char *begin, const char *p, const char *end)
{
	if (*p == '.' && is_half_day(begin, p, end))
		return false;
	if (!strchr(".!?;", *p) || (p + 1 < end && !isspace((unsigned char)p[1])))
		return false;
	return !(*p == '.' && p - begin >= 3 && p[-2] == '.' && p + 2 < end &&
		 !isupper((unsigned char)p[2]));
}

/* The stop of "p.m." belongs to it. */
static bool ends_with_half_day(const char *text, size_t len)
{
	return len >= 4 && text[len - 1] == '.' && tolower((unsigned char)text[len - 2]) == 'm' &&
	       strchr(". ", text[len - 3]);
}

struct analyser_sentence analyser_next_sentence(const char **pos, const char *end)
{
	const char *p = *pos, *begin;
	unsigned words = 0;

	while (p < end && (isspace((unsigned char)*p) || strchr(".!?;,", *p)))
		p++;
	for (begin = p; p < end && !is_stop(begin, p, end); p++)
		if (*p == ' ' && ++words >= SENTENCE_WORDS)
			break;
	if (p < end && ends_with_half_day(begin, (size_t)(p + 1 - begin)))
		p++;
	*pos = p;
	return (struct analyser_sentence){.text = begin, .len = (size_t)(p - begin)};
}

void analyser_quote(char out[ANALYSER_QUOTE_BYTES + 8], const struct analyser_sentence *sentence)
{
	size_t len = sentence->len;

	if (len > ANALYSER_QUOTE_BYTES) {
		len = ANALYSER_QUOTE_BYTES;
		while (len && sentence->text[len] != ' ')
			len--;
		if (!len) /* no space at all: at least no half of a character */
			for (len = ANALYSER_QUOTE_BYTES;
			     len && ((unsigned char)sentence->text[len] & 0xc0) == 0x80;)
				len--;
	}
	memcpy(out, sentence->text, len);
	while (len && strchr(" ,.;", out[len - 1]) && !ends_with_half_day(out, len))
		len--;
	str_copy(out + len, 4, sentence->len > ANALYSER_QUOTE_BYTES ? "..." : "");
	for (char *c = out; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
}
