/*
 * Sends what webhook_tell() recorded. The rows of webhook_delivery are the truth: a sender looks
 * for endpoints that have something due, takes one by a lease (so that at any time one process of
 * all sends to an endpoint, and a limit on what it gets at once holds), sends what is due, and
 * gives it back. The leases of a process that died pass within seconds. A receiver may get an event
 * twice, with the same id.
 *
 * Why endpoints are leased and not deliveries queued as jobs: a receiver that answers slowly, or
 * not at all, delays nobody else's events, however many wait for it.
 */
#pragma once

#include "platform/webhook_policy.h"

#include <stddef.h>

struct db;
struct http_client;
struct live;
struct loop;
struct webhook_sender;

struct webhook_sender_conf {
	struct loop *loop;
	struct db *db;
	struct http_client *client;
	struct live *live;   /* may be NULL */
	uint32_t timeout_ms; /* of one attempt */
	uint32_t keep_s;     /* how long deliveries are kept */
	struct webhook_policy policy;
};

/* conf is copied, its objects outlive the sender. mem_unref() gives the leases back. */
struct webhook_sender *webhook_sender_new(const struct webhook_sender_conf *conf);
void webhook_sender_start(struct webhook_sender *sender);

/* Something is due. NULL is fine. */
void webhook_sender_wake(struct webhook_sender *sender);

/* Start nothing more, for a clean stop; webhook_sender_running() counts what is under way. */
void webhook_sender_stop(struct webhook_sender *sender);
size_t webhook_sender_running(const struct webhook_sender *sender);
