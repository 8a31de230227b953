/* Inbound calls: a webhook of the carrier becomes a call with a voice session. */
#pragma once

#include "platform/platform_priv.h"

/* What a caller hears when there is no agent to talk to. */
#define INBOUND_APOLOGY                                                                      \
	"We are sorry, but we cannot take your call at the moment. Please try again later. " \
	"Goodbye."

struct inbound_params {
	const char *sid;            /* NULL: from a browser */
	const char *from;           /* E.164, sip:, "anonymous"... */
	const char *to;             /* our number; NULL: none */
	const char *agent;          /* that answers it; NULL: the built-in one of that number, or
				       DEFAULT_AGENT */
	const struct principal *by; /* whose wish it is; outlives the task; NULL: the caller's */
};

/*
 * Make the call of task->tenant_id, or find it when the webhook came before, and its session. then
 * gets err 0 with task->call, whose join_url is set unless the call is over; on failure the call is
 * FAILED already.
 */
void inbound_take(struct task *task, const struct inbound_params *params, task_step_h *then);
