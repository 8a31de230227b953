#include "http/chunked.h"

#include "core/buf.h"

#include <errno.h>

enum { SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER_START, TRAILER, END_LF };
enum { MAX_DIGITS = 8, MAX_EXTRA_BYTES = 4096 };

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int go(struct chunked *chunked, int state)
{
	chunked->state = state;
	return 0;
}

static int expect(struct chunked *chunked, char c, char wanted, int next)
{
	return c == wanted ? go(chunked, next) : -EBADMSG;
}

static int size_character(struct chunked *chunked, char c)
{
	int value = digit(c);

	if (value >= 0) {
		chunked->left = chunked->left * 16 + (uint64_t)value;
		return ++chunked->count > MAX_DIGITS ? -EMSGSIZE : 0;
	}
	if (!chunked->count)
		return -EBADMSG;
	chunked->count = 0;
	return c == ';' ? go(chunked, EXTENSION) : expect(chunked, c, '\r', SIZE_LF);
}

/* Every state but DATA takes one character. Returns as chunked_decode(). */
static int step(struct chunked *chunked, char c)
{
	switch (chunked->state) {
	case SIZE:
		return size_character(chunked, c);
	case EXTENSION:
		if (c == '\r')
			return go(chunked, SIZE_LF);
		return ++chunked->count > MAX_EXTRA_BYTES ? -EMSGSIZE : 0;
	case SIZE_LF:
		chunked->count = 0;
		return expect(chunked, c, '\n', chunked->left ? DATA : TRAILER_START);
	case DATA_CR:
		return expect(chunked, c, '\r', DATA_LF);
	case DATA_LF:
		return expect(chunked, c, '\n', SIZE);
	case TRAILER_START:
		return go(chunked, c == '\r' ? END_LF : TRAILER);
	case TRAILER:
		if (c == '\n')
			return go(chunked, TRAILER_START);
		return ++chunked->count > MAX_EXTRA_BYTES ? -EMSGSIZE : 0;
	default: /* END_LF */
		return c == '\n' ? 1 : -EBADMSG;
	}
}

int chunked_decode(struct chunked *chunked, struct buf *out, size_t max, const char *data,
		   size_t len)
{
	while (len) {
		size_t part = 1;
		int result = 0;

		if (chunked->state == DATA) {
			part = chunked->left < len ? (size_t)chunked->left : len;
			if (part > max - out->len)
				return -EMSGSIZE;
			buf_append(out, data, part);
			chunked->left -= part;
			if (!chunked->left)
				chunked->state = DATA_CR;
		} else {
			result = step(chunked, *data);
		}
		if (result)
			return result;
		data += part;
		len -= part;
	}
	return 0;
}
