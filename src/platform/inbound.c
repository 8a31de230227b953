#include "platform/inbound.h"

#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "platform/session.h"

#include <errno.h>
#include <string.h>

enum { MAX_ADDRESS = 255 };

/* State of the step, kept by the task. */
struct inbound {
	task_step_h *then;
	int err;
};

static task_step_h *outer(const struct task *task)
{
	return ((const struct inbound *)task->state)->then;
}

static void failure_noted(struct task *task, int err, const char *reason)
{
	outer(task)(task, ((struct inbound *)task->state)->err, reason);
}

static void session_made(struct task *task, int err, const char *reason)
{
	struct call_change change = {
		.event = CALL_EV_FAILED,
		.source = "platform",
		.end_reason = CALL_END_PROVIDER,
		.end_detail = reason,
	};

	if (!err) {
		outer(task)(task, 0, "");
		return;
	}
	LOG_WARN(&task->log, "inbound_call_without_agent", LOG_ERR(err));
	((struct inbound *)task->state)->err = err;
	task_apply(task, &change, failure_noted);
}

static void created(int err, struct call *call, bool changed, void *arg)
{
	struct task *task = arg;

	if (err && err != -EEXIST) {
		outer(task)(task, err, "the call cannot be stored");
		return;
	}
	mem_unref(task->call);
	task->call = mem_ref(call);
	str_copy(task->call_id, sizeof(task->call_id), call->id);
	log_init(&task->log, "call_manager", call->id);
	LOG_INFO(&task->log, err ? "inbound_call_again" : "inbound_call",
		 LOG_PHONE("phone_number", call->phone_number), LOG_STR("agent", call->agent));
	if (call->join_url || call_status_is_terminal(call->status))
		outer(task)(task, 0, "");
	else
		session_create(task, session_made);
}

/* Callers choose what they send; it is kept, at a bounded length and as text. */
static char *address(const char *text)
{
	char copy[MAX_ADDRESS + 1];

	provider_text(copy, sizeof(copy), text);
	return mem_strdup(str_is_utf8(copy, strlen(copy)) && *copy ? copy : "unknown");
}

void inbound_take(struct task *task, const struct inbound_params *params, task_step_h *then)
{
	struct platform *platform = task->platform;
	const struct settings *settings = platform->api.settings;
	const struct agent *agent = agent_of_number(platform->agents, params->to);
	auto_free char *from = address(params->from);
	auto_free char *to = address(params->to);
	struct inbound *inbound = mem_new(sizeof(*inbound), NULL);
	struct call_params call;

	if (!agent)
		agent = agent_find(platform->agents, settings->default_agent);
	inbound->then = then;
	mem_unref(task->state);
	task->state = inbound;
	call = (struct call_params){
		.tenant_id = platform->api.tenant_id,
		.direction = CALL_INBOUND,
		.phone_number = from,
		.from_number = to,
		.twilio_call_sid = params->sid,
		.agent = agent->name,
		.model = agent->model,
		.system_prompt = agent->system_prompt,
		.first_message = agent->first_message,
		.voice = agent->voice,
		.language = agent->language,
		.temperature = agent->temperature,
		.max_duration_s = agent->max_duration_s,
	};
	call_table_create(platform->api.calls, &call, created, task);
}
