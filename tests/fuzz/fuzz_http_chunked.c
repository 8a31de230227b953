/* chunked_decode() of any bytes: bounded, and the same however the bytes are cut. */
#include "core/buf.h"
#include "http/chunked.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 300 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf struct buf whole = {0}, pieces = {0};
	struct chunked a = {0}, b = {0};
	int result = chunked_decode(&a, &whole, MAX_BYTES, (const char *)data, size);
	int again = 0;

	for (size_t i = 0; i < size && !again; i++)
		again = chunked_decode(&b, &pieces, MAX_BYTES, (const char *)data + i, 1);
	if (whole.len > MAX_BYTES || pieces.len > MAX_BYTES)
		abort();
	if (result >= 0 && (result != again || whole.len != pieces.len ||
			    (whole.len && memcmp(whole.data, pieces.data, whole.len))))
		abort();
	return 0;
}
