/*
 * GET and POST /api/v1/calls/{call_id}/notes: what people write down about a call. A note is an
 * event of its call (call.note): it is told live, sealed, and goes when the call's words go.
 */
#include "core/clock.h"
#include "core/json_writer.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/http_server.h"
#include "platform/api/body.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/query.h"
#include "platform/audit.h"
#include "platform/call_table_priv.h"
#include "platform/live.h"
#include "platform/platform_priv.h"
#include "platform/store/call.h"
#include "platform/store/call_event.h"
#include "platform/store/user.h"

#include <errno.h>

enum { MAX_TEXT = 4000, MAX_NOTES = 500 };

struct writing {
	struct task task;
	struct db_request *query;
	char *text;
	json_t *note;
};

static void writing_release(void *data)
{
	struct writing *writing = data;

	mem_unref(writing->query);
	mem_free(writing->text);
	json_decref(writing->note);
}

/* ---- writing ---- */

static void on_noted(int err, void *arg)
{
	struct writing *writing = arg;

	if (err)
		api_fail_errno(writing->task.req, err);
	else
		http_reply_json(writing->task.req, 201, writing->note);
	task_end(&writing->task);
}

/* Who somebody is called, as long as the note is kept: a name, an email, or nothing. */
static void set_author(json_t *note, const struct principal *by, const struct db_result *users)
{
	const char *name = db_rows(users) ? db_get_text(users, 0, 2) : NULL;
	json_t *author = json_object();

	if (str_is_empty(name) && db_rows(users))
		name = db_get_text(users, 0, 1);
	json_set_str(author, "kind", principal_kind_name(by->kind));
	json_set_str(author, "id", *by->id ? by->id : NULL);
	json_set_str(author, "name", name);
	json_object_set_new(note, "author", author);
}

static void write_note(struct writing *writing, const struct db_result *users)
{
	const struct principal *by = api_principal(writing->task.req);
	struct task *task = &writing->task;
	struct batch batch auto_batch = {0};
	char id[UUID_SIZE];

	uuid_new(id);
	writing->note = json_object();
	json_set_str(writing->note, "note_id", id);
	json_set_str(writing->note, "text", writing->text);
	set_author(writing->note, by, users);
	json_set_time(writing->note, "created_at", clock_wall_us());
	audit_add(&batch, by, "call.note", "call", task->call_id, NULL);
	call_note(task->platform->api.calls, &batch, task->tenant_id, task->call_id,
		  live_type_name(LIVE_CALL_NOTE), json_deep_copy(writing->note), on_noted, writing);
}

static void on_found(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct writing *writing = arg;

	if (!err && !db_rows(results[0]))
		err = -ENOENT;
	if (!err) {
		write_note(writing, results[1]);
		return;
	}
	api_fail_errno(writing->task.req, err);
	task_end(&writing->task);
}

static void post(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"text"};
	struct platform *platform = arg;
	const char *id = http_request_param(req, "call_id"), *text = NULL;
	auto_json json_t *body = body_object(req, fields, ARRAY_LEN(fields), false);
	struct batch batch auto_batch = {0};
	struct writing *writing;

	if (!body || !body_text(req, body, "text", MAX_TEXT, &text))
		return;
	if (!text) {
		api_fail(req, API_MISSING_FIELD, "text", NULL);
		return;
	}
	if (!uuid_is_valid(id)) {
		api_fail(req, API_CALL_NOT_FOUND, NULL, NULL);
		return;
	}
	writing = task_for_request(platform, sizeof(*writing), "note", req, id);
	writing->task.releaseh = writing_release;
	writing->text = mem_strdup(text);
	store_call_select(&batch, api_tenant(req), STORE_CALL_BY_ID, id);
	store_user_by_id(&batch, api_principal(req)->user_id);
	batch_lookup(&batch, &writing->query, platform->api.db, on_found, writing);
}

/* ---- reading ---- */

static void write_note_row(struct json_writer *writer, const struct db_result *result, size_t row)
{
	json_write_raw(writer, NULL, db_get_text(result, row, 1), "null");
}

static void on_notes(struct api *api, struct http_request *req, struct db_result *const *results)
{
	query_reply_of_call(req, results, "notes", write_note_row);
}

static void get(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	const char *id = http_request_param(req, "call_id");
	struct batch batch auto_batch = {0};

	store_call_select(&batch, api_tenant(req), STORE_CALL_BY_ID, id);
	store_event_select_type(&batch, api_tenant(req), id, live_type_name(LIVE_CALL_NOTE),
				MAX_NOTES);
	query_run(&platform->api, req, &batch, on_notes);
}

void api_note_routes(struct platform *platform)
{
	api_route(&platform->api, platform->server, "GET", "/api/v1/calls/{call_id}/notes",
		  PERM_CALLS_READ, get, platform);
	api_route(&platform->api, platform->server, "POST", "/api/v1/calls/{call_id}/notes",
		  PERM_CALLS_WRITE, post, platform);
}
