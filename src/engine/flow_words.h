/*
 * What a caller said or typed as plain words: lower case, no punctuation, numbers spelt out, "p.m."
 * one word. Recognised text, chat and transcripts all look alike after it.
 */
#pragma once

#include "core/buf.h"

#include <stddef.h>

enum { WORDS_MAX = 64, WORD_SIZE = 32 };

struct words {
	size_t count;
	char word[WORDS_MAX][WORD_SIZE];
};

/*
 * Words after the 64th are dropped, longer ones than 31 bytes are cut.
 * "3:30pm" is three thirty p.m., "15:00" three p.m., "march 3" march third, "p. m." p.m.
 */
void words_parse(struct words *ret_words, const char *text);

/* 0..9999 in words with a space after each: "two hundred five ". */
void words_add_number(struct buf *buf, unsigned number);

/* 1..31 in words: "twenty first". NULL outside. */
const char *words_ordinal(unsigned number);

/* "january" is 1; 0 when word is no month. */
unsigned words_month(const char *word);
