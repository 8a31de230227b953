#include "speech/say_text.h"

#include "core/buf.h"
#include "core/mem.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { PHONE_DIGITS = 7 };

/* Latin-1 letters from U+00C0 on without their accents; '*' for signs. */
static const char latin1[] = "AAAAAAACEEEEIIIIDNOOOOO*OUUUUYTsaaaaaaaceeeeiiiidnooooo*ouuuuyty";

static const struct {
	uint32_t code;
	const char *plain;
} typographic[] = {
	{0x2018, "'"},       {0x2019, "'"},        {0x201c, "\""},        {0x201d, "\""},
	{0x2013, ", "},      {0x2014, ", "},       {0x2026, ". "},        {0x00a0, " "},
	{0x20ac, " euros "}, {0x00a3, " pounds "}, {0x00b0, " degrees "}, {0x00df, "ss"},
	{0x0131, "i"},       {0x0141, "L"},        {0x0142, "l"},         {0x0159, "r"},
	{0x0161, "s"},       {0x0160, "S"},        {0x017e, "z"},         {0x017d, "Z"},
	{0x010d, "c"},       {0x010c, "C"},        {0x0107, "c"},         {0x0144, "n"},
	{0x015b, "s"},       {0x017c, "z"},        {0x0119, "e"},         {0x0105, "a"},
	{0x011b, "e"},       {0x016f, "u"},        {0x0151, "o"},         {0x011f, "g"},
	{0x015f, "s"},
};

static const struct {
	char sign;
	const char *spoken;
} signs[] = {
	{'&', " and "}, {'@', " at "}, {'=', " equals "}, {'*', ""},   {'_', " "}, {'`', ""},
	{'<', " "},     {'>', " "},    {'|', " "},        {'~', " "},  {'[', " "}, {']', " "},
	{'{', " "},     {'}', " "},    {'^', " "},        {'\\', " "}, {'/', " "},
};

static void add_character(struct buf *out, uint32_t code)
{
	for (size_t i = 0; i < ARRAY_LEN(typographic); i++) {
		if (typographic[i].code == code) {
			buf_append_str(out, typographic[i].plain);
			return;
		}
	}
	if (code >= 0xc0 && code <= 0xff && latin1[code - 0xc0] != '*')
		buf_append_char(out, latin1[code - 0xc0]);
	else
		buf_append_char(out, ' ');
}

/* The text is known to be UTF-8. Returns the bytes taken. */
static size_t add_utf8(struct buf *out, const unsigned char *at)
{
	const size_t len = *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : 2;
	uint32_t code = *at & (0xffu >> (len + 1));

	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return i;
		code = code << 6 | (at[i] & 0x3f);
	}
	add_character(out, code);
	return len;
}

/* Digits one by one, with a short pause after every third. */
static void add_digits(struct buf *out, const char *at, size_t len)
{
	size_t digits = 0, left = 0;

	for (size_t i = 0; i < len; i++)
		left += isdigit((unsigned char)at[i]) != 0;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)at[i]))
			continue;
		buf_printf(out, "%c%s", at[i], left == 1 ? "" : " ");
		left--;
		if (++digits % 3 == 0 && left > 1)
			buf_append_str(out, ", ");
	}
}

/* How much of the text is one telephone number; 0 when it is none. */
static size_t phone_len(const char *at)
{
	const bool plus = *at == '+';
	size_t len = plus, digits = 0, end = 0;

	for (; at[len] && (isdigit((unsigned char)at[len]) || strchr(" -().", at[len])); len++) {
		if (!isdigit((unsigned char)at[len]))
			continue;
		digits++;
		end = len + 1;
	}
	if (plus && digits >= 3)
		return end;
	/* Without the plus, spaces may just as well separate things. */
	len = strspn(at, "0123456789");
	return len >= PHONE_DIGITS ? len : 0;
}

/* "2026-03-03" */
static size_t add_date(struct buf *out, const char *at)
{
	static const char *const months[] = {"January",   "February", "March",    "April",
					     "May",       "June",     "July",     "August",
					     "September", "October",  "November", "December"};
	unsigned year, month, day;
	int len = 0;

	if (strspn(at, "0123456789") != 4 || at[4] != '-' ||
	    sscanf(at, "%4u-%2u-%2u%n", &year, &month, &day, &len) != 3 || len != 10 || month < 1 ||
	    month > 12 || day < 1 || day > 31)
		return 0;
	buf_printf(out, "%s %u, %u", months[month - 1], day, year);
	return 10;
}

static size_t add_number(struct buf *out, const char *at)
{
	size_t len = add_date(out, at);

	if (len)
		return len;
	len = phone_len(at);
	if (len > 0) {
		if (*at == '+')
			buf_append_str(out, "plus ");
		add_digits(out, at, len);
		return len;
	}
	len = strspn(at, "0123456789");
	if (len == 0) {
		buf_append_str(out, " plus ");
		return 1;
	}
	buf_append(out, at, len);
	return len;
}

static void add_sign(struct buf *out, char sign)
{
	for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
		if (signs[i].sign == sign) {
			buf_append_str(out, signs[i].spoken);
			return;
		}
	}
	buf_append_char(out, iscntrl((unsigned char)sign) ? ' ' : sign);
}

/* "#4521": numbers of orders and tickets are read digit by digit. */
static size_t add_hash(struct buf *out, const char *at)
{
	const size_t digits = strspn(at + 1, "0123456789");

	if (digits > 0) {
		buf_append_str(out, "number ");
		add_digits(out, at + 1, digits);
	}
	return 1 + digits;
}

void say_text(struct buf *out, const char *text)
{
	const char *at = text;

	while (*at) {
		const bool fresh = at == text || !isalnum((unsigned char)at[-1]);

		if ((unsigned char)*at >= 0x80)
			at += add_utf8(out, (const unsigned char *)at);
		else if (*at == '#')
			at += add_hash(out, at);
		else if (*at == '+' || (isdigit((unsigned char)*at) && fresh))
			at += add_number(out, at);
		else
			add_sign(out, *at++);
	}
}
