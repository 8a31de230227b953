/* Whose number was called, and who answers it. */
#pragma once

#include "platform/platform_priv.h"

/*
 * Set task->tenant_id to the tenant that number belongs to; numbers nobody owns are STORE_TENANT's.
 * Until the next step, number_owner_agent() is the agent it is assigned to, or NULL.
 */
void number_owner_find(struct task *task, const char *number, task_step_h *then);
const char *number_owner_agent(const struct task *task);
