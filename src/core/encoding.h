/* Bytes as text: base64 (RFC 4648), hex, percent-encoding (RFC 3986). */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buf;

void base64_encode(struct buf *out, const void *data, size_t len);
void base64url_encode(struct buf *out, const void *data, size_t len); /* no padding */

/* Append the decoded bytes. Returns 0, or -EBADMSG and leaves out alone. */
int base64_decode(struct buf *out, const char *text, size_t len);

/* The same without a buffer: padded text into out, which has room for BASE64_LEN(len) characters
 * (no NUL is written). Returns how many they are. */
#define BASE64_LEN(len_) (((len_) + 2) / 3 * 4)
size_t base64_write(char *out, const void *data, size_t len);

/* Lower-case hex; out has room for 2 * len + 1. */
void hex_encode(char *out, const void *data, size_t len);

/* Exactly 2 * size hex digits of either case. Returns 0 or -EBADMSG. */
int hex_decode(void *out, size_t size, const char *text, size_t len);

/* Everything but unreserved characters becomes %XX. */
void percent_encode(struct buf *out, const char *text, size_t len);
/* The same, but what is in keep stays as it is, besides letters and digits. */
void percent_encode_but(struct buf *out, const char *text, size_t len, const char *keep);

/*
 * Append the decoded bytes; with plus_is_space, '+' decodes to a space (HTML form data).
 * Returns 0, or -EBADMSG for a stray '%' and leaves out alone.
 */
int percent_decode(struct buf *out, const char *text, size_t len, int plus_is_space);
