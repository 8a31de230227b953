#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/http_server.h"
#include "platform/agent_book.h"
#include "platform/api/agent_priv.h"
#include "platform/api/body.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/audit.h"
#include "platform/webhook.h"
#include "platform/webhook_sender.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MAX_NOTE = 500 };

static void release(void *data)
{
	struct agent_edit *edit = data;

	mem_unref(edit->db);
	json_decref(edit->body);
}

static void by_whom(char by[AGENT_BY_SIZE], const struct principal *principal)
{
	snprintf(by, AGENT_BY_SIZE, "%s%s%s", principal_kind_name(principal->kind),
		 *principal->id ? ":" : "", principal->id);
}

struct agent_edit *agent_edit_new(struct platform *platform, struct http_request *req, json_t *body,
				  const char *name)
{
	json_t *auto_json taken = body;
	struct agent_edit *edit;
	const char *note = NULL;
	int64_t revision = 0;

	if (!agent_name_is_valid(name)) {
		api_fail(req, API_AGENT_NOT_FOUND, NULL, NULL);
		return NULL;
	}
	if (!body_text(req, body, "note", MAX_NOTE, &note) ||
	    !body_int(req, body, "revision", 1, INT64_MAX, &revision))
		return NULL;
	edit = task_for_request(platform, sizeof(*edit), "agent", req, NULL);
	edit->task.releaseh = release;
	edit->body = json_incref(taken);
	edit->note = note;
	edit->revision = revision;
	edit->status = 200;
	edit->told = WEBHOOK_NOBODY;
	str_copy(edit->name, sizeof(edit->name), name);
	by_whom(edit->by, api_principal(req));
	return edit;
}

void agent_edit_end(struct agent_edit *edit)
{
	task_end(&edit->task);
}

struct store_agent_change agent_edit_change(const struct agent_edit *edit)
{
	return (struct store_agent_change){
		.tenant_id = edit->task.tenant_id,
		.name = edit->name,
		.by = edit->by,
		.at = clock_wall_us(),
	};
}

void agent_fail_fault(struct http_request *req, const struct agent_fault *fault)
{
	auto_free char *field = mem_printf("config%s%s", *fault->field ? "." : "", fault->field);

	api_fail(req, API_INVALID_FIELD, field, "%s: %s.", field, fault->reason);
}

/* ---- reading ---- */

static void on_read(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct agent_edit *edit = arg;

	if (!err && db_rows(results[0])) {
		edit->rowsh(edit, results);
		return;
	}
	if (err)
		api_fail_errno(edit->task.req, err);
	else
		api_fail(edit->task.req, API_AGENT_NOT_FOUND, NULL, NULL);
	agent_edit_end(edit);
}

void agent_edit_read(struct agent_edit *edit, struct batch *batch, agent_rows_h *rowsh)
{
	edit->rowsh = rowsh;
	edit->db = mem_unref(edit->db);
	batch_run(batch, &edit->db, edit->task.platform->api.db, on_read, edit);
}

/* ---- changing ---- */

/* It was not as expected: how is it? */
static void explain(struct agent_edit *edit, struct db_result *const *results)
{
	if (edit->status == 201)
		api_fail(edit->task.req, API_AGENT_EXISTS, "name", NULL);
	else if (edit->revision == db_get_int(results[0], 0, STORE_AGENT_REVISION))
		api_fail(edit->task.req, API_AGENT_IN_USE, NULL, NULL);
	else
		api_fail(edit->task.req, API_REVISION, "revision",
			 "The agent has changed meanwhile: its revision is %" PRId64 ".",
			 db_get_int(results[0], 0, STORE_AGENT_REVISION));
	agent_edit_end(edit);
}

static void reply(struct agent_edit *edit, const struct db_result *agent)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};

	if (!db_rows(agent)) {
		http_reply(edit->task.req, 204, NULL, NULL, 0);
		return;
	}
	agent_write_stored(&writer, agent, 0, false);
	http_reply(edit->task.req, edit->status, "application/json", body.data, body.len);
}

static void on_changed(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct agent_edit *edit = arg;
	struct batch batch auto_batch = {0};

	if (err == -EAGAIN) {
		store_agent_select(&batch, edit->task.tenant_id, edit->name);
		agent_edit_read(edit, &batch, explain);
		return;
	}
	if (err) {
		api_fail_errno(edit->task.req, err);
	} else {
		agent_book_forget(edit->task.platform->book, edit->task.tenant_id, edit->name);
		LOG_INFO(&edit->task.log, "agent_changed", LOG_STR("agent", edit->name),
			 LOG_STR("action", edit->action), LOG_STR("by", edit->by));
		if (webhook_was_told(results, edit->told))
			webhook_sender_wake(edit->task.platform->api.webhooks);
		reply(edit, results[edit->view]);
	}
	agent_edit_end(edit);
}

/* NULL where there is nothing to add. */
static char *audit_detail(const struct agent_edit *edit)
{
	auto_json json_t *detail = json_object();

	if (edit->note)
		json_set_str(detail, "note", edit->note);
	if (edit->version)
		json_set_int(detail, "version", edit->version);
	return json_object_size(detail) ? json_text(detail) : NULL;
}

void agent_edit_run(struct agent_edit *edit, struct batch *batch)
{
	audit_add(batch, api_principal(edit->task.req), edit->action, "agent", edit->name,
		  batch_own(batch, audit_detail(edit)));
	edit->view = batch->count;
	store_agent_select(batch, edit->task.tenant_id, edit->name);
	edit->db = mem_unref(edit->db);
	batch_run(batch, &edit->db, edit->task.platform->api.db, on_changed, edit);
}
