#include "engine/sentence.h"

#include "core/mem.h"
#include "core/str.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* A point after one of these ends no sentence. */
static const char *const abbreviations[] = {"mr", "mrs", "ms",  "dr",  "st",  "prof",
					    "no", "vs",  "a.m", "p.m", "e.g", "i.e",
					    "jr", "sr",  "inc", "ltd", "etc"};

void sentence_add(struct sentence_cutter *cutter, const char *text, size_t len)
{
	buf_append(&cutter->rest, text, len);
}

static bool is_abbreviation(const char *text, size_t end)
{
	size_t start = end;

	while (start > 0 && !isspace((unsigned char)text[start - 1]))
		start--;
	if (end - start == 1 && isalpha((unsigned char)text[start]))
		return true; /* an initial */
	for (size_t i = 0; i < ARRAY_LEN(abbreviations); i++) {
		if (strlen(abbreviations[i]) == end - start &&
		    strncasecmp(abbreviations[i], text + start, end - start) == 0)
			return true;
	}
	return false;
}

/* Where the first sentence ends (one past), 0 while it is not complete. */
static size_t sentence_end(const char *text, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++) {
		size_t after = i + 1;

		if (text[i] == '\n')
			return after;
		if (!strchr(".!?", text[i]))
			continue;
		while (after < len && strchr(".!?\"')", text[after]))
			after++;
		if (after >= len || !isspace((unsigned char)text[after]))
			continue;
		if (text[i] == '.' && is_abbreviation(text, i))
			continue;
		return after;
	}
	return 0;
}

/* The best place to break a sentence that is too long. */
static size_t forced_end(const char *text)
{
	size_t space = 0;

	for (size_t i = SENTENCE_MAX - 1; i > SENTENCE_MAX / 3; i--) {
		if (strchr(",;:", text[i]))
			return i + 1;
		if (!space && isspace((unsigned char)text[i]))
			space = i;
	}
	if (space)
		return space;
	space = SENTENCE_MAX;
	while (space > 1 && ((unsigned char)text[space] & 0xc0) == 0x80)
		space--;
	return space;
}

char *sentence_next(struct sentence_cutter *cutter, bool flush)
{
	for (;;) {
		size_t len = cutter->rest.len, end = len ? sentence_end(cutter->rest.data, len) : 0;
		auto_free char *text = NULL;
		const char *trimmed;

		if (end == 0 && len <= SENTENCE_MAX && flush)
			end = len;
		if (end > SENTENCE_MAX || (end == 0 && len > SENTENCE_MAX))
			end = forced_end(cutter->rest.data);
		if (end == 0)
			return NULL;
		text = mem_strndup(cutter->rest.data, end);
		buf_consume(&cutter->rest, end);
		trimmed = str_trim(text);
		if (*trimmed)
			return mem_strdup(trimmed);
	}
}

void sentence_free(struct sentence_cutter *cutter)
{
	buf_free(&cutter->rest);
}

char *sentence_heard(const char *text, size_t heard, size_t total)
{
	size_t len = strlen(text), cut;

	if (total == 0 || heard >= total)
		return mem_strdup(total == 0 ? "" : text);
	cut = (size_t)((double)len * (double)heard / (double)total);
	if (!isspace((unsigned char)text[cut])) {
		while (cut > 0 && !isspace((unsigned char)text[cut - 1]))
			cut--;
	}
	while (cut > 0 && isspace((unsigned char)text[cut - 1]))
		cut--;
	return mem_strndup(text, cut);
}
