/* What vendors sent about calls, kept as it came for whoever looks into one (KEEP_PAYLOADS). */
#pragma once

#include <stddef.h>

struct http_request;
struct platform;

/*
 * Keep the body of a vendor's request that has passed its signature; the beginning of a long one.
 * It fails for itself: the request is none the worse for it. source and kind are copied.
 */
void call_payload_keep(struct platform *platform, const char *tenant_id, const char *call_id,
		       const char *source, const char *kind, struct http_request *req);
