#include "platform/outbound.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "platform/call_slot.h"
#include "platform/carrier_status.h"
#include "platform/limit_check.h"
#include "platform/session.h"

#include <errno.h>

enum {
	DIAL_ATTEMPTS = 5,
	FIRST_RETRY_MS = 1000,
	/* A create without an answer has surely shown up in the carrier's list after this long. */
	SETTLE_MS = 5000,
	WAIT_MARGIN_US = 20 * 1000000,
	/* Nobody wants a call they asked for so long ago. */
	STALE_US = 15 * 60 * 1000000,
};

/*
 *	load -> limits -> session, or lookup where an earlier attempt made it -> create -> DIALLED
 *
 * The number of the attempt says nothing here: a clean stop gives an attempt back.
 * Every failure ends in give_up() (the call FAILS) or again() (the job is tried once more).
 */

static void finish_job(struct task *task, int err, const char *reason)
{
	job_done(task->job, err, err ? reason : NULL);
	task_end(task);
}

static void failed_applied(struct task *task, int err, const char *reason)
{
	/* When the failure could not even be noted, the job comes again and finds the same. */
	finish_job(task, err, "the call could not be changed");
}

static void fail(struct task *task, const char *end_reason, const char *reason)
{
	struct call_change change = {
		.event = CALL_EV_FAILED,
		.source = "platform",
		.end_reason = end_reason,
		.end_detail = reason,
	};

	LOG_WARN(&task->log, "call_not_placed", LOG_INT("attempt", task->job->attempt));
	task_apply(task, &change, failed_applied);
}

static void give_up(struct task *task, const char *reason)
{
	fail(task, CALL_END_PROVIDER, reason);
}

/* What a database says that is away for a while; it is no reason to give up a call. */
static bool is_of_database(int err)
{
	return err == -EBUSY || err == -EIO || err == -EINPROGRESS;
}

/* Try again while the failure may pass and there are attempts left. */
static void again(struct task *task, int err, const char *reason, uint32_t wait_ms)
{
	if ((!provider_error_may_pass(err) && !is_of_database(err)) ||
	    task->job->attempt >= task->job->max_attempts) {
		give_up(task, reason);
		return;
	}
	if (wait_ms)
		job_retry_after(task->job, wait_ms, reason);
	else
		job_done(task->job, err, reason);
	task_end(task);
}

/* ---- dialled ---- */

static void cancelled(struct task *task, int err, const char *reason)
{
	/* Whatever came of it, the call's own deadline watches over the rest. */
	finish_job(task, 0, NULL);
}

/* Somebody ended the call while the carrier was being asked: it must not ring. */
static void dialled(struct task *task, int err, const char *reason)
{
	if (err)
		finish_job(task, err, "the call could not be changed");
	else if (call_status_is_terminal(task->call->status) || task->call->end_hint)
		carrier_end(task, cancelled);
	else
		finish_job(task, 0, NULL);
}

static void created(const struct provider_result *result, const struct twilio_call *call, void *arg)
{
	struct task *task = arg;
	struct call_change change = {.event = CALL_EV_DIALLED, .source = "twilio"};

	if (result->err) {
		LOG_WARN(&task->log, "create_failed", LOG_INT("status", result->status),
			 LOG_INT("code", result->code), LOG_ERR(result->err));
		again(task, result->unknown ? -EIO : result->err, result->reason,
		      result->unknown ? SETTLE_MS : result->retry_after_ms);
		return;
	}
	change.twilio_call_sid = call->sid;
	change.ring_timeout_s = (uint32_t)task->platform->api.settings->ring_timeout_s;
	task_apply(task, &change, dialled);
}

static void dial(struct task *task)
{
	struct platform *platform = task->platform;
	const struct settings *settings = platform->api.settings;
	const char *tenant = task->tenant_id, *id = task->call_id;
	auto_free char *url = platform_url(platform, PATH_TWILIO_CONNECT, tenant, id);
	auto_free char *status = platform_url(platform, PATH_TWILIO_STATUS, tenant, id);
	auto_free char *recording = platform_url(platform, PATH_TWILIO_RECORDING, tenant, id);
	struct twilio_call_params params = {
		.to = task->call->phone_number,
		.from = task->call->from_number,
		.url = url,
		.fallback_url = url,
		.status_callback = status,
		.record = task->call->wants_recording,
		.recording_callback = recording,
		.ring_timeout_s = (uint32_t)settings->ring_timeout_s,
		.time_limit_s = (uint32_t)task->call->max_duration_s,
	};

	task->request = mem_unref(task->request);
	if (twilio_call_create(&task->request, platform->twilio, &params, created, task))
		give_up(task, "the carrier's request cannot be made");
}

