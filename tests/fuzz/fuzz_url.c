/* http_url_parse() of any text: whatever it accepts keeps the promises of the header. */
#include "http/http_url.h"

#include "core/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = mem_strndup((const char *)data, size);
	struct http_url url;

	if (http_url_parse(&url, text))
		return 0;
	if (!url.port || !*url.host || strpbrk(url.host, "/?#@ \r\n[]") || !url.target_len ||
	    !strchr("/?", *url.target) || memchr(url.target, '#', url.target_len))
		abort();
	return 0;
}
