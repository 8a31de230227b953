/* TwiML comes from customers' servers: no document may crash or leak. */
#include "carrier/twiml.h"
#include "core/buf.h"
#include "core/mem.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct twiml *twiml = NULL;
	struct twiml_error error;
	/* Bodies of the HTTP client end with a NUL, and may hold others. */
	auto_buf struct buf text = {0};

	buf_append(&text, data, size);
	if (!twiml_parse(&twiml, buf_str(&text), size, &error))
		mem_unref(twiml);
	return 0;
}
