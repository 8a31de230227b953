#include "core/encoding.h"

#include "core/buf.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum { BLOCK = 768 }; /* bytes; a multiple of three */

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* At most BASE64_LEN(len) characters. */
static size_t write64(char *out, const char *alphabet, bool pad, const uint8_t *in, size_t len)
{
	char *next = out;
	size_t i;

	for (i = 0; i + 3 <= len; i += 3) {
		uint32_t bits = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];

		*next++ = alphabet[bits >> 18];
		*next++ = alphabet[bits >> 12 & 63];
		*next++ = alphabet[bits >> 6 & 63];
		*next++ = alphabet[bits & 63];
	}
	if (i < len) {
		uint32_t bits = (uint32_t)in[i] << 16;

		if (i + 1 < len)
			bits |= (uint32_t)in[i + 1] << 8;
		*next++ = alphabet[bits >> 18];
		*next++ = alphabet[bits >> 12 & 63];
		if (i + 1 < len)
			*next++ = alphabet[bits >> 6 & 63];
		else if (pad)
			*next++ = '=';
		if (pad)
			*next++ = '=';
	}
	return (size_t)(next - out);
}

static void encode64(struct buf *out, const char *alphabet, bool pad, const uint8_t *in, size_t len)
{
	char block[BASE64_LEN(BLOCK)];

	for (size_t at = 0; at < len; at += BLOCK) {
		size_t n = len - at < BLOCK ? len - at : BLOCK;

		buf_append(out, block, write64(block, alphabet, pad, in + at, n));
	}
}

void base64_encode(struct buf *out, const void *data, size_t len)
{
	encode64(out, standard, true, data, len);
}

void base64url_encode(struct buf *out, const void *data, size_t len)
{
	encode64(out, url_safe, false, data, len);
}

size_t base64_write(char *out, const void *data, size_t len)
{
	return write64(out, standard, true, data, len);
}

/* One more than the value of each character of the alphabet; 0 is none of it. */
static const uint8_t values64[256] = {
	['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,
	['H'] = 8,  ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14,
	['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21,
	['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28,
	['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35,
	['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
	['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49,
	['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
	['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63,
	['/'] = 64,
};

/* The bytes of one group of four characters; -1 for a character that does not belong. */
static int decode_quad(uint8_t out[3], const char *quad, bool last)
{
	size_t pad = last && quad[3] == '=' ? (quad[2] == '=' ? 2 : 1) : 0;
	uint32_t bits = 0;

	for (size_t k = 0; k < 4; k++) {
		int value = k >= 4 - pad ? 0 : values64[(uint8_t)quad[k]] - 1;

		if (value < 0)
			return -1;
		bits = bits << 6 | (uint32_t)value;
	}
	out[0] = (uint8_t)(bits >> 16);
	out[1] = (uint8_t)(bits >> 8);
	out[2] = (uint8_t)bits;
	return (int)(3 - pad);
}

int base64_decode(struct buf *out, const char *text, size_t len)
{
	size_t start = out->len, filled = 0;
	uint8_t block[BLOCK];

	if (len % 4)
		return -EBADMSG;
	for (size_t i = 0; i < len; i += 4) {
		const uint8_t *quad = (const uint8_t *)text + i;
		uint8_t *triple = block + filled;
		uint32_t a = values64[quad[0]], b = values64[quad[1]];
		uint32_t c = values64[quad[2]], d = values64[quad[3]];
		int count = 3;

		if (a && b && c && d) {
			triple[0] = (uint8_t)((a - 1) << 2 | (b - 1) >> 4);
			triple[1] = (uint8_t)((b - 1) << 4 | (c - 1) >> 2);
			triple[2] = (uint8_t)((c - 1) << 6 | (d - 1));
		} else {
			count = decode_quad(triple, text + i, i + 4 == len);
		}

		if (count < 0) {
			out->len = start;
			if (out->data)
				out->data[start] = '\0';
			return -EBADMSG;
		}
		filled += (size_t)count;
		if (filled + 3 > sizeof(block) || i + 4 == len) {
			buf_append(out, block, filled);
			filled = 0;
		}
	}
	return 0;
}

static const char hex_digits[] = "0123456789abcdef";

void hex_encode(char *out, const void *data, size_t len)
{
	const uint8_t *in = data;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = hex_digits[in[i] >> 4];
		out[2 * i + 1] = hex_digits[in[i] & 15];
	}
	out[2 * len] = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Two digits already checked. */
static uint8_t hex_byte(const char *text)
{
	return (uint8_t)((unsigned)hex_value(text[0]) << 4 | (unsigned)hex_value(text[1]));
}

int hex_decode(void *out, size_t size, const char *text, size_t len)
{
	uint8_t *bytes = out;

	if (len != 2 * size)
		return -EBADMSG;
	for (size_t i = 0; i < len; i++)
		if (hex_value(text[i]) < 0)
			return -EBADMSG;
	for (size_t i = 0; i < size; i++)
		bytes[i] = hex_byte(text + 2 * i);
	return 0;
}

static bool is_letter_or_digit(unsigned char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

void percent_encode_but(struct buf *out, const char *text, size_t len, const char *keep)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (is_letter_or_digit(c) || (c && strchr(keep, c))) {
			buf_append_char(out, (char)c);
		} else {
			char *at = buf_extend(out, 3);

			at[0] = '%';
			at[1] = digits[c >> 4];
			at[2] = digits[c & 15];
		}
	}
}

void percent_encode(struct buf *out, const char *text, size_t len)
{
	percent_encode_but(out, text, len, "-._~");
}

int percent_decode(struct buf *out, const char *text, size_t len, int plus_is_space)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == '%' &&
		    (i + 2 >= len || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0))
			return -EBADMSG;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '%') {
			c = (char)hex_byte(text + i + 1);
			i += 2;
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		buf_append_char(out, c);
	}
	return 0;
}
