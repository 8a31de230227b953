/* Table call_payload: what vendors sent about a call, as it came, sealed. */
#pragma once

#include "platform/store/batch.h"

enum { STORE_PAYLOADS_A_CALL = 200 };

/* Nothing when the call has STORE_PAYLOADS_A_CALL already. */
struct store_payload {
	const char *tenant_id;
	const char *call_id;
	const char *id;     /* UUIDv7: payloads are in the order of their ids */
	const char *source; /* "twilio", "ultravox" */
	const char *kind;   /* "status", "call.ended" */
	const char *content_type;
	const char *body;
	int64_t size_bytes; /* of what came, of which body may be the beginning */
	int64_t at;
};
void store_payload_insert(struct batch *batch, const struct store_payload *payload);

/* id, source, kind, content_type, body, size_bytes, received_at; as they came. */
void store_payload_select(struct batch *batch, const char *tenant_id, const char *call_id);
