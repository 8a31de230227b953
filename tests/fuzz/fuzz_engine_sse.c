/* sse_feed() of any bytes, in two pieces: the same events as in one, none longer than the bound. */
#include "engine/sse.h"

#include "core/buf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void collect(const char *data, size_t len, void *arg)
{
	if (len > SSE_MAX_EVENT || data[len] != '\0')
		abort();
	buf_append(arg, data, len);
	buf_append_char(arg, '|');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sse whole = {0}, split = {0};
	struct buf one = {0}, two = {0};
	size_t cut = size ? data[0] % size : 0;

	sse_feed(&whole, (const char *)data, size, collect, &one);
	sse_feed(&split, (const char *)data, cut, collect, &two);
	sse_feed(&split, (const char *)data + cut, size - cut, collect, &two);
	if (one.len != two.len || (one.len && memcmp(one.data, two.data, one.len) != 0))
		abort();
	sse_reset(&whole);
	sse_reset(&split);
	buf_free(&one);
	buf_free(&two);
	return 0;
}
