/* TwiML comes from customers' servers: no document may crash or leak. */
#include "carrier/twiml.h"
#include "core/mem.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct twiml *twiml = NULL;
	struct twiml_error error;
	/* The HTTP client ends bodies with a NUL. */
	char *text = mem_strndup((const char *)data, size);

	if (!twiml_parse(&twiml, text, size, &error))
		mem_unref(twiml);
	mem_free(text);
	return 0;
}
