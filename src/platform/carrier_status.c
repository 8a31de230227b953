#include "platform/carrier_status.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "platform/talk_lease.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	/* Carrier dates have whole seconds, and its clock is not ours. */
	CLOCK_SLACK_US = 5 * 1000000,
	/* Overdue so often without a SID: the dialling job had its chances, ask the carrier. */
	LOOKUP_AFTER_MISSES = 3,
	LAST_MISS = 4, /* the next one settles the call as lost */
	MAX_CANDIDATES = 50,
};

static const struct {
	const char *status;
	enum call_event event;
} statuses[] = {
	{"queued", CALL_EV_NOTED},        {"initiated", CALL_EV_INITIATED},
	{"ringing", CALL_EV_RINGING},     {"in-progress", CALL_EV_ANSWERED},
	{"completed", CALL_EV_COMPLETED}, {"busy", CALL_EV_BUSY},
	{"no-answer", CALL_EV_NO_ANSWER}, {"failed", CALL_EV_FAILED},
	{"canceled", CALL_EV_CANCELED},
};

int carrier_status_event(enum call_event *ret_event, const char *status)
{
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		if (!str_equal(statuses[i].status, status))
			continue;
		*ret_event = statuses[i].event;
		return 0;
	}
	return -EINVAL;
}

/* ---- applying a report ---- */

/* RFC 3261, 21: the callee's own no, in its several spellings. */
static bool is_rejection(int64_t sip_code)
{
	return sip_code == 403 || sip_code == 603 || sip_code == 607 || sip_code == 608;
}

/* Reasons that the status itself decides, whatever was hinted at before. */
static const char *end_reason(const struct call *call, const struct carrier_report *report,
			      enum call_event event)
{
	if (event == CALL_EV_BUSY)
		return CALL_END_BUSY;
	if (event == CALL_EV_NO_ANSWER)
		return call->end_hint && str_equal(call->end_hint, CALL_END_API)
			       ? NULL
			       : CALL_END_NOANSWER;
	if (event == CALL_EV_FAILED && is_rejection(report->sip_code))
		return CALL_END_REJECTED;
	return event == CALL_EV_COMPLETED ? report->end_reason : NULL;
}

/*
 * An answered event that was lost on the way is made up for where the carrier says when it was:
 * without it the call would have no start and no duration.
 */
static bool make_up_answer(struct task *task, const struct carrier_report *report,
			   enum call_event event)
{
	struct call_change answered = {
		.event = CALL_EV_ANSWERED, .source = "twilio", .at = report->started_us};

	if (event != CALL_EV_COMPLETED || !report->started_us || task->call->started_at ||
	    call_status_is_terminal(task->call->status))
		return false;
	call_table_apply(task->platform->api.calls, task->tenant_id, task->call_id, &answered, NULL,
			 NULL);
	return true;
}

void carrier_status_apply(struct task *task, const struct carrier_report *report, task_step_h *then)
{
	enum call_event event = CALL_EV_NOTED;
	struct call_change change = {
		.source = "twilio",
		.twilio_call_sid = report->sid,
		.answered_by = report->answered_by,
		.receipt = report->receipt,
	};
	char detail[64];

	carrier_status_event(&event, report->status);
	if (!make_up_answer(task, report, event) && report->is_fresh)
		change.known = task->call;
	change.event = event;
	change.at = report->ended_us;
	if (report->duration_s > 0)
		change.duration_s = (uint32_t)report->duration_s;
	change.end_reason = end_reason(task->call, report, event);
	if (event == CALL_EV_FAILED && report->sip_code > 0) {
		snprintf(detail, sizeof(detail), "the carrier got SIP response %d",
			 (int)report->sip_code);
		change.end_detail = detail;
	}
	task_apply(task, &change, then);
}

/* ---- asking ---- */

static void apply_fetched(struct task *task, const struct twilio_call *call)
{
	struct carrier_report report = {
		.status = call->status,
		.sid = call->sid,
		.started_us = call->started_us,
		.ended_us = call->ended_us,
		.duration_s = call->duration_s,
	};

	carrier_status_apply(task, &report, task->then);
}

static void settle_answered(const struct provider_result *result, const struct twilio_call *call,
			    void *arg)
{
	struct task *task = arg;
	struct call_change lost = {.event = CALL_EV_LOST,
				   .source = "twilio",
				   .end_detail = "the carrier does not know the call"};
	task_step_h *then = task->then;

	if (!result->err)
		apply_fetched(task, call);
	else if (result->err == -ENOENT)
		task_apply(task, &lost, then);
	else
		then(task, result->err, result->reason);
}

void carrier_status_settle(struct task *task, task_step_h *then)
{
	task->then = then;
	task->request = mem_unref(task->request);
	if (twilio_call_fetch(&task->request, task->platform->twilio, task->call->twilio_call_sid,
			      settle_answered, task))
		then(task, -EINVAL, "the call's SID is not one");
}

static void end_answered(const struct provider_result *result, const struct twilio_call *call,
			 void *arg)
{
	struct task *task = arg;
	task_step_h *then = task->then;

	if (!result->err)
		apply_fetched(task, call);
	else if (result->err == -ENOENT || result->err == -EINVAL)
		carrier_status_settle(task, then); /* over already: how? */
	else
		then(task, result->err, result->reason);
}

void carrier_end(struct task *task, task_step_h *then)
{
	bool answered = task->call->status == CALL_IN_PROGRESS ||
			call_status_is_terminal(task->call->status);
	struct twilio_update update = {.status = answered ? "completed" : "canceled"};

	task->then = then;
	task->request = mem_unref(task->request);
	if (twilio_call_update(&task->request, task->platform->twilio, task->call->twilio_call_sid,
			       &update, end_answered, task))
		then(task, -EINVAL, "the call's SID is not one");
}

