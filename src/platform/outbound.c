#include "platform/outbound.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "platform/carrier_status.h"
#include "platform/session.h"

#include <errno.h>

enum {
	DIAL_ATTEMPTS = 5,
	FIRST_RETRY_MS = 1000,
	/* A create without an answer has surely shown up in the carrier's list after this long. */
	SETTLE_MS = 5000,
	/* Nobody wants a call they asked for so long ago. */
	STALE_US = 15 * 60 * 1000000,
};

/*
 *	load -> session, or lookup where an earlier attempt made it -> create -> DIALLED
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

static void give_up(struct task *task, const char *reason)
{
	struct call_change change = {
		.event = CALL_EV_FAILED,
		.source = "platform",
		.end_reason = CALL_END_PROVIDER,
		.end_detail = reason,
	};

	LOG_WARN(&task->log, "call_not_placed", LOG_INT("attempt", task->job->attempt));
	task_apply(task, &change, failed_applied);
}

/* Try again while the failure may pass and there are attempts left. */
static void again(struct task *task, int err, const char *reason, uint32_t wait_ms)
{
	if (!provider_error_may_pass(err) || task->job->attempt >= task->job->max_attempts) {
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
	const char *id = task->call_id;
	auto_free char *url = platform_url(platform, PATH_TWILIO_CONNECT, id);
	auto_free char *status = platform_url(platform, PATH_TWILIO_STATUS, id);
	auto_free char *recording = platform_url(platform, PATH_TWILIO_RECORDING, id);
	struct twilio_call_params params = {
		.to = task->call->phone_number,
		.from = task->call->from_number,
		.url = url,
		.fallback_url = url,
		.status_callback = status,
		.record = settings->record_calls,
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

static void loaded(struct task *task, int err, const char *reason)
{
	const struct call *call = task->call;

	if (err)
		finish_job(task, err == -ENOENT ? -ECANCELED : err, "the call cannot be read");
	else if (call_status_is_terminal(call->status) || call->twilio_call_sid)
		finish_job(task, 0, NULL);
	else if (clock_wall_us() - call->created_at > STALE_US)
		give_up(task, "it could not be dialled in time");
	else if (!call->join_url)
		session_create(task, session_made);
	else
		carrier_lookup(task, looked_up); /* who made the session may have dialled */
}

static void run(struct job *job, void *arg)
{
	struct task *task = task_new(arg, sizeof(*task), "call_manager", job->call_id, NULL);

	task->job = job;
	task_load(task, loaded);
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
