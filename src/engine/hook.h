/*
 * Webhooks: events of calls posted, signed, to the account's webhooks and to the calls' own
 * callbacks. Anything but a 2xx is tried again, ten times, 30 s later at first and then twice as
 * late every time; what is pending survives a restart. A delivery may come twice, never not at all.
 */
#pragma once

#include "core/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hooks;
struct http_client;
struct journal;
struct loop;

enum { HOOK_MAX_RETRIES = 10, HOOK_MAX_PENDING = 10000, HOOK_MAX_WEBHOOKS = 100 };

struct hooks_conf {
	uint32_t retry_ms; /* before the first retry; 0 means 30000 */
};

/* client and journal are referenced. Reads what the journal holds. Owned by the caller. */
struct hooks *hooks_new(struct loop *loop, struct http_client *client, struct journal *journal,
			const struct hooks_conf *conf);

/*
 * event: "call.started", "call.joined", "call.ended", "call.billed". callbacks: the call's own,
 * with their secrets, {"ended":{"url":..,"secrets":[..]}..}; may be NULL. Deliveries go into the
 * journal at once: ahead of whatever is journalled after this.
 */
void hooks_fire(struct hooks *hooks, const char *event, const json_t *call,
		const json_t *callbacks);

size_t hooks_pending(const struct hooks *hooks);

/* Account webhooks. Objects as the API shows them, secrets included; borrowed. */
json_t *hooks_list(const struct hooks *hooks); /* array; owned by the caller */
const json_t *hooks_find(const struct hooks *hooks, const char *webhook_id);
/* ret_webhook: borrowed. Returns 0, -EINVAL with errors filled, or -ENOSPC. */
int hooks_create(struct hooks *hooks, const json_t *body, const json_t **ret_webhook,
		 json_t *errors);
/* partial: PATCH rather than PUT. Returns 0, -ENOENT, or -EINVAL. */
int hooks_update(struct hooks *hooks, const char *webhook_id, const json_t *body, bool partial,
		 const json_t **ret_webhook, json_t *errors);
int hooks_delete(struct hooks *hooks, const char *webhook_id);

/* X-Ultravox-Webhook-Signature: HMAC-SHA256 of body and timestamp, hex, one a secret. */
struct buf;
void hook_sign(struct buf *out, const json_t *secrets, const char *body, const char *timestamp);
