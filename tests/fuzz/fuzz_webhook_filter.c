/* webhook_filter() of any JSON: what it accepts is shown again as it came. */
#include "core/json.h"
#include "core/mem.h"
#include "platform/webhook.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_json json_t *json = NULL, *view = NULL;
	auto_free char *filter = NULL;
	char bad[80] = "";

	if (json_parse(&json, (const char *)data, size, NULL))
		return 0;
	filter = webhook_filter(json, bad);
	if (!filter) {
		if (!*bad)
			abort();
		return 0;
	}
	view = webhook_filter_view(filter);
	if (!json_equal(json, view))
		abort();
	return 0;
}
