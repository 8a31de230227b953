/* The voice session of a call at the engine. */
#pragma once

#include "platform/platform_priv.h"

/*
 * Make a session for task->call and note it (CALL_EV_SESSION). then gets err 0 with the call's
 * join_url set, or the error of the provider with its reason; -EAGAIN and connection errors may
 * pass.
 */
void session_create(struct task *task, task_step_h *then);

/* The session was made so long ago that nobody may join it any more. */
bool session_is_stale(const struct platform *platform, const struct call *call);

/* Whether a failed vendor request might work a little later. */
bool provider_error_may_pass(int err);

/* Why the engine says its call ended, as CALL_END_*; NULL when it does not (yet), or nobody joined.
 */
const char *session_end_reason(const struct ultravox_call *session);
