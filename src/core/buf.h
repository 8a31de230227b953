/* Growable byte buffer, always followed by a NUL so that data can be read as a string. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data; /* NULL while nothing was ever added */
	size_t len;
	size_t cap;
};

void buf_append(struct buf *buf, const void *data, size_t len);
void buf_append_str(struct buf *buf, const char *str);
void buf_append_char(struct buf *buf, char c);
void buf_append_int(struct buf *buf, int64_t value); /* in decimal */
/* Make the buffer len bytes longer; returns where the caller writes them. */
char *buf_extend(struct buf *buf, size_t len);
/* Room for len bytes more, so that adding them one by one moves nothing. */
void buf_reserve(struct buf *buf, size_t len);
void buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Drop len bytes (at most buf->len) from the front. */
void buf_consume(struct buf *buf, size_t len);
void buf_clear(struct buf *buf); /* empty, memory kept */
void buf_free(struct buf *buf);  /* empty, memory released; may be used again */

/* The content as a string owned by the caller (mem_free); the buffer is empty afterwards. */
char *buf_steal(struct buf *buf);

/* The content as a string; "" when empty. Valid until the buffer changes. */
const char *buf_str(const struct buf *buf);

#define auto_buf __attribute__((cleanup(buf_free)))
