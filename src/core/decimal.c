#include "core/decimal.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { MAX_WHOLE_DIGITS = 12, FRACTION_DIGITS = 6 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The digits behind the point as millionths; stops at the first that is none. */
static int64_t parse_fraction(const char **text)
{
	int64_t micros = 0;
	int digits = 0;
	bool up = false;

	for (; is_digit(**text); (*text)++, digits++) {
		if (digits < FRACTION_DIGITS)
			micros = micros * 10 + (**text - '0');
		else if (digits == FRACTION_DIGITS)
			up = **text >= '5';
	}
	for (; digits < FRACTION_DIGITS; digits++)
		micros *= 10;
	return micros + up;
}

int decimal_parse(int64_t *ret_micros, const char *text)
{
	bool negative = *text == '-';
	int64_t micros = 0;
	int digits = 0;

	text += *text == '-' || *text == '+';
	if (!is_digit(*text) && !(*text == '.' && is_digit(text[1])))
		return -EINVAL;
	for (; is_digit(*text); text++) {
		micros = micros * 10 + (*text - '0');
		digits += micros > 0;
		if (digits > MAX_WHOLE_DIGITS)
			return -EINVAL;
	}
	micros *= DECIMAL_ONE;
	if (*text == '.') {
		text++;
		micros += parse_fraction(&text);
	}
	if (*text)
		return -EINVAL;
	*ret_micros = negative ? -micros : micros;
	return 0;
}

const char *decimal_format(char text[DECIMAL_SIZE], int64_t micros)
{
	uint64_t size = micros < 0 ? -(uint64_t)micros : (uint64_t)micros;
	size_t len;

	snprintf(text, DECIMAL_SIZE, "%s%llu.%06llu", micros < 0 ? "-" : "",
		 (unsigned long long)(size / DECIMAL_ONE),
		 (unsigned long long)(size % DECIMAL_ONE));
	for (len = strlen(text); text[len - 1] == '0'; len--)
		text[len - 1] = '\0';
	if (text[len - 1] == '.')
		text[len - 1] = '\0';
	return text;
}
