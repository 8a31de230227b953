/* traceparent_parse() of any text: what it accepts has ids, and is written and read back the same.
 */
#include "core/mem.h"
#include "core/trace.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t none[TRACE_ID_LEN];
	auto_free char *text = mem_strndup((const char *)data, size);
	struct trace_context context, again;
	char written[TRACEPARENT_SIZE];

	if (traceparent_parse(&context, text))
		return 0;
	if (!memcmp(context.trace_id, none, TRACE_ID_LEN) ||
	    !memcmp(context.span_id, none, SPAN_ID_LEN))
		abort();
	traceparent_format(written, &context);
	if (strlen(written) != TRACEPARENT_SIZE - 1 || traceparent_parse(&again, written) ||
	    memcmp(again.trace_id, context.trace_id, TRACE_ID_LEN) ||
	    memcmp(again.span_id, context.span_id, SPAN_ID_LEN) ||
	    again.sampled != context.sampled || memcmp(written + 3, text + 3, 49))
		abort();
	return 0;
}
