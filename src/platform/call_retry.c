#include "platform/call_retry.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"
#include "platform/limit_check.h"
#include "platform/platform_priv.h"
#include "platform/retry_policy.h"
#include "platform/store/batch.h"

#include <errno.h>
#include <string.h>

enum { PUT_OFF_MS = 15 * 60 * 1000 };

static const int64_t give_up_us = 24ll * 3600 * 1000000; /* after it was due */

bool call_retry_add(struct batch *batch, const struct call *call)
{
	char next_id[UUID_SIZE];
	auto_json json_t *payload = NULL;
	int64_t delay_s;
	struct job_params params = {
		.tenant_id = call->tenant_id,
		.kind = JOB_RETRY,
		.call_id = call->id,
	};

	if (!retry_policy_wants(&delay_s, call))
		return false;
	/* Chosen here, so that the job makes one call, however often it is run. */
	uuid_new(next_id);
	payload = json_pack("{s:s,s:I}", "call_id", next_id, "due_at",
			    (json_int_t)call->ended_at + (json_int_t)delay_s * 1000000);
	params.payload = payload;
	params.unique_key = batch_own(batch, mem_printf(JOB_RETRY ":%s", call->id));
	job_add(batch, &params);
	return true;
}

static int64_t due_at(const struct task *task)
{
	return json_get_int(task->job->payload, "due_at", clock_wall_us());
}

/* A cap of the tenant forbids another call for now: the day ends, and with it the cap of a day. */
static void wait_for_room(struct task *task)
{
	if (clock_wall_us() - due_at(task) < give_up_us) {
		job_postpone(task->job, PUT_OFF_MS, "a cap is reached");
		return;
	}
	LOG_WARN(&task->log, "call_retry_given_up", LOG_STR("reason", "a cap is reached"));
	job_done(task->job, 0, NULL);
}

/* -EEXIST: an earlier try of the job has made it. */
static void made(int err, struct call *call, bool changed, void *arg)
{
	struct task *task = arg;

	if (!err)
		LOG_INFO(&task->log, "call_retry_scheduled", LOG_STR("next_call_id", call->id),
			 LOG_INT("attempt", call->attempt));
	if (err == -EDQUOT)
		wait_for_room(task);
	else
		job_done(task->job, err == -EEXIST ? 0 : err, "the next call could not be made");
	task_end(task);
}

static void make(struct task *task, int64_t scheduled_at)
{
	const struct call *call = task->call;
	struct call_params params = {
		.tenant_id = call->tenant_id,
		.id = json_get_str(task->job->payload, "call_id", NULL),
		.direction = call->direction,
		.phone_number = call->phone_number,
		.from_number = call->from_number,
		.agent = call->agent,
		.agent_version = call->agent_version,
		.model = call->model,
		.system_prompt = call->system_prompt,
		.first_message = call->first_message,
		.voice = call->voice,
		.language = call->language,
		.temperature = call->temperature,
		.max_duration_s = call->max_duration_s,
		.wants_recording = call->wants_recording,
		.tools = call->tools,
		.metadata = call->metadata,
		.scheduled_at = scheduled_at,
		.retry = call->retry,
		.retry_of = call->retry_of ? call->retry_of : call->id,
		.attempt = call->attempt + 1,
		.job_kind = JOB_DIAL,
	};
	call_table_create(task->platform->api.calls, &params, made, task);
}

/* Where it may go is decided when it is dialled; here, at what time of the day. */
static void checked(struct task *task, const struct limit_verdict *verdict)
{
	if (!verdict->err || verdict->err == -EPERM) {
		make(task, verdict->not_before);
		return;
	}
	job_done(task->job, verdict->err, verdict->reason);
	task_end(task);
}

static void loaded(struct task *task, int err, const char *reason)
{
	int64_t now = clock_wall_us();
	struct limit_question question = {.when = due_at(task)};

	if (err) {
		job_done(task->job, err == -ENOENT ? -ECANCELED : err, "the call cannot be read");
		task_end(task);
		return;
	}
	question.address = task->call->phone_number;
	if (question.when < now) /* nobody was here to do it in time */
		question.when = now;
	limit_check(task, &question, checked);
}

static void run(struct job *job, void *arg)
{
	task_load(task_for_job(arg, sizeof(struct task), "call_manager", job), loaded);
}

void call_retry_setup(struct platform *platform)
{
	struct job_kind kind = {.kind = JOB_RETRY, .runh = run, .arg = platform};

	job_queue_handle(platform->api.jobs, &kind);
}
