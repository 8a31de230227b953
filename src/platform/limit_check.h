/* May this call be made? The limits of a task's tenant, asked before a call is made or dialled. */
#pragma once

#include "platform/call_limit.h"
#include "platform/platform_priv.h"

struct limit_verdict {
	int err;           /* 0, -EPERM (destination), -EDQUOT (a cap), or a database error */
	const char *field; /* of the request or of the limits; NULL unless refused */
	const char *reason;
	int64_t not_before; /* question's when, or the end of the quiet hours it lies in */
};

/* Once; verdict is valid during the handler. */
typedef void limit_checked_h(struct task *task, const struct limit_verdict *verdict);

struct limit_question {
	const char *address; /* where the call goes; lives until the handler has run */
	int64_t when;        /* it is to be dialled */
	int64_t at;          /* when it was created; its periods are asked for */
	/* To look at caps as well: with one more call of that length, or with what is counted. */
	bool caps;
	bool one_more;
	int64_t max_duration_s;
};

/* Uses task->request of no step, and task->state. */
void limit_check(struct task *task, const struct limit_question *question,
		 limit_checked_h *checkedh);
