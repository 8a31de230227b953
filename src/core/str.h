/* Questions about, and small operations on, NUL-terminated strings. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool str_is_empty(const char *str);                  /* NULL or "" */
bool str_equal(const char *a, const char *b);        /* NULL equals NULL only */
bool str_equal_nocase(const char *a, const char *b); /* ASCII */
bool str_has_prefix(const char *str, const char *prefix);
bool str_has_suffix(const char *str, const char *suffix);

/* Copy as much as fits, always terminated. True when all of it fitted. */
bool str_copy(char *dst, size_t size, const char *src);

/* ASCII lower case, in place; returns str. */
char *str_lower(char *str);

/* Cut white space at both ends, in place; returns the new start inside str. */
char *str_trim(char *str);

/*
 * The whole of str as a decimal number within [min, max].
 * Returns 0, -EINVAL (not a number, or something after it) or -ERANGE.
 */
int str_parse_int(int64_t *ret_value, const char *str, int64_t min, int64_t max);
int str_parse_double(double *ret_value, const char *str, double min, double max);

/* The other way, by hand: printf costs more than most of what an answer is made of. Returns its
 * length.
 */
enum { STR_INT_SIZE = 24 };
size_t str_from_int(char out[STR_INT_SIZE], int64_t value);

/* "true", "1", "yes", "on" and their opposites, any case. Returns 0 or -EINVAL. */
int str_parse_bool(bool *ret_value, const char *str);

bool str_is_utf8(const char *data, size_t len); /* RFC 3629: no overlongs, no surrogates */
