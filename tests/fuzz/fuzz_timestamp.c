/* Times from peers: what is accepted is written as text that means the same time. */
#include "core/mem.h"
#include "core/timestamp.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = mem_strndup((const char *)data, size);
	char out[TIMESTAMP_SIZE];
	int64_t us, again;

	if (!timestamp_parse_iso(&us, text)) {
		timestamp_iso(out, us);
		if (timestamp_parse_iso(&again, out) || again != us)
			abort();
	}
	if (!timestamp_parse_rfc2822(&us, text)) {
		timestamp_rfc2822(out, us);
		if (timestamp_parse_rfc2822(&again, out) || again != us)
			abort();
	}
	return 0;
}
