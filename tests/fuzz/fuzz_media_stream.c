/* Messages of media stream servers. */
#include "carrier/stream_message.h"
#include "core/buf.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream_message message;
	auto_buf struct buf payload = {0};
	char error[JSON_ERROR_SIZE];

	(void)stream_message_parse(&message, &payload, (const char *)data, size, "MZ0", error);
	return 0;
}
