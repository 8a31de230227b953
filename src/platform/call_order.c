#include "platform/call_order.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "platform/agent_book.h"
#include "platform/agent_variable.h"
#include "platform/call_slot.h"
#include "platform/limit_check.h"
#include "platform/number_book.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

void call_order_release(struct call_order *order)
{
	mem_free(order->number);
	mem_unref(order->speaker);
}

/* ---- ends ---- */

static void refuse(struct call_order *order, enum api_error error, const char *field,
		   const char *reason)
{
	struct call_order_end end = {
		.err = -ECANCELED, .error = error, .field = field, .reason = reason};

	order->endh(order, &end);
}

static void fail(struct call_order *order, int err)
{
	struct call_order_end end = {.err = err};

	order->endh(order, &end);
}

/* ---- limits ---- */

static void refuse_limit(struct call_order *order, const struct limit_verdict *verdict)
{
	LOG_WARN(&order->task.log, "call_refused",
		 LOG_PHONE("phone_number", order->want.phone_number),
		 LOG_STR("reason", verdict->reason));
	refuse(order, verdict->err == -EPERM ? API_DESTINATION : API_CAP_REACHED, verdict->field,
	       verdict->reason);
}

/* The cap was met while the call was created; by now there may be room again. */
static void cap_found(struct task *task, const struct limit_verdict *verdict)
{
	struct call_order *order = (struct call_order *)task;

	if (verdict->err == -EDQUOT || verdict->err == -EPERM)
		refuse_limit(order, verdict);
	else if (verdict->err)
		fail(order, verdict->err);
	else
		refuse(order, API_CAP_REACHED, NULL, NULL);
}

static void tell_cap(struct call_order *order)
{
	struct limit_question question = {
		.address = order->want.phone_number,
		.at = clock_wall_us(),
		.caps = true,
		.one_more = true,
		.max_duration_s = order->duration_s,
	};

	limit_check(&order->task, &question, cap_found);
}

/* ---- creating ---- */

static void created(int err, struct call *call, bool changed, void *arg)
{
	struct call_order *order = arg;
	struct call_order_end end = {.err = err, .call = call};

	if (!err)
		order->task.undo_slot = false;
	if (err == -EDQUOT)
		tell_cap(order);
	else if (err == -ENOTUNIQ)
		refuse(order, API_KEY_REUSED, "Idempotency-Key", NULL);
	else
		order->endh(order, &end);
}

static const char *or_else(const char *wanted, const char *agents)
{
	return wanted ? wanted : str_is_empty(agents) ? NULL : agents;
}

static int64_t duration(const struct call_order *order)
{
	if (order->want.max_duration_s)
		return order->want.max_duration_s;
	return order->speaker->max_duration_s
		       ? order->speaker->max_duration_s
		       : order->task.platform->api.settings->max_call_duration_s;
}

/* What the agent says and is told on this call. */
struct texts {
	char *system_prompt;
	char *first_message;
};

static void texts_free(struct texts *texts)
{
	mem_free(texts->system_prompt);
	mem_free(texts->first_message);
}
#define auto_texts __attribute__((cleanup(texts_free)))

/* A text of the order is taken as it is, unless it comes with variables. */
static int fill(char **ret_text, const struct agent_fill *how, const char *field,
		const char *wanted, const char *agents, size_t most, struct agent_fault *fault)
{
	if (wanted && !how->given) {
		*ret_text = mem_strdup(wanted);
		return 0;
	}
	if (!wanted && !*agents)
		return 0;
	return agent_fill(ret_text, how, field, wanted ? wanted : agents, most, fault);
}

/* Those the agent declares. A new reference. */
static json_t *declared(const struct call_order *order)
{
	json_t *given = json_object(), *value;
	const json_t *variables = order->speaker->variables;
	const char *name;

	json_object_foreach((json_t *)order->want.variables, name, value)
	{
		const json_t *variable = json_object_get(variables, name);

		if (!variable)
			continue;
		if (!json_is_null(value))
			json_object_set(given, name, value);
		else if (!json_object_get(variable, "default"))
			json_set_str(given, name, "");
	}
	return given;
}

/* False after refusing. */
static bool fill_texts(struct texts *texts, struct call_order *order)
{
	const struct agent *agent = order->speaker;
	auto_json json_t *fitting = order->want.declared_only ? declared(order) : NULL;
	const json_t *given = fitting ? fitting : order->want.variables;
	struct agent_facts facts = {
		.direction = "OUTBOUND",
		.caller_number = order->number,
		.called_number = order->want.phone_number,
		.now = clock_wall_us(),
	};
	struct agent_fill how = {.agent = agent, .given = given, .facts = &facts};
	struct agent_fault fault;
	auto_free char *reason = NULL;
	int err = agent_given_check(agent, given,
				    order->want.system_prompt || order->want.first_message, &fault);

	if (!err)
		err = fill(&texts->system_prompt, &how, "system_prompt", order->want.system_prompt,
			   agent->system_prompt, AGENT_MAX_PROMPT, &fault);
	if (!err)
		err = fill(&texts->first_message, &how, "first_message", order->want.first_message,
			   agent->first_message, AGENT_MAX_MESSAGE, &fault);
	if (!err)
		return true;
	reason = mem_printf("%s %s.", fault.field, fault.reason);
	refuse(order, err == -ENODATA ? API_MISSING_FIELD : API_INVALID_FIELD, fault.field, reason);
	return false;
}

