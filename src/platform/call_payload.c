#include "platform/call_payload.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "http/http_server.h"
#include "platform/platform_priv.h"
#include "platform/store/call_payload.h"

#include <string.h>

enum { MOST_BYTES = 16 * 1024 };

/* No more than MOST_BYTES, cut between characters; NULL for what is no text. */
static char *text_of(const char *body, size_t len)
{
	size_t end = len < MOST_BYTES ? len : MOST_BYTES;
	char *text;

	while (end && end < len && ((unsigned char)body[end] & 0xc0) == 0x80)
		end--;
	if (!str_is_utf8(body, end) || memchr(body, '\0', end))
		return NULL;
	text = mem_alloc(end + 1);
	memcpy(text, body, end);
	return text;
}

void call_payload_keep(struct platform *platform, const char *tenant_id, const char *call_id,
		       const char *source, const char *kind, struct http_request *req)
{
	const char *type = http_request_header(req, "content-type");
	char id[UUID_SIZE];
	size_t len;
	const char *body = http_request_body(req, &len);
	char *auto_free text = NULL;
	struct batch batch auto_batch = {0};
	struct store_payload payload = {
		.tenant_id = tenant_id,
		.call_id = call_id,
		.id = id,
		.source = source,
		.kind = kind,
		.content_type =
			type && strlen(type) < 100 && str_is_utf8(type, strlen(type)) ? type : "",
		.size_bytes = (int64_t)len,
		.at = clock_wall_us(),
	};

	if (!platform->api.settings->keep_payloads)
		return;
	payload.body = text = text_of(body, len);
	if (!text)
		return;
	uuid_new(id);
	store_payload_insert(&batch, &payload);
	batch_run(&batch, NULL, platform->api.db, NULL, NULL);
}
