/* The weights file is read from a path in the settings: whatever it holds must not hurt. */
#include "core/digest.h"
#include "core/mem.h"
#include "speech/telephone_map.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_unref struct telephone_map *map = NULL;
	auto_free uint8_t *signed_copy = mem_memdup(data, size);

	telephone_map_parse(&map, data, size);
	if (size <= 64)
		return 0;
	/* Past the checksum, which the fuzzer would never get right. */
	map = mem_unref(map);
	digest_sha256(signed_copy + 32, signed_copy + 64, size - 64);
	if (telephone_map_parse(&map, signed_copy, size) == 0) {
		struct map_stream stream = {.seen = 0};
		float frame[MAP_CEPSTRA] = {40.0f};

		for (int i = 0; i < 6; i++)
			telephone_map_push(map, &stream, frame, frame);
		while (telephone_map_pull(map, &stream, frame))
			;
	}
	return 0;
}
