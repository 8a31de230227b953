#include "core/str.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool str_is_empty(const char *str)
{
	return !str || !*str;
}

bool str_equal(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return !strcmp(a, b);
}

bool str_equal_nocase(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return !strcasecmp(a, b);
}

bool str_has_prefix(const char *str, const char *prefix)
{
	return !strncmp(str, prefix, strlen(prefix));
}

bool str_has_suffix(const char *str, const char *suffix)
{
	size_t len = strlen(str), suffix_len = strlen(suffix);

	return len >= suffix_len && !strcmp(str + len - suffix_len, suffix);
}

bool str_copy(char *dst, size_t size, const char *src)
{
	size_t len = strlen(src);
	bool fits = len < size;

	if (!size)
		return false;
	if (!fits)
		len = size - 1;
	memcpy(dst, src, len);
	dst[len] = '\0';
	return fits;
}

char *str_lower(char *str)
{
	for (char *p = str; *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
	return str;
}

char *str_trim(char *str)
{
	char *end = str + strlen(str);

	while (end > str && isspace((unsigned char)end[-1]))
		*--end = '\0';
	while (isspace((unsigned char)*str))
		str++;
	return str;
}

int str_parse_int(int64_t *ret_value, const char *str, int64_t min, int64_t max)
{
	char *end;
	long long value;

	if (str_is_empty(str) || isspace((unsigned char)*str))
		return -EINVAL;
	errno = 0;
	value = strtoll(str, &end, 10);
	if (end == str || *end)
		return -EINVAL;
	if (errno == ERANGE || value < min || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

size_t str_from_int(char out[STR_INT_SIZE], int64_t value)
{
	uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char digits[STR_INT_SIZE];
	size_t count = 0, len = 0;

	do {
		digits[count++] = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (value < 0)
		out[len++] = '-';
	while (count)
		out[len++] = digits[--count];
	out[len] = '\0';
	return len;
}

int str_parse_double(double *ret_value, const char *str, double min, double max)
{
	char *end;
	double value;

	if (str_is_empty(str) || isspace((unsigned char)*str))
		return -EINVAL;
	value = strtod(str, &end);
	if (end == str || *end || !isfinite(value))
		return -EINVAL;
	if (value < min || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int str_parse_bool(bool *ret_value, const char *str)
{
	static const char *const yes[] = {"true", "1", "yes", "on"};
	static const char *const no[] = {"false", "0", "no", "off"};

	for (size_t i = 0; i < 4; i++) {
		if (str_equal_nocase(str, yes[i]) || str_equal_nocase(str, no[i])) {
			*ret_value = str_equal_nocase(str, yes[i]);
			return 0;
		}
	}
	return -EINVAL;
}

/* Length of the UTF-8 sequence at p, 0 when it is none (RFC 3629, section 4). */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
	unsigned char second_min = 0x80, second_max = 0xbf;
	size_t len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (left < len)
		return 0;
	if (p[0] == 0xe0)
		second_min = 0xa0;
	else if (p[0] == 0xed)
		second_max = 0x9f;
	else if (p[0] == 0xf0)
		second_min = 0x90;
	else if (p[0] == 0xf4)
		second_max = 0x8f;
	if (p[1] < second_min || p[1] > second_max)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

bool str_is_utf8(const char *data, size_t len)
{
	const unsigned char *p = (const unsigned char *)data;
	size_t at = 0;

	while (at < len) {
		size_t step = utf8_sequence(p + at, len - at);

		if (!step)
			return false;
		at += step;
	}
	return true;
}