static void create(struct call_order *order)
{
	struct task *task = &order->task;
	struct platform *platform = task->platform;
	const struct agent *agent = order->speaker;
	auto_free char *metadata = order->want.metadata ? json_text(order->want.metadata) : NULL;
	const json_t *policy = order->want.retry ? order->want.retry : agent->retry;
	auto_free char *retry = policy ? json_text(policy) : NULL;
	auto_free char *tools = agent->tools ? json_text(agent->tools) : NULL;
	struct texts auto_texts texts = {0};
	struct call_params params = {
		.by = order->want.by,
		.tenant_id = task->tenant_id,
		.id = task->call_id,
		.direction = CALL_OUTBOUND,
		.phone_number = order->want.phone_number,
		.from_number = order->number,
		.agent = agent->name,
		.agent_version = agent->version,
		.model = agent->model,
		.voice = or_else(order->want.voice, agent->voice),
		.language = or_else(order->want.language, agent->language),
		.temperature = isnan(order->want.temperature) ? agent->temperature
							      : order->want.temperature,
		.max_duration_s = duration(order),
		.wants_recording = agent_records(agent, platform->api.settings->record_calls),
		.tools = tools,
		.metadata = metadata,
		.scheduled_at = order->want.scheduled_at,
		.retry = retry,
		.idempotency_key = order->want.idempotency_key,
		.request_digest = order->want.request_digest,
		.job_kind = JOB_DIAL,
	};

	if (!fill_texts(&texts, order))
		return;
	params.system_prompt = texts.system_prompt;
	params.first_message = texts.first_message;
	order->duration_s = params.max_duration_s;
	call_table_create(platform->api.calls, &params, created, order);
}

/* ---- where it goes, and when ---- */

static int64_t wanted_at(const struct call_order *order)
{
	return order->want.scheduled_at ? order->want.scheduled_at : order->asked_at;
}

/* A call for later moves to the end of the quiet hours; false: it is for now, and cannot. */
static bool put_off(struct call_order *order, int64_t not_before)
{
	if (not_before <= wanted_at(order))
		return true;
	if (!order->want.scheduled_at)
		return false;
	order->want.scheduled_at = not_before;
	return true;
}

static void refuse_quiet(struct call_order *order, int64_t not_before)
{
	char until[TIMESTAMP_SIZE];
	auto_free char *reason = NULL;
	struct call_order_end end = {
		.err = -ECANCELED,
		.error = API_QUIET_HOURS,
		.field = "quiet_hours",
		.retry_after_s = (not_before - clock_wall_us()) / 1000000 + 1,
	};

	timestamp_iso(until, not_before);
	end.reason = reason = mem_printf(
		"These are quiet hours, until %s; a call may be scheduled (scheduled_at).", until);
	order->endh(order, &end);
}

static void may_go_there(struct task *task, const struct limit_verdict *verdict)
{
	struct call_order *order = (struct call_order *)task;

	if (!verdict->err && put_off(order, verdict->not_before))
		create(order);
	else if (!verdict->err)
		refuse_quiet(order, verdict->not_before);
	else if (verdict->err == -EPERM)
		refuse_limit(order, verdict);
	else
		fail(order, verdict->err);
}

/* ---- who speaks ---- */

static const char *agent_name(const struct call_order *order)
{
	return order->want.agent ? order->want.agent
				 : order->task.platform->api.settings->default_agent;
}

static void agent_found(int err, struct agent *agent, void *arg)
{
	struct call_order *order = arg;
	auto_free char *reason = NULL;

	if (!err) {
		order->speaker = mem_ref(agent);
		limit_check(&order->task,
			    &(struct limit_question){.address = order->want.phone_number,
						     .when = wanted_at(order)},
			    may_go_there);
	} else if (err == -ENOENT) {
		reason = mem_printf("There is no agent \"%.64s\" of yours; built in are: %.400s.",
				    agent_name(order), agent_names(order->task.platform->agents));
		refuse(order, API_INVALID_FIELD, "agent", reason);
	} else {
		fail(order, err);
	}
}

static void find_agent(struct call_order *order)
{
	struct platform *platform = order->task.platform;
	struct agent *agent = NULL;
	int err = agent_book_find(&agent, platform->book, order->task.tenant_id, agent_name(order));

	if (err == -EAGAIN)
		agent_book_ask(platform->book, order->task.tenant_id, agent_name(order),
			       agent_found, order);
	else
		agent_found(err, agent, order);
}

/* ---- where it comes from ---- */

static void number_found(int err, const char *number, void *arg)
{
	struct call_order *order = arg;

	if (!err) {
		order->number = mem_strdup(number);
		find_agent(order);
	} else if (err != -ENOENT) {
		fail(order, err);
	} else if (order->want.from) {
		refuse(order, API_INVALID_FIELD, "from", "from is not a number of yours.");
	} else {
		refuse(order, API_MISSING_FIELD, "from",
		       "There is no number of yours that the call could come from.");
	}
}

static void find_number(struct task *task, int err, const char *reason)
{
	struct call_order *order = (struct call_order *)task;
	struct number_book *numbers = task->platform->numbers;
	struct call_order_end end = {
		.err = -ECANCELED,
		.error = API_TOO_MANY_CALLS,
		.field = "max_calls",
		.retry_after_s = CALL_SLOT_RETRY_S,
	};
	const char *number = NULL;

	task->undo_slot = !err;
	if (err) {
		order->endh(order, &end);
		return;
	}
	err = number_book_find(&number, numbers, task->tenant_id, order->want.from);
	if (err == -EAGAIN)
		number_book_ask(numbers, task->tenant_id, order->want.from, number_found, order);
	else
		number_found(err, number, order);
}

void call_order_place(struct call_order *order, call_order_end_h *endh)
{
	order->endh = endh;
	order->asked_at = clock_wall_us();
	if (order->want.scheduled_at) /* its slot is taken when its time has come */
		find_number(&order->task, 0, "");
	else
		task_take_slot(&order->task, find_number);
}
