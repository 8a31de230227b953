#include "engine/flow_words.h"

#include "core/mem.h"
#include "core/str.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const small[] = {"zero",    "one",     "two",       "three",    "four",
				    "five",    "six",     "seven",     "eight",    "nine",
				    "ten",     "eleven",  "twelve",    "thirteen", "fourteen",
				    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};

static const char *const tens[] = {"",      "",      "twenty",  "thirty", "forty",
				   "fifty", "sixty", "seventy", "eighty", "ninety"};

static const char *const ordinals[] = {
	NULL,           "first",        "second",         "third",         "fourth",
	"fifth",        "sixth",        "seventh",        "eighth",        "ninth",
	"tenth",        "eleventh",     "twelfth",        "thirteenth",    "fourteenth",
	"fifteenth",    "sixteenth",    "seventeenth",    "eighteenth",    "nineteenth",
	"twentieth",    "twenty first", "twenty second",  "twenty third",  "twenty fourth",
	"twenty fifth", "twenty sixth", "twenty seventh", "twenty eighth", "twenty ninth",
	"thirtieth",    "thirty first"};

static const char *const months[] = {"january",   "february", "march",    "april",
				     "may",       "june",     "july",     "august",
				     "september", "october",  "november", "december"};

unsigned words_month(const char *word)
{
	for (unsigned i = 0; i < ARRAY_LEN(months); i++)
		if (str_equal(months[i], word))
			return i + 1;
	return 0;
}

const char *words_ordinal(unsigned number)
{
	return number < ARRAY_LEN(ordinals) ? ordinals[number] : NULL;
}

void words_add_number(struct buf *buf, unsigned number)
{
	if (number >= 1000) {
		buf_printf(buf, "%s thousand ", small[number / 1000 % 10]);
		number %= 1000;
		if (!number)
			return;
	}
	if (number >= 100) {
		buf_printf(buf, "%s hundred ", small[number / 100]);
		number %= 100;
		if (!number)
			return;
	}
	if (number < ARRAY_LEN(small)) {
		buf_printf(buf, "%s ", small[number]);
		return;
	}
	buf_printf(buf, "%s ", tens[number / 10]);
	if (number % 10)
		buf_printf(buf, "%s ", small[number % 10]);
}

static void add_clock(struct buf *buf, unsigned hour, unsigned minute, bool has_half)
{
	const char *half = "";

	if (!has_half && (hour > 12 || hour == 0))
		half = hour >= 12 ? "p.m. " : "a.m. ";
	words_add_number(buf, hour % 12 ? hour % 12 : 12);
	if (minute > 0 && minute < 10)
		buf_append_str(buf, "oh ");
	if (minute)
		words_add_number(buf, minute);
	buf_append_str(buf, half);
}

static void add_digits(struct buf *buf, const char *digits)
{
	for (; *digits >= '0' && *digits <= '9'; digits++)
		buf_printf(buf, "%s ", small[*digits - '0']);
}

/* A token that begins with a digit; previous is the word before it. */
static void add_numeral(struct buf *buf, const char *token, const char *previous)
{
	const size_t len = strspn(token, "0123456789");
	const char *rest = token + len;
	const unsigned number = len <= 4 ? (unsigned)strtoul(token, NULL, 10) : 0;
	unsigned minute = 0;
	bool is_clock = false;

	if (*rest == ':' && isdigit((unsigned char)rest[1]) && isdigit((unsigned char)rest[2])) {
		minute = (unsigned)strtoul(rest + 1, NULL, 10);
		rest += 3;
		is_clock = len <= 2 && number < 24 && minute < 60;
	}
	const bool is_am = !strncmp(rest, "am", 2) || !strncmp(rest, "a.m", 3);
	const bool is_pm = !strncmp(rest, "pm", 2) || !strncmp(rest, "p.m", 3);
	const bool is_ordinal = (!strcmp(rest, "st") || !strcmp(rest, "nd") ||
				 !strcmp(rest, "rd") || !strcmp(rest, "th"));

	if (is_clock)
		add_clock(buf, number, minute, is_am || is_pm);
	else if (words_ordinal(number) && (is_ordinal || words_month(previous)))
		buf_printf(buf, "%s ", words_ordinal(number));
	else if (len > 4 || (len > 1 && token[0] == '0'))
		add_digits(buf, token);
	else
		words_add_number(buf, number);
	if (is_am || is_pm)
		buf_append_str(buf, is_am ? "a.m. " : "p.m. ");
}