/* ---- before dialling ---- */

static void looked_up(struct task *task, int err, const char *reason)
{
	if (err == -ENOENT)
		dial(task);
	else if (err == -ENOTUNIQ)
		again(task, -EAGAIN, reason,
		      SETTLE_MS); /* a callback with our id will tell which */
	else if (err)
		again(task, err, reason, SETTLE_MS);
	else
		dialled(task, 0, "");
}

static void session_made(struct task *task, int err, const char *reason)
{
	if (err)
		again(task, err, reason, 0);
	else if (call_status_is_terminal(task->call->status))
		finish_job(task, 0, NULL);
	else
		dial(task);
}

static void waiting_noted(struct task *task, int err, const char *reason)
{
	if (err) {
		finish_job(task, err, "the call could not be changed");
		return;
	}
	job_postpone(task->job, CALL_SLOT_RETRY_S * 1000, "the tenant has as many calls as it may");
	task_end(task);
}

/* A call for later may have to wait, until it is stale; its deadline is put off in time. */
static void wait_for_slot(struct task *task)
{
	struct call_change change = {.event = CALL_EV_WAITING, .source = "platform"};

	if (task->call->deadline_at - clock_wall_us() < WAIT_MARGIN_US)
		task_apply(task, &change, waiting_noted);
	else
		waiting_noted(task, 0, "");
}

/* A call that was made long before it is dialled has no slot yet; any other has it renewed. */
static void slot_taken(struct task *task, int err, const char *reason)
{
	if (!err)
		session_create(task, session_made);
	else if (task->call->scheduled_at)
		wait_for_slot(task);
	else
		again(task, -EAGAIN, reason, CALL_SLOT_RETRY_S * 1000);
}

static void quiet_noted(struct task *task, int err, const char *reason)
{
	int64_t left_us = task->call->scheduled_at - clock_wall_us();

	if (err) {
		finish_job(task, err, "the call could not be changed");
		return;
	}
	job_postpone(task->job, left_us > 0 ? (uint32_t)(left_us / 1000) + 1 : 0,
		     "these are quiet hours");
	task_end(task);
}

/* Who has asked for the moment that has come is told; who has asked for a later one can wait. */
static void keep_quiet(struct task *task, int64_t until)
{
	struct call_change change = {
		.event = CALL_EV_WAITING, .source = "platform", .scheduled_at = until};

	if (task->call->scheduled_at)
		task_apply(task, &change, quiet_noted);
	else
		fail(task, CALL_END_REJECTED, "these are quiet hours");
}

/* Limits may have changed since the call was asked for, or nobody looked at them then. */
static void may_be_made(struct task *task, const struct limit_verdict *verdict)
{
	if (verdict->err == -EPERM || verdict->err == -EDQUOT)
		fail(task, CALL_END_REJECTED, verdict->reason);
	else if (verdict->err)
		again(task, verdict->err, verdict->reason, 0);
	else if (!task->call->join_url && verdict->not_before > clock_wall_us())
		keep_quiet(task, verdict->not_before);
	else if (!task->call->join_url)
		task_take_slot(task, slot_taken);
	else
		carrier_lookup(task, looked_up); /* who made the session may have dialled */
}

static void check_limits(struct task *task)
{
	struct limit_question question = {
		.address = task->call->phone_number,
		.when = clock_wall_us(),
		.at = task->call->created_at,
		.caps = true,
	};

	limit_check(task, &question, may_be_made);
}

static void loaded(struct task *task, int err, const char *reason)
{
	const struct call *call = task->call;

	if (err)
		finish_job(task, err == -ENOENT ? -ECANCELED : err, "the call cannot be read");
	else if (call_status_is_terminal(call->status) || call->twilio_call_sid)
		finish_job(task, 0, NULL);
	else if (clock_wall_us() - call_due_at(call) > STALE_US)
		give_up(task, "it could not be dialled in time");
	else
		check_limits(task);
}

static void run(struct job *job, void *arg)
{
	task_load(task_for_job(arg, sizeof(struct task), "call_manager", job), loaded);
}

void outbound_setup(struct platform *platform)
{
	struct job_kind kind = {
		.kind = JOB_DIAL,
		.runh = run,
		.arg = platform,
		.max_attempts = DIAL_ATTEMPTS,
		.concurrency = 32,
		.first_retry_ms = FIRST_RETRY_MS,
	};

	job_queue_handle(platform->api.jobs, &kind);
}
