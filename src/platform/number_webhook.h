/*
 * At the carrier, a number's webhooks say whom to ask when it is called. Pointing them here is a
 * job: what the carrier answers is kept with the number ("pending", then "set" or "failed").
 */
#pragma once

#include <stdint.h>

struct batch;
struct platform;
struct principal;

/* Add what it takes to the batch; job_queue_wake() after the commit. number lives as long as it. */
void number_webhook_want(struct batch *batch, const char *tenant_id, const char *number,
			 const struct principal *by, int64_t at);

/* Handle JOB_NUMBER jobs; before the queue is started. */
void number_webhook_setup(struct platform *platform);
