#include "core/encoding.h"

#include "core/buf.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode64(struct buf *out, const char *alphabet, bool pad, const uint8_t *in, size_t len)
{
	for (size_t i = 0; i < len; i += 3) {
		uint32_t bits = (uint32_t)in[i] << 16;
		size_t chars = 2;
		char quad[4];

		if (i + 1 < len) {
			bits |= (uint32_t)in[i + 1] << 8;
			chars++;
		}
		if (i + 2 < len) {
			bits |= in[i + 2];
			chars++;
		}
		for (size_t k = 0; k < 4; k++)
			quad[k] = k < chars ? alphabet[(bits >> (18 - 6 * k)) & 63] : '=';
		buf_append(out, quad, pad ? 4 : chars);
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

static int value64(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* The bytes of one group of four characters; -1 for a character that does not belong. */
static int decode_quad(uint8_t out[3], const char *quad, bool last)
{
	size_t pad = last && quad[3] == '=' ? (quad[2] == '=' ? 2 : 1) : 0;
	uint32_t bits = 0;

	for (size_t k = 0; k < 4; k++) {
		int value = k >= 4 - pad ? 0 : value64(quad[k]);

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
	size_t start = out->len;
	uint8_t triple[3];

	if (len % 4)
		return -EBADMSG;
	for (size_t i = 0; i < len; i += 4) {
		int count = decode_quad(triple, text + i, i + 4 == len);

		if (count < 0) {
			out->len = start;
			if (out->data)
				out->data[start] = '\0';
			return -EBADMSG;
		}
		buf_append(out, triple, (size_t)count);
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

void percent_encode(struct buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x80 && (isalnum(c) || strchr("-._~", c)) && c)
			buf_append_char(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
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