/* "am" after it is a time of day, not a form of "to be". */
static bool is_of_time(const char *previous)
{
	bool is_number = isdigit((unsigned char)previous[0]) || str_equal(previous, "o'clock");

	for (size_t i = 0; i < ARRAY_LEN(small) && !is_number; i++)
		is_number = str_equal(small[i], previous);
	for (size_t i = 0; i < ARRAY_LEN(tens) && !is_number; i++)
		is_number = previous[0] && str_equal(tens[i], previous);
	return is_number;
}

static void add_word(struct buf *buf, const char *token, const char *previous)
{
	char word[WORD_SIZE];
	size_t len;

	str_copy(word, sizeof(word), token);
	len = strlen(word);
	if (str_equal(word, "a.m") || (str_equal(word, "am") && is_of_time(previous)))
		str_copy(word, sizeof(word), "a.m.");
	else if (str_equal(word, "p.m") || str_equal(word, "pm"))
		str_copy(word, sizeof(word), "p.m.");
	else
		while (len && (word[len - 1] == '.' || word[len - 1] == '\''))
			word[--len] = '\0';
	if (word[0])
		buf_printf(buf, "%s ", word);
}

static bool is_token_char(const char *p)
{
	const unsigned char c = (unsigned char)*p;

	if (isalnum(c) || c >= 0x80 || c == '\'')
		return true;
	return (c == '.' || c == ':') && isalnum((unsigned char)p[1]);
}

/* The text in words, still with "p m" in two. */
static void spell_out(struct buf *buf, const char *text)
{
	char token[WORD_SIZE], previous[WORD_SIZE] = "";

	while (*text && buf->len < (size_t)WORDS_MAX * WORD_SIZE) {
		size_t len = 0;

		while (*text && (!is_token_char(text) || *text == '.' || *text == ':'))
			text++;
		for (; *text && is_token_char(text); text++) {
			char c = (char)tolower((unsigned char)*text);

			if (!strncmp(text, "\xe2\x80\x99", 3)) {
				c = '\'';
				text += 2;
			}
			if (len < sizeof(token) - 1)
				token[len++] = c;
		}
		token[len] = '\0';
		if (!len)
			continue;
		if (isdigit((unsigned char)token[0]))
			add_numeral(buf, token, previous);
		else
			add_word(buf, token, previous);
		str_copy(previous, sizeof(previous), token);
	}
}

/* "p" "m" is one word; so are "o" "clock". */
static bool join(struct words *words, const char *word)
{
	char *last;

	if (!words->count)
		return false;
	last = words->word[words->count - 1];
	if (str_equal(word, "m") && (str_equal(last, "p") || str_equal(last, "a"))) {
		str_copy(last, WORD_SIZE, str_equal(last, "p") ? "p.m." : "a.m.");
		return true;
	}
	if (str_equal(word, "clock") && str_equal(last, "o")) {
		str_copy(last, WORD_SIZE, "o'clock");
		return true;
	}
	return false;
}

void words_parse(struct words *ret_words, const char *text)
{
	auto_buf struct buf buf = {0};
	char *save = NULL;

	ret_words->count = 0;
	spell_out(&buf, text ? text : "");
	if (!buf.len)
		return;
	for (char *word = strtok_r(buf.data, " ", &save); word && ret_words->count < WORDS_MAX;
	     word = strtok_r(NULL, " ", &save))
		if (!join(ret_words, word))
			str_copy(ret_words->word[ret_words->count++], WORD_SIZE, word);
}
