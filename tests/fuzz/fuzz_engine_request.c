/* A "create call" body of any JSON: refused with errors, or read into settings and a Call object.
 */
#include "engine/call_request.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_json json_t *body = NULL, *errors = json_object(), *call = NULL;
	struct conversation_conf conf;

	if (json_parse(&body, (const char *)data, size, NULL) != 0)
		return 0;
	if (!call_request_check(body, errors)) {
		if (json_object_size(errors) == 0)
			abort();
		return 0;
	}
	call = call_request_to_call(body);
	call_request_conf(&conf, body);
	call_request_conf_free(&conf);
	if (json_object_get(call, "sharedSecrets"))
		abort();
	return 0;
}
