/*
 * Who sent this: Ultravox webhooks (X-Ultravox-Webhook-Signature) and data connections
 * (X-Ultravox-Signature). Both are a comma-separated list of HMAC-SHA256 digests in hex, one a
 * secret.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Is one digest of signature that of body followed by timestamp, and timestamp (the header as sent)
 * within tolerance_s of now_us (UTC)? A missing or empty secret, signature or timestamp is never
 * valid.
 */
bool ultravox_webhook_valid(const char *secret, const char *signature, const char *timestamp,
			    const void *body, size_t body_len, int64_t now_us, int64_t tolerance_s);

/* The same for a data connection: signed are the Ultravox call id and the timestamp. */
bool ultravox_data_valid(const char *secret, const char *signature, const char *timestamp,
			 const char *ultravox_call_id, int64_t now_us, int64_t tolerance_s);
