/* Data messages of clients: any JSON, and what is accepted keeps the promises of the header. */
#include "core/mem.h"
#include "engine/data_message.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_json json_t *json = NULL;
	struct data_message message;
	char error[160] = "";
	int err;

	if (json_parse(&json, (const char *)data, size, NULL))
		return 0;
	err = data_message_parse(&message, json, error);
	if (err == -EINVAL && !*error)
		abort();
	if (!err && (!message.text || strlen(message.text) > 4u * DATA_MESSAGE_MAX_TEXT))
		abort();
	return 0;
}