/* ---- overdue calls ---- */

struct overdue {
	struct task task;
	enum call_status before;
};

static void finish(struct task *task, int err, const char *reason)
{
	if (err)
		LOG_WARN(&task->log, "overdue_call_not_settled", LOG_ERR(err),
			 LOG_STR("reason", reason));
	task_end(task);
}

static void deadline_ended(struct task *task, int err, const char *reason)
{
	struct call_change change = {.event = CALL_EV_DEADLINE, .source = "sweeper"};

	if (err || call_status_is_terminal(task->call->status))
		finish(task, err, reason);
	else
		task_apply(task, &change, finish);
}

/*
 * The carrier says the call is live. One that got further without our being told has a new
 * deadline; one that waits in the carrier's queue may wait; any other has had its time.
 */
static void overdue_settled(struct task *task, int err, const char *reason)
{
	struct overdue *overdue = (struct overdue *)task;
	const struct call *call = task->call;
	bool queued = call->status < CALL_RINGING && call->deadline_misses < LAST_MISS;

	if (err || call_status_is_terminal(call->status) || call->status != overdue->before ||
	    queued)
		finish(task, err, reason);
	else
		carrier_end(task, deadline_ended);
}

/* The dialling job has given up or is gone, and the carrier never got the call. */
static void never_dialled(struct task *task, int err, const char *reason)
{
	struct call_change lost = {.event = CALL_EV_LOST,
				   .source = "sweeper",
				   .end_detail = "the call never reached the carrier"};

	if (err == -ENOENT)
		task_apply(task, &lost, finish);
	else
		finish(task, err, reason);
}

void carrier_overdue(struct call *call, void *arg)
{
	struct platform *platform = arg;
	struct overdue *overdue;

	if (call_is_browser(call)) {
		talk_overdue(platform, call);
		return;
	}
	if (!call->twilio_call_sid && call->deadline_misses < LOOKUP_AFTER_MISSES)
		return; /* the dialling job goes on */
	overdue = task_new(platform, sizeof(*overdue), "call_manager", call->tenant_id, call->id);
	overdue->before = call->status;
	overdue->task.call = mem_ref(call);
	LOG_INFO(&overdue->task.log, "call_overdue",
		 LOG_STR("status", call_status_name(call->status)),
		 LOG_INT("misses", call->deadline_misses));
	if (call->twilio_call_sid)
		carrier_status_settle(&overdue->task, overdue_settled);
	else
		carrier_lookup(&overdue->task, never_dialled);
}

/* ---- a call without a SID ---- */

/* State of a lookup, kept by the task. */
struct lookup {
	struct task *task;
	task_step_h *then;
	char sids[MAX_CANDIDATES][TWILIO_SID_SIZE];
	size_t count;   /* candidates */
	size_t checked; /* of them */
	size_t unknown; /* that no other call of ours has */
	size_t found;   /* the last of those */
};

static void check_next(struct lookup *lookup);

static void looked_up(struct lookup *lookup)
{
	struct call_change change = {
		.event = CALL_EV_DIALLED,
		.source = "twilio",
		.twilio_call_sid = lookup->sids[lookup->found],
	};

	if (lookup->unknown == 0)
		lookup->then(lookup->task, -ENOENT, "the carrier has no such call");
	else if (lookup->unknown > 1)
		lookup->then(lookup->task, -ENOTUNIQ,
			     "several calls of the carrier may be this one");
	else
		task_apply(lookup->task, &change, lookup->then);
}

static void candidate_checked(int err, struct call *call, bool changed, void *arg)
{
	struct lookup *lookup = arg;

	if (err && err != -ENOENT) {
		lookup->then(lookup->task, err, "the calls cannot be read");
		return;
	}
	if (err == -ENOENT || str_equal(call->id, lookup->task->call_id)) {
		lookup->unknown++;
		lookup->found = lookup->checked;
	}
	lookup->checked++;
	check_next(lookup);
}

static void check_next(struct lookup *lookup)
{
	struct platform *platform = lookup->task->platform;

	if (lookup->checked == lookup->count)
		looked_up(lookup);
	else
		call_table_find_sid(platform->api.calls, lookup->task->tenant_id,
				    lookup->sids[lookup->checked], candidate_checked, lookup);
}

/* Calls between these two numbers since this one was made; which of them others have, we know. */
static void listed(const struct provider_result *result, const struct twilio_call *calls,
		   size_t count, void *arg)
{
	struct lookup *lookup = arg;
	int64_t since = call_due_at(lookup->task->call) - CLOCK_SLACK_US;

	if (result->err) {
		lookup->then(lookup->task, result->err, result->reason);
		return;
	}
	for (size_t i = 0; i < count && lookup->count < MAX_CANDIDATES; i++)
		if (calls[i].created_us >= since)
			str_copy(lookup->sids[lookup->count++], TWILIO_SID_SIZE, calls[i].sid);
	check_next(lookup);
}

void carrier_lookup(struct task *task, task_step_h *then)
{
	struct lookup *lookup = mem_new(sizeof(*lookup), NULL);

	lookup->task = task;
	lookup->then = then;
	mem_unref(task->state);
	task->state = lookup;
	task->request = mem_unref(task->request);
	if (twilio_call_list(&task->request, task->platform->twilio, task->call->phone_number,
			     task->call->from_number, 0, listed, lookup))
		then(task, -EINVAL, "the carrier cannot be asked");
}
