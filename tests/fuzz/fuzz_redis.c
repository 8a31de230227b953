/* URLs of Redis, redirections of a cluster, keys: what is accepted keeps the promises of the
 * header.
 */
#include "state/redis_url.h"

#include "core/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void check_address(const struct redis_address *address)
{
	if (!address->port || strpbrk(address->host, "/?#@ \r\n[]"))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = mem_strndup((const char *)data, size);
	struct redis_redirect redirect;
	struct redis_url url;
	const char *reason = NULL;

	if (redis_slot(text) >= REDIS_SLOTS)
		abort();
	if (!redis_redirect_parse(&redirect, (const char *)data, size)) {
		if (redirect.slot >= REDIS_SLOTS)
			abort();
		check_address(&redirect.to);
	}
	if (redis_url_parse(&url, text, &reason)) {
		if (!reason)
			abort();
		return 0;
	}
	if (!url.host_count || url.host_count > REDIS_MAX_HOSTS ||
	    (url.kind == REDIS_SINGLE && url.host_count != 1) ||
	    (url.kind == REDIS_SENTINEL && !url.primary[0]))
		abort();
	for (size_t i = 0; i < url.host_count; i++) {
		check_address(&url.hosts[i]);
		if (!url.hosts[i].host[0])
			abort();
	}
	return 0;
}
