/* base64, hex and percent-encoding: any bytes survive the way there and back, any text the way in.
 */
#include "core/buf.h"
#include "core/encoding.h"
#include "core/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void same(const struct buf *buf, const uint8_t *data, size_t size)
{
	if (buf->len != size || (size && memcmp(buf->data, data, size)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf struct buf coded = {0}, back = {0}, loose = {0};
	auto_free char *hex = mem_alloc(2 * size + 1);
	auto_free uint8_t *bytes = mem_alloc(size + 1);
	const char *text = (const char *)data;

	base64_decode(&loose, text, size);
	percent_decode(&loose, text, size, 1);
	hex_decode(bytes, size / 2, text, size);

	base64_encode(&coded, data, size);
	if (base64_decode(&back, coded.data, coded.len))
		abort();
	same(&back, data, size);
	buf_consume(&coded, coded.len);
	buf_consume(&back, back.len);
	percent_encode(&coded, text, size);
	if (percent_decode(&back, coded.data, coded.len, 0))
		abort();
	same(&back, data, size);
	hex_encode(hex, data, size);
	if (hex_decode(bytes, size, hex, 2 * size) || memcmp(bytes, data, size))
		abort();
	return 0;
}
