#include "engine/written.h"

#include "core/mem.h"
#include "core/str.h"
#include "engine/flow_calendar.h"
#include "engine/flow_words.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* A word of the text, with what stands around it. */
struct token {
	const char *text;
	size_t len;
};

static struct token next_token(const char *from)
{
	struct token token = {.text = from + strspn(from, " ")};

	token.len = strcspn(token.text, " ");
	return token;
}

static bool is_word(struct token token, const char *word)
{
	return token.len == strlen(word) && !strncasecmp(token.text, word, token.len);
}

static bool is_one_of(struct token token, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_word(token, words[i]))
			return true;
	return false;
}

/* "p. m.", "p.m.", "p m": how many characters say it from here on; 0 when none do. */
static size_t half_day_len(const char *text)
{
	static const char *const forms[] = {"p. m.", "a. m.", "p.m.", "a.m.", "p m", "a m", "pm"};

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		const size_t len = strlen(forms[i]);

		if (!strncasecmp(text, forms[i], len) && (!text[len] || text[len] == ' '))
			return len;
	}
	return 0;
}

static void copy_word(char out[WORD_SIZE], struct token token)
{
	str_copy(out, token.len < WORD_SIZE ? token.len + 1 : WORD_SIZE, token.text);
	str_lower(out);
}

/* "third", and "twenty" of "twenty third". */
static bool is_ordinal(struct token token)
{
	for (unsigned i = 1; token.len && i <= 31; i++) {
		const char *ordinal = words_ordinal(i);

		if (!strncasecmp(ordinal, token.text, token.len) &&
		    (!ordinal[token.len] || ordinal[token.len] == ' '))
			return true;
	}
	return false;
}

/* May and march are verbs too: months only next to a day or after "in". */
static bool is_month(struct token token, struct token before, struct token after)
{
	char word[WORD_SIZE];

	copy_word(word, token);
	if (!words_month(word))
		return false;
	if (!is_word(token, "may") && !is_word(token, "march"))
		return true;
	return is_ordinal(before) || is_ordinal(after) || is_word(before, "in") ||
	       is_word(before, "of") ||
	       (is_word(after, "the") && is_ordinal(next_token(after.text + after.len)));
}

/* What is written with a capital wherever it stands. */
static bool is_capital(struct token token, struct token before, struct token before_that,
		       struct token after)
{
	static const char *const self[] = {"i", "i'm", "i'd", "i'll", "i've"};
	char word[WORD_SIZE];

	if (is_one_of(token, self, ARRAY_LEN(self)))
		return true;
	if (is_word(before, "is") && is_word(before_that, "name"))
		return true;
	copy_word(word, token);
	return weekday_parse(word) != WEEKDAY_NONE || is_month(token, before, after);
}

void written_add(struct buf *buf, const char *words)
{
	struct token token = next_token(words), before = {""}, before_that = {""};
	bool is_first = true;

	for (; token.len; is_first = false) {
		const size_t half = half_day_len(token.text);
		const struct token after = next_token(token.text + token.len);

		if (!is_first)
			buf_append_char(buf, ' ');
		if (half && !is_first) {
			buf_append_str(buf,
				       tolower((unsigned char)token.text[0]) == 'p' ? "PM" : "AM");
			token.len = half;
		} else if (is_first || is_capital(token, before, before_that, after)) {
			buf_append_char(buf, (char)toupper((unsigned char)token.text[0]));
			buf_append(buf, token.text + 1, token.len - 1);
		} else {
			buf_append(buf, token.text, token.len);
		}
		before_that = before;
		before = token;
		token = next_token(token.text + token.len);
	}
}
