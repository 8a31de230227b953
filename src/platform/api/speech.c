/*
 * POST /api/v1/calls/{call_id}/say and /instruct: words for the agent of a live call, to be said or
 * to be heeded. They go to the engine, which has the call.
 */
#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/http_server.h"
#include "platform/api/body.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/audit.h"
#include "platform/call_table_priv.h"
#include "platform/live.h"
#include "platform/platform_priv.h"

#include <errno.h>

enum { MAX_TEXT = 2000, NOT_ACTIVE = 422 };

struct speech {
	struct task task;
	struct db_request *query;
	char *text;
	bool is_instruction;
	bool urgent, uninterruptible;
};

static void speech_release(void *data)
{
	struct speech *speech = data;

	mem_unref(speech->query);
	mem_free(speech->text);
}

static void accepted(struct speech *speech)
{
	auto_json json_t *view = json_object();

	json_set_str(view, "call_id", speech->task.call_id);
	json_set_str(view, "text", speech->text);
	http_reply_json(speech->task.req, 202, view);
	task_end(&speech->task);
}

static void on_noted(int err, void *arg)
{
	struct speech *speech = arg;

	if (err)
		LOG_WARN(&speech->task.log, "instruction_not_noted", LOG_ERR(err));
	accepted(speech);
}

/* What is said is in the transcript; an instruction would be nowhere. */
static void note_instruction(struct speech *speech)
{
	struct task *task = &speech->task;
	const struct principal *by = api_principal(task->req);
	struct batch batch auto_batch = {0};
	json_t *data = json_object(), *author = json_object();

	json_set_str(author, "kind", principal_kind_name(by->kind));
	json_set_str(author, "id", *by->id ? by->id : NULL);
	json_set_str(data, "text", speech->text);
	json_object_set_new(data, "author", author);
	call_note(task->platform->api.calls, &batch, task->tenant_id, task->call_id,
		  live_type_name(LIVE_CALL_INSTRUCTION), data, on_noted, speech);
}

static void on_told(const struct provider_result *result, void *arg)
{
	struct speech *speech = arg;
	struct task *task = &speech->task;

	task->request = mem_unref(task->request);
	if (result->err && result->status == NOT_ACTIVE) {
		api_fail(task->req, API_CALL_NOT_LIVE, NULL, "The agent is not in the call.");
	} else if (result->err) {
		LOG_WARN(&task->log, "engine_not_told", LOG_ERR(result->err),
			 LOG_STR("reason", result->reason));
		api_fail(task->req, API_ENGINE, NULL, NULL);
	} else if (speech->is_instruction) {
		note_instruction(speech);
		return;
	} else {
		accepted(speech);
		return;
	}
	task_end(task);
}

static void on_audited(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct speech *speech = arg;
	struct task *task = &speech->task;
	struct ultravox *engine = task->platform->ultravox;
	const char *id = task->call->ultravox_call_id;
	struct ultravox_speech words = {.text = speech->text,
					.urgent = speech->urgent,
					.uninterruptible = speech->uninterruptible};

	speech->query = mem_unref(speech->query);
	if (!err && speech->is_instruction)
		err = ultravox_instruct(&task->request, engine, id, speech->text, on_told, speech);
	else if (!err)
		err = ultravox_say(&task->request, engine, id, &words, on_told, speech);
	if (!err)
		return;
	api_fail_errno(task->req, err);
	task_end(task);
}

static void loaded(struct task *task, int err, const char *reason)
{
	struct speech *speech = (struct speech *)task;
	struct batch batch auto_batch = {0};

	if (!err && (task->call->status != CALL_IN_PROGRESS || !task->call->ultravox_call_id)) {
		api_fail(task->req, API_CALL_NOT_LIVE, NULL, NULL);
		task_end(task);
	} else if (err) {
		api_fail_errno(task->req, err);
		task_end(task);
	} else {
		audit_add(&batch, api_principal(task->req),
			  speech->is_instruction ? "call.instruct" : "call.say", "call",
			  task->call_id, NULL);
		batch_run(&batch, &speech->query, task->platform->api.db, on_audited, speech);
	}
}

static struct speech *speech_new(struct platform *platform, struct http_request *req,
				 const json_t *body)
{
	const char *id = http_request_param(req, "call_id"), *text = NULL;
	struct speech *speech;

	if (!body_text(req, body, "text", MAX_TEXT, &text))
		return NULL;
	if (!text) {
		api_fail(req, API_MISSING_FIELD, "text", NULL);
		return NULL;
	}
	if (!uuid_is_valid(id)) {
		api_fail(req, API_CALL_NOT_FOUND, NULL, NULL);
		return NULL;
	}
	speech = task_for_request(platform, sizeof(*speech), "call_manager", req, id);
	speech->task.releaseh = speech_release;
	speech->text = mem_strdup(text);
	return speech;
}

/* "urgency" as the engine has it; "now" is what people press a button for. */
static bool read_say(struct http_request *req, const json_t *body, struct speech *say)
{
	const json_t *interruptible = json_object_get(body, "interruptible");
	static const char *const times[] = {"now", "soon"};
	const char *when = "now";

	if (interruptible && !json_is_boolean(interruptible)) {
		api_fail(req, API_INVALID_FIELD, "interruptible",
			 "interruptible must be true or false.");
		return false;
	}
	if (!body_choice(req, body, "when", times, ARRAY_LEN(times), &when))
		return false;
	say->urgent = str_equal(when, "now");
	say->uninterruptible = interruptible && !json_is_true(interruptible);
	return true;
}

static void say(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"text", "when", "interruptible"};
	auto_json json_t *body = body_object(req, fields, ARRAY_LEN(fields), false);
	struct speech options = {0}, *speech;

	if (!body || !read_say(req, body, &options))
		return;
	speech = speech_new(arg, req, body);
	if (!speech)
		return;
	speech->urgent = options.urgent;
	speech->uninterruptible = options.uninterruptible;
	task_load(&speech->task, loaded);
}

static void instruct(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"text"};
	auto_json json_t *body = body_object(req, fields, ARRAY_LEN(fields), false);
	struct speech *speech = body ? speech_new(arg, req, body) : NULL;

	if (!speech)
		return;
	speech->is_instruction = true;
	task_load(&speech->task, loaded);
}

void api_speech_routes(struct platform *platform)
{
	api_route(&platform->api, platform->server, "POST", "/api/v1/calls/{call_id}/say",
		  PERM_CALLS_WRITE, say, platform);
	api_route(&platform->api, platform->server, "POST", "/api/v1/calls/{call_id}/instruct",
		  PERM_CALLS_WRITE, instruct, platform);
}
