#include "platform/cost_price.h"

#include "core/setting.h"
#include "core/str.h"
#include "platform/cost_book.h"
#include "platform/platform_priv.h"

#include <errno.h>
#include <math.h>

/* A minute, two, four ... an hour: the last try is five hours after the call. */
enum { ATTEMPTS = 11, FIRST_RETRY_MS = 60000 };

void cost_price_session(struct task *task, const struct ultravox_call *session)
{
	struct cost_fact fact = {.component = COST_VOICE_AI, .source = COST_BY_USAGE};

	if (session->billed_s < 0)
		return;
	fact.quantity = (int64_t)ceil(session->billed_s);
	cost_book_note(task->platform->costs, task->tenant_id, task->call_id, &fact, NULL, NULL);
}

static void finish(struct task *task, int err, const char *detail)
{
	job_done(task->job, err, detail);
	task_end(task);
}

/* Not yet; after the last time, not at all. */
static void later(struct task *task, const char *why)
{
	bool again = task->job->attempt < task->job->max_attempts;

	finish(task, again ? -EAGAIN : 0, again ? why : NULL);
}

static void noted(int err, void *arg)
{
	finish(arg, err == -ENOENT ? 0 : err, "the cost could not be written");
}

static void note(struct task *task, const struct twilio_call *call)
{
	struct cost_fact fact = {
		.component = COST_TELEPHONY,
		.source = COST_BY_PRICE,
		.quantity = call->duration_s > 0 ? call->duration_s : 0,
		.micros = call->price_micros,
	};

	cost_book_note(task->platform->costs, task->tenant_id, task->call_id, &fact, noted, task);
}

static void fetched(const struct provider_result *result, const struct twilio_call *call, void *arg)
{
	struct task *task = arg;
	const char *currency = task->platform->api.rates.currency;

	if (result->err == -ENOENT) {
		finish(task, 0, NULL);
	} else if (result->err) {
		later(task, result->reason);
	} else if (!call->has_price) {
		later(task, "the carrier has no price yet");
	} else if (!str_equal_nocase(call->price_unit, currency)) {
		LOG_WARN(&task->log, "price_in_other_currency",
			 LOG_STR("currency", call->price_unit));
		finish(task, 0, NULL);
	} else {
		note(task, call);
	}
}

static void loaded(struct task *task, int err, const char *reason)
{
	if (err == -ENOENT || (!err && !task->call->twilio_call_sid))
		finish(task, 0, NULL);
	else if (err)
		later(task, "the call cannot be read");
	else if (twilio_call_fetch(&task->request, task->platform->twilio,
				   task->call->twilio_call_sid, fetched, task))
		finish(task, -ECANCELED, "the call's SID is not one");
}

static void run(struct job *job, void *arg)
{
	task_load(task_for_job(arg, sizeof(struct task), "cost", job), loaded);
}

void cost_price_setup(struct platform *platform)
{
	struct job_kind kind = {
		.kind = JOB_COST,
		.runh = run,
		.arg = platform,
		.max_attempts = ATTEMPTS,
		.first_retry_ms = FIRST_RETRY_MS,
	};

	job_queue_handle(platform->api.jobs, &kind);
}
