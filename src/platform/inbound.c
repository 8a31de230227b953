#include "platform/inbound.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "platform/agent_book.h"
#include "platform/agent_variable.h"
#include "platform/call_slot.h"
#include "platform/session.h"

#include <errno.h>
#include <string.h>

enum { MAX_ADDRESS = 255 };

/* State of the step, kept by the task. */
struct inbound {
	task_step_h *then;
	int err;
	char *sid, *from, *to, *agent;
	const struct principal *by;
};

static void inbound_destroy(void *data)
{
	struct inbound *inbound = data;

	mem_free(inbound->sid);
	mem_free(inbound->from);
	mem_free(inbound->to);
	mem_free(inbound->agent);
}

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
	if (err && task->undo_slot)
		call_slots_release(task->platform->api.slots, task->tenant_id, task->call_id);
	task->undo_slot = false;
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

/* A caller cannot be told what is missing: such a variable is left empty. */
static char *fill(const struct agent *agent, const struct inbound *inbound, const char *field,
		  const char *text, size_t most)
{
	struct agent_facts facts = {
		.direction = "INBOUND",
		.caller_number = inbound->from,
		.called_number = inbound->to,
		.now = clock_wall_us(),
	};
	struct agent_fill how = {.agent = agent, .facts = &facts, .lenient = true};
	struct agent_fault fault;
	char *filled;

	return agent_fill(&filled, &how, field, text, most, &fault) ? mem_strdup(text) : filled;
}

static void create(struct task *task, const struct agent *agent)
{
	struct platform *platform = task->platform;
	const struct inbound *inbound = task->state;
	auto_free char *prompt =
		fill(agent, inbound, "system_prompt", agent->system_prompt, AGENT_MAX_PROMPT);
	auto_free char *message =
		fill(agent, inbound, "first_message", agent->first_message, AGENT_MAX_MESSAGE);
	auto_free char *tools = agent->tools ? json_text(agent->tools) : NULL;
	struct call_params call = {
		.tenant_id = task->tenant_id,
		.id = task->call_id,
		.direction = CALL_INBOUND,
		.phone_number = inbound->from,
		.from_number = inbound->to,
		.twilio_call_sid = inbound->sid,
		.agent = agent->name,
		.agent_version = agent->version,
		.model = agent->model,
		.system_prompt = prompt,
		.first_message = message,
		.voice = agent->voice,
		.language = agent->language,
		.temperature = agent->temperature,
		.max_duration_s = agent->max_duration_s,
		.wants_recording =
			inbound->sid && agent_records(agent, platform->api.settings->record_calls),
		.by = inbound->by,
		.tools = tools,
	};

	call_table_create(platform->api.calls, &call, created, task);
}

static void agent_found(int err, struct agent *agent, void *arg)
{
	struct task *task = arg;

	if (err)
		outer(task)(task, err, "the number's agent is not there");
	else
		create(task, agent);
}

static void find_agent(struct task *task)
{
	struct platform *platform = task->platform;
	const struct inbound *inbound = task->state;
	struct agent *agent = NULL;
	int err = agent_book_find(&agent, platform->book, task->tenant_id, inbound->agent);

	if (err == -EAGAIN)
		agent_book_ask(platform->book, task->tenant_id, inbound->agent, agent_found, task);
	else
		agent_found(err, agent, task);
}

/* The carrier may ask again about a call that has its slot. */
static void found_earlier(int err, struct call *call, bool changed, void *arg)
{
	struct task *task = arg;

	if (err)
		outer(task)(task, err == -ENOENT ? -EDQUOT : err, "there are too many calls");
	else
		created(-EEXIST, call, false, task);
}

static void slot_taken(struct task *task, int err, const char *reason)
{
	task->undo_slot = !err;
	if (err && !((struct inbound *)task->state)->sid)
		outer(task)(task, -EDQUOT, "there are too many calls");
	else if (err)
		call_table_find_sid(task->platform->api.calls, task->tenant_id,
				    ((struct inbound *)task->state)->sid, found_earlier, task);
	else
		find_agent(task);
}

void inbound_take(struct task *task, const struct inbound_params *params, task_step_h *then)
{
	struct platform *platform = task->platform;
	const struct agent *built_in = agent_of_number(platform->agents, params->to);
	const char *otherwise = built_in ? built_in->name : platform->api.settings->default_agent;
	struct inbound *inbound = mem_new(sizeof(*inbound), inbound_destroy);

	inbound->then = then;
	inbound->sid = mem_strdup(params->sid);
	inbound->from = address(params->from);
	inbound->to = params->to ? address(params->to) : NULL;
	inbound->by = params->by;
	inbound->agent = mem_strdup(params->agent ? params->agent : otherwise);
	mem_unref(task->state);
	task->state = inbound;
	uuid_new(task->call_id);
	task_take_slot(task, slot_taken);
}
