#include "engine/duration.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { WHOLE_DIGITS = 12, FRACTION_DIGITS = 9 };

/* Digits at *pos, at most max of them; returns how many, and their value. */
static int digits(const char **pos, int max, int64_t *ret_value)
{
	int count = 0;

	*ret_value = 0;
	while (isdigit((unsigned char)**pos) && count < max) {
		*ret_value = *ret_value * 10 + (**pos - '0');
		(*pos)++;
		count++;
	}
	return count;
}

int duration_parse(int64_t *ret_us, const char *text)
{
	const char *pos = text;
	int64_t whole = 0, fraction = 0;
	bool negative = false;

	if (!text)
		return -EINVAL;
	if (*pos == '-') {
		negative = true;
		pos++;
	}
	if (pos[0] == '0' && isdigit((unsigned char)pos[1]))
		return -EINVAL;
	if (digits(&pos, WHOLE_DIGITS, &whole) == 0)
		return -EINVAL;
	if (*pos == '.') {
		int count;

		pos++;
		count = digits(&pos, FRACTION_DIGITS, &fraction);
		if (count == 0)
			return -EINVAL;
		for (; count < FRACTION_DIGITS; count++)
			fraction *= 10;
	}
	if (strcmp(pos, "s") != 0)
		return -EINVAL;
	*ret_us = (whole * 1000000 + fraction / 1000) * (negative ? -1 : 1);
	return 0;
}

void duration_format(char out[DURATION_SIZE], int64_t us)
{
	const char *sign = us < 0 ? "-" : "";
	uint64_t magnitude = us < 0 ? -(uint64_t)us : (uint64_t)us;
	size_t len;

	snprintf(out, DURATION_SIZE, "%s%" PRIu64 ".%06" PRIu64, sign, magnitude / 1000000,
		 magnitude % 1000000);
	len = strlen(out);
	while (out[len - 1] == '0')
		len--;
	if (out[len - 1] == '.')
		len--;
	out[len] = 's';
	out[len + 1] = '\0';
}
