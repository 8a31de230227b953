/* What an S3 store answers, and the tokens of links to calls: any bytes are read or refused. */
#include "core/mem.h"
#include "platform/call_link.h"
#include "provider/s3.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = mem_strndup((const char *)data, size);
	struct call_link link;
	char out[64];

	if (s3_xml_text(out, sizeof(out), text, "Code") && strlen(out) >= sizeof(out))
		abort();
	if (!call_link_parse(&link, text) && (!*link.tenant_id || !uuid_is_valid(link.call_id) ||
					      !uuid_is_valid(link.id) || link.expires_s < 1))
		abort();
	return 0;
}
