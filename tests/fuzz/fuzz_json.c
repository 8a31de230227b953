/* json_parse() of any bytes: what it accepts can be written and read again, and is the same. */
#include "core/json.h"
#include "core/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_json json_t *json = NULL, *again = NULL;
	auto_free char *text = NULL;
	char error[JSON_ERROR_SIZE] = "";

	if (json_parse(&json, (const char *)data, size, error)) {
		if (!*error || json)
			abort();
		return 0;
	}
	text = json_text(json);
	if (json_parse(&again, text, strlen(text), NULL) || !json_equal(json, again))
		abort();
	json_get_str(json, "a", "");
	json_get_int(json, "a", 0);
	json_get_number(json, "a", 0);
	json_get_bool(json, "a", false);
	return 0;
}
