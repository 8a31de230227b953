/*
 * Text cut into sentences while it comes, and cut short where an interruption fell. Both sides of
 * the conversation need it: answers are spoken a sentence at a time, and only what was heard
 * counts.
 */
#pragma once

#include "core/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum { SENTENCE_MAX = 300 }; /* bytes; longer ones are cut at a comma or a space */

/* Embedded by value; all zero is empty. */
struct sentence_cutter {
	struct buf rest;
};

/* Add text as it comes; it may end anywhere, even inside a UTF-8 sequence. */
void sentence_add(struct sentence_cutter *cutter, const char *text, size_t len);

/*
 * The next complete sentence, trimmed, or with flush whatever is left; NULL when there is none.
 * Owned by the caller (mem_free).
 */
char *sentence_next(struct sentence_cutter *cutter, bool flush);

void sentence_free(struct sentence_cutter *cutter);

/*
 * What a listener has of text when heard of total samples were played: whole words, rounded down.
 * Owned by the caller (mem_free); "" when it was less than the first word.
 */
char *sentence_heard(const char *text, size_t heard, size_t total);
