/* Decoder of the chunked transfer coding (RFC 9112, 7.1): private to http/. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buf;

/* All zero is the start of a body. */
struct chunked {
	int state;
	uint64_t left;  /* bytes of the chunk still to come */
	uint32_t count; /* digits of a size, bytes of extensions or trailers */
};

/*
 * Append what data holds to out, to max bytes at most. Returns 1 when the body is complete (what
 * follows is ignored), 0 when more must come, -EBADMSG or -EMSGSIZE.
 */
int chunked_decode(struct chunked *chunked, struct buf *out, size_t max, const char *data,
		   size_t len);
