#include "core/buf.h"

#include "core/mem.h"
#include "core/str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void grow(struct buf *buf, size_t extra)
{
	size_t cap = buf->cap ? buf->cap : 64;

	if (extra > SIZE_MAX / 2 - buf->len)
		abort();
	while (cap < buf->len + extra + 1)
		cap *= 2;
	buf->data = mem_realloc(buf->data, cap);
	buf->cap = cap;
}

/* Most of what is appended is short and finds room. */
static inline void reserve(struct buf *buf, size_t extra)
{
	if (buf->cap <= buf->len || extra >= buf->cap - buf->len)
		grow(buf, extra);
}

void buf_reserve(struct buf *buf, size_t len)
{
	reserve(buf, len);
	buf->data[buf->len] = '\0';
}

char *buf_extend(struct buf *buf, size_t len)
{
	char *at;

	reserve(buf, len);
	at = buf->data + buf->len;
	buf->len += len;
	at[len] = '\0';
	return at;
}

void buf_append(struct buf *buf, const void *data, size_t len)
{
	char *at = buf_extend(buf, len);

	if (len)
		memcpy(at, data, len);
}

void buf_append_str(struct buf *buf, const char *str)
{
	buf_append(buf, str, strlen(str));
}

void buf_append_char(struct buf *buf, char c)
{
	*buf_extend(buf, 1) = c;
}

void buf_append_int(struct buf *buf, int64_t value)
{
	char text[STR_INT_SIZE];

	buf_append(buf, text, str_from_int(text, value));
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list ap, again;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		abort();
	reserve(buf, (size_t)len);
	vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, again);
	va_end(again);
	buf->len += (size_t)len;
}

void buf_consume(struct buf *buf, size_t len)
{
	if (len > buf->len)
		len = buf->len;
	if (!len)
		return;
	memmove(buf->data, buf->data + len, buf->len - len);
	buf->len -= len;
	buf->data[buf->len] = '\0';
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

void buf_free(struct buf *buf)
{
	mem_free(buf->data);
	memset(buf, 0, sizeof(*buf));
}

char *buf_steal(struct buf *buf)
{
	char *data = buf->data ? buf->data : mem_strdup("");

	memset(buf, 0, sizeof(*buf));
	return data;
}

const char *buf_str(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}
