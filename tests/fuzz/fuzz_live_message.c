/* live_message_parse() of any bytes: what it accepts is written and read back the same. */
#include "platform/live_message.h"

#include "core/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = mem_alloc(size + 1);
	struct live_message message, again;
	struct buf written auto_buf = {0};

	if (size)
		memcpy(text, data, size);
	if (live_message_parse(&message, text, size))
		return 0;
	if (message.kind == LIVE_MESSAGE_NOTE ? *message.data : !*message.data)
		abort();
	live_message_write(&written, &message);
	if (live_message_parse(&again, written.data, written.len) || message.seq != again.seq ||
	    message.at != again.at || strcmp(message.type, again.type) != 0 ||
	    strcmp(message.tenant_id, again.tenant_id) != 0 ||
	    strcmp(message.call_id, again.call_id) != 0 || strcmp(message.data, again.data) != 0)
		abort();
	return 0;
}
