/* POST /api/v1/calls/{call_id}/end and /analyze: what can be done to a call from outside. */
#include "core/mem.h"
#include "core/str.h"
#include "http/http_server.h"
#include "loop/timer.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/carrier_status.h"
#include "platform/platform_priv.h"

#include <errno.h>

/* The carrier gets this long to say how it went; the end itself is on record by then. */
enum { END_ANSWER_MS = 3000 };

/* False after answering: ids that cannot be ours are unknown calls. */
static bool take_id(struct http_request *req, const char **ret_id)
{
	*ret_id = http_request_param(req, "call_id");
	if (uuid_is_valid(*ret_id))
		return true;
	api_fail(req, API_CALL_NOT_FOUND, NULL, NULL);
	return false;
}

static struct task *request_task(struct platform *platform, struct http_request *req,
				 const char *id)
{
	return task_for_request(platform, sizeof(struct task), "call_manager", req, id);
}

/* ---- end ---- */

static void reply_call(struct task *task)
{
	auto_json json_t *view = NULL;

	if (!task->req)
		return;
	view = call_view(task->call);
	http_reply_json(task->req, 200, view);
	task->req = mem_unref(task->req);
}

static void answer_due(void *arg)
{
	reply_call(arg);
}

/* A failure here is no failure of the request: the deadline handler ends the call at the carrier.
 */
static void ended(struct task *task, int err, const char *reason)
{
	if (err)
		LOG_WARN(&task->log, "carrier_did_not_end_call", LOG_ERR(err));
	reply_call(task);
	task_end(task);
}

static void hang_up_answered(const struct provider_result *result, void *arg)
{
	/* 422: the session is over already, which is what was wanted. */
}

static void end_noted(struct task *task, int err, const char *reason)
{
	struct platform *platform = task->platform;
	struct call_change cancel = {
		.event = CALL_EV_CANCELED, .source = "api", .end_reason = CALL_END_CANCELED};

	if (err) {
		api_fail_errno(task->req, err);
		task_end(task);
		return;
	}
	if (call_status_is_terminal(task->call->status)) {
		ended(task, 0, "");
		return;
	}
	LOG_INFO(&task->log, "call_end_requested",
		 LOG_STR("status", call_status_name(task->call->status)));
	if (call_is_browser(task->call) && task->call->ultravox_call_id) {
		/* Whoever carries its audio notices that the session is over. */
		ultravox_hang_up(NULL, platform->ultravox, task->call->ultravox_call_id, NULL,
				 hang_up_answered, NULL);
		ended(task, 0, "");
		return;
	}
	if (!task->call->twilio_call_sid) {
		task_apply(task, &cancel, ended);
		return;
	}
	task->timer = timer_new(platform->api.loop, answer_due, task);
	timer_start(task->timer, END_ANSWER_MS);
	if (task->call->status == CALL_IN_PROGRESS && task->call->ultravox_call_id)
		ultravox_hang_up(NULL, platform->ultravox, task->call->ultravox_call_id, NULL,
				 hang_up_answered, NULL);
	carrier_end(task, ended);
}

static void end_loaded(struct task *task, int err, const char *reason)
{
	struct call_change change = {
		.event = CALL_EV_END_REQUESTED,
		.by = api_principal(task->req),
		.source = "api",
		.end_reason = CALL_END_API,
	};

	if (err) {
		api_fail_errno(task->req, err);
		task_end(task);
	} else if (call_status_is_terminal(task->call->status)) {
		ended(task, 0, "");
	} else {
		task_apply(task, &change, end_noted);
	}
}

static void end(struct http_request *req, void *arg)
{
	const char *id;

	if (take_id(req, &id))
		task_load(request_task(arg, req, id), end_loaded);
}

/* ---- analyze ---- */

static void analysis_queued(int err, const char *job_id, void *arg)
{
	struct task *task = arg;
	auto_json json_t *body = NULL;

	if (err) {
		api_fail_errno(task->req, err);
	} else {
		body = json_pack("{s:s,s:s,s:s}", "call_id", task->call_id, "status", "pending",
				 "job_id", job_id);
		http_reply_json(task->req, 202, body);
	}
	task_end(task);
}

static void analyze_loaded(struct task *task, int err, const char *reason)
{
	struct job_params params = {
		.tenant_id = task->tenant_id,
		.kind = JOB_ANALYSE,
		.by = api_principal(task->req),
		.call_id = task->call_id,
	};

	if (!err && call_status_is_terminal(task->call->status)) {
		job_enqueue(task->platform->api.jobs, &params, analysis_queued, task);
		return;
	}
	if (err)
		api_fail_errno(task->req, err);
	else
		api_fail(task->req, API_CALL_NOT_OVER, NULL,
			 "The call has not ended yet; it is analysed when it has.");
	task_end(task);
}

static void analyze(struct http_request *req, void *arg)
{
	const char *id;

	if (take_id(req, &id))
		task_load(request_task(arg, req, id), analyze_loaded);
}

void api_control_routes(struct platform *platform)
{
	api_route(&platform->api, platform->server, "POST", "/api/v1/calls/{call_id}/end",
		  PERM_CALLS_WRITE, end, platform);
	api_route(&platform->api, platform->server, "POST", "/api/v1/calls/{call_id}/analyze",
		  PERM_CALLS_WRITE, analyze, platform);
	api_route(&platform->api, platform->server, "POST", "/api/v1/calls/{call_id}/analyse",
		  PERM_CALLS_WRITE, analyze, platform);
}
