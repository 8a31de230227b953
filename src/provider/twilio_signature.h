/* X-Twilio-Signature: who sent this webhook. Reference: Twilio "Webhooks security". */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct form;

/*
 * Append the base64 signature of a request: url exactly as requested (a fragment is cut off),
 * params the form fields of a POST or NULL. auth_token is the account's own, never an API key's
 * secret.
 */
void twilio_sign(struct buf *out, const char *auth_token, const char *url,
		 const struct form *params);

/*
 * Is signature one that the holder of auth_token gave to this request? url is the public one, from
 * our settings; the vendor may sign it with or without the scheme's default port, and either
 * counts. body (may be NULL) is the raw body of a request that is no form: the URL's bodySHA256
 * must match it. A missing or empty token or signature is never valid.
 */
bool twilio_signature_valid(const char *auth_token, const char *signature, const char *url,
			    const struct form *params, const void *body, size_t body_len);
