/* What the carrier says about a call, turned into events of the call. */
#pragma once

#include "platform/platform_priv.h"

/* "queued", "initiated", "ringing"... to an event. Returns 0 or -EINVAL for words we do not know.
 */
int carrier_status_event(enum call_event *ret_event, const char *status);

/* As told by a callback or by the REST API. Strings are borrowed and may be NULL. */
struct carrier_report {
	const char *status;
	const char *sid;
	const char *answered_by;
	int64_t sip_code;   /* final response, 0 when not said */
	int64_t started_us; /* 0 when not said */
	int64_t ended_us;
	int64_t duration_s;     /* of the conversation; -1 when not said */
	const char *end_reason; /* who ended it, when somebody said so; CALL_END_* */
	const char *receipt;    /* see struct call_change */
	bool is_fresh;          /* task->call was read a moment ago */
};

/* Apply the report to task->call. Unknown statuses only leave the SID behind. */
void carrier_status_apply(struct task *task, const struct carrier_report *report,
			  task_step_h *then);

/* Ask the carrier for task->call (which has a SID) and apply the answer; one it does not know is
 * LOST. */
void carrier_status_settle(struct task *task, task_step_h *then);

/*
 * Tell the carrier to end task->call (which has a SID), then apply what it says: completed once
 * answered, canceled before. then may find the call still live: the status callback follows.
 */
void carrier_end(struct task *task, task_step_h *then);

/* Handler of overdue calls, see call_table_on_overdue(); arg is the platform. */
void carrier_overdue(struct call *call, void *arg);

/*
 * Find out whether the carrier has task->call although we know no SID: ret 0 when it is now known,
 * -ENOENT when the carrier has no such call, -ENOTUNIQ when several might be it, other errors when
 * it could not be asked.
 */
void carrier_lookup(struct task *task, task_step_h *then);
