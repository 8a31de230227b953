#include "platform/talk_lease.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"
#include "loop/timer.h"
#include "platform/platform_priv.h"
#include "platform/session.h"
#include "platform/store/call.h"

#include <errno.h>

enum {
	RENEW_MS = CALL_CARRIED_S * 1000 / 4,
	MARGIN_S = 30, /* the engine ends a session that is too long by itself */
	/*
	 * Overdue so often while the engine hears somebody: the pod was away from the database, and
	 * may be back before the next sweep.
	 */
	PATIENT_MISSES = 1,
};

static const int64_t second_us = 1000000;

/* ---- while it goes on ---- */

struct talk_lease {
	struct platform *platform;
	struct timer *timer;
	char tenant_id[UUID_SIZE];
	char call_id[UUID_SIZE];
	int64_t until;
};

static void lease_destroy(void *data)
{
	struct talk_lease *lease = data;

	mem_unref(lease->timer);
}

static void renew(void *arg)
{
	struct talk_lease *lease = arg;
	struct batch batch auto_batch = {0};
	int64_t now = clock_wall_us();

	if (now >= lease->until)
		return;
	store_call_renew(&batch, lease->tenant_id, lease->call_id,
			 now + CALL_CARRIED_S * second_us);
	batch_run(&batch, NULL, lease->platform->api.db, NULL, NULL);
	timer_start(lease->timer, RENEW_MS);
}

struct talk_lease *talk_lease_new(struct platform *platform, const struct call *call)
{
	struct talk_lease *lease = mem_new(sizeof(*lease), lease_destroy);

	lease->platform = platform;
	str_copy(lease->tenant_id, sizeof(lease->tenant_id), call->tenant_id);
	str_copy(lease->call_id, sizeof(lease->call_id), call->id);
	lease->until = clock_wall_us() + (call->max_duration_s + MARGIN_S) * second_us;
	lease->timer = timer_new(platform->api.loop, renew, lease);
	timer_start(lease->timer, 0);
	return lease;
}

/* ---- when nobody carries it any more ---- */

static void settled(struct task *task, int err, const char *reason)
{
	if (err)
		LOG_WARN(&task->log, "overdue_call_not_settled", LOG_ERR(err),
			 LOG_STR("reason", reason));
	task_end(task);
}

static void hung_up(const struct provider_result *result, void *arg)
{
	struct call_change late = {.event = CALL_EV_DEADLINE, .source = "sweeper"};

	task_apply(arg, &late, settled);
}

static void hang_up(struct task *task)
{
	task->request = mem_unref(task->request);
	if (ultravox_hang_up(&task->request, task->platform->ultravox, task->call->ultravox_call_id,
			     NULL, hung_up, task))
		settled(task, -EINVAL, "the session's id is not one");
}

static void on_session(const struct provider_result *result, const struct ultravox_call *session,
		       void *arg)
{
	struct task *task = arg;
	bool joined = !result->err && session->joined_us;
	struct call_change ended = {
		.event = joined ? CALL_EV_COMPLETED : CALL_EV_FAILED,
		.source = "sweeper",
		.at = result->err ? 0 : session->ended_us,
		.end_reason = result->err ? NULL : session_end_reason(session),
	};

	if (!result->err && session->ended_us)
		task_apply(task, &ended, settled);
	else if (joined && task->call->deadline_misses <= PATIENT_MISSES)
		task_end(task);
	else
		hang_up(task);
}

void talk_overdue(struct platform *platform, struct call *call)
{
	struct call_change lost = {.event = CALL_EV_LOST,
				   .source = "sweeper",
				   .end_detail = "the call never reached the engine"};
	struct task *task =
		task_new(platform, sizeof(*task), "call_manager", call->tenant_id, call->id);

	task->call = mem_ref(call);
	if (!call->ultravox_call_id)
		task_apply(task, &lost, settled);
	else if (ultravox_call_get(&task->request, platform->ultravox, call->ultravox_call_id,
				   on_session, task))
		settled(task, -EINVAL, "the session's id is not one");
}
