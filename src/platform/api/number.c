/*
 * /api/v1/numbers: the tenant's phone numbers: added, labelled, assigned to an agent, released, and
 * their webhooks set at the carrier. docs/numbers.md shows it to users; number_import.c takes over
 * those of the carrier's account.
 *
 * The carrier's account is the operator's, and so are the numbers in it: STORE_TENANT adds numbers,
 * its own or another tenant's.
 */
#include "core/clock.h"
#include "core/mem.h"
#include "core/phone.h"
#include "core/str.h"
#include "http/http_server.h"
#include "platform/agent_book.h"
#include "platform/api/body.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/number_priv.h"
#include "platform/api/query.h"
#include "platform/audit.h"
#include "platform/number_book.h"
#include "platform/number_webhook.h"
#include "platform/platform_priv.h"
#include "platform/store/phone_number.h"
#include "platform/store/store.h"
#include "platform/webhook.h"
#include "platform/webhook_sender.h"

#include <errno.h>
#include <string.h>

enum { DEFAULT_LIMIT = 50, MAX_LIMIT = 200, MAX_LABEL = 200, NUMBER_SIZE = 20 };

/* ---- how a number looks ---- */

static void write_number(struct json_writer *writer, const struct db_result *result, size_t row)
{
	json_write_open(writer, NULL, '{');
	json_write_str(writer, "number", db_get_text(result, row, STORE_NUMBER_NUMBER));
	json_write_str(writer, "label", db_get_text(result, row, STORE_NUMBER_LABEL));
	json_write_str(writer, "agent", db_get_text(result, row, STORE_NUMBER_AGENT));
	json_write_str(writer, "provider_sid", db_get_text(result, row, STORE_NUMBER_PROVIDER_SID));
	json_write_open(writer, "webhooks", '{');
	json_write_str(writer, "state", db_get_text(result, row, STORE_NUMBER_WEBHOOKS));
	json_write_str(writer, "detail", db_get_text(result, row, STORE_NUMBER_WEBHOOKS_DETAIL));
	json_write_time(writer, "at", db_get_int(result, row, STORE_NUMBER_WEBHOOKS_AT));
	json_write_close(writer, '}');
	json_write_time(writer, "created_at", db_get_int(result, row, STORE_NUMBER_CREATED_AT));
	json_write_time(writer, "updated_at", db_get_int(result, row, STORE_NUMBER_UPDATED_AT));
	json_write_close(writer, '}');
}

/* ---- reading ---- */

/* A number without its '+', which would have to be escaped. */
static char *cursor_of(const struct db_result *result, size_t row)
{
	return mem_strdup(db_get_text(result, row, STORE_NUMBER_NUMBER) + 1);
}

static void on_list(struct api *api, struct http_request *req, struct db_result *const *results)
{
	static const struct query_page page = {"numbers", DEFAULT_LIMIT, MAX_LIMIT, write_number,
					       cursor_of};

	query_reply_page(req, results[0], &page);
}

static void list(struct http_request *req, void *arg)
{
	static const char *const names[] = {"limit", "cursor"};
	struct platform *platform = arg;
	const char *cursor = NULL;
	int64_t limit = DEFAULT_LIMIT;
	struct batch batch auto_batch = {0};

	if (!query_has_only(req, names, ARRAY_LEN(names)) ||
	    !query_int(req, "limit", 1, MAX_LIMIT, &limit) ||
	    !query_text(req, "cursor", NUMBER_SIZE - 1, &cursor))
		return;
	store_number_list(&batch, api_tenant(req),
			  cursor ? batch_own(&batch, mem_printf("+%s", cursor)) : "", limit + 1);
	query_run(&platform->api, req, &batch, on_list);
}

static void on_get(struct api *api, struct http_request *req, struct db_result *const *results)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};

	if (!db_rows(results[0])) {
		api_fail(req, API_NUMBER_NOT_FOUND, NULL, NULL);
		return;
	}
	write_number(&writer, results[0], 0);
	http_reply(req, 200, "application/json", body.data, body.len);
}

static void get(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	struct batch batch auto_batch = {0};

	store_number_select(&batch, api_tenant(req), http_request_param(req, "number"));
	query_lookup(&platform->api, req, &batch, on_get);
}

/* ---- changing ---- */

struct edit {
	struct task task;
	struct db_request *db;
	json_t *body;
	char number[NUMBER_SIZE];
	char owner[UUID_SIZE]; /* the tenant it is or will be of */
	const char *label;     /* of the body */
	const char *agent;     /* of the body */
	size_t view;           /* the statement whose row is answered; SIZE_MAX: 204 */
	int told;              /* see webhook_tell() */
	int status;
	void (*runh)(struct edit *edit); /* once the agent is known to be there */
};

static void release(void *data)
{
	struct edit *edit = data;

	mem_unref(edit->db);
	json_decref(edit->body);
}

/* body is taken. NULL: answered. */
static struct edit *edit_new(struct platform *platform, struct http_request *req, json_t *body,
			     const char *number)
{
	json_t *auto_json taken = body;
	struct edit *edit;
	const char *label = NULL, *agent = NULL;

	if (!body_text(req, body, "label", MAX_LABEL, &label) ||
	    !body_text(req, body, "agent", AGENT_NAME_SIZE - 1, &agent))
		return NULL;
	edit = task_for_request(platform, sizeof(*edit), "number", req, NULL);
	edit->task.releaseh = release;
	edit->body = json_incref(taken);
	edit->label = label;
	edit->agent = agent;
	edit->status = 200;
	edit->told = WEBHOOK_NOBODY;
	str_copy(edit->number, sizeof(edit->number), number);
	str_copy(edit->owner, sizeof(edit->owner), api_tenant(req));
	return edit;
}

static void explain(const struct edit *edit, int err)
{
	struct http_request *req = edit->task.req;

	if (err == -EAGAIN)
		api_fail(req, API_NUMBER_NOT_FOUND, NULL, NULL);
	else if (err == -EEXIST)
		api_fail(req, API_NUMBER_TAKEN, "number", NULL);
	else if (err == -ENOENT)
		api_fail(req, API_INVALID_FIELD, "tenant_id", "There is no such tenant.");
	else
		api_fail_errno(req, err);
}

static void reply(const struct edit *edit, const struct db_result *result)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};

	if (!db_rows(result)) {
		api_fail(edit->task.req, API_NUMBER_NOT_FOUND, NULL, NULL);
		return;
	}
	write_number(&writer, result, 0);
	http_reply(edit->task.req, edit->status, "application/json", body.data, body.len);
}

static void on_changed(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct edit *edit = arg;

	if (err) {
		explain(edit, err);
	} else {
		number_book_forget(edit->task.platform->numbers);
		job_queue_wake(edit->task.platform->api.jobs);
		if (webhook_was_told(results, edit->told))
			webhook_sender_wake(edit->task.platform->api.webhooks);
		if (edit->view == SIZE_MAX)
			http_reply(edit->task.req, 204, NULL, NULL, 0);
		else
			reply(edit, results[edit->view]);
	}
	task_end(&edit->task);
}

/* Run batch with an entry in the audit log, and answer. */
static void run(struct edit *edit, struct batch *batch, const char *action, bool show)
{
	audit_add_for(batch, edit->owner, api_principal(edit->task.req), action, "phone_number",
		      edit->number, NULL);
	edit->view = show ? batch->count : SIZE_MAX;
	if (show)
		store_number_select(batch, edit->owner, edit->number);
	batch_run(batch, &edit->db, edit->task.platform->api.db, on_changed, edit);
}

static void agent_found(int err, struct agent *agent, void *arg)
{
	struct edit *edit = arg;

	if (!err) {
		edit->runh(edit);
		return;
	}
	if (err == -ENOENT)
		api_fail(edit->task.req, API_INVALID_FIELD, "agent",
			 "There is no published agent \"%.64s\".", edit->agent);
	else
		api_fail_errno(edit->task.req, err);
	task_end(&edit->task);
}

static void with_agent(struct edit *edit, void (*runh)(struct edit *edit))
{
	edit->runh = runh;
	if (edit->agent)
		agent_book_ask(edit->task.platform->book, edit->owner, edit->agent, agent_found,
			       edit);
	else
		runh(edit);
}

static struct store_number values_of(const struct edit *edit)
{
	return (struct store_number){
		.tenant_id = edit->owner,
		.number = edit->number,
		.agent = edit->agent,
		.label = edit->label,
		.at = clock_wall_us(),
	};
}

/* ---- telling ---- */

static const char number_assigned[] = "number.assigned";

int number_tell(struct batch *batch, const char *type, const struct store_number *number)
{
	bool assigned = str_equal(type, number_assigned);
	auto_json json_t *data = json_object();
	struct webhook_event event = {
		.tenant_id = number->tenant_id,
		.type = type,
		.at = number->at,
		.new_number = assigned ? NULL : number->number,
	};

	json_set_str(data, "number", number->number);
	if (assigned)
		json_set_str(data, "agent", number->agent);
	else
		json_set_str(data, "label", number->label);
	event.data = batch_own(batch, json_text(data));
	return webhook_tell(batch, &event);
}

/* ---- add ---- */

static void add_run(struct edit *edit)
{
	struct batch batch auto_batch = {0};
	struct store_number number = values_of(edit);

	store_number_insert(&batch, &number);
	if (number.agent)
		edit->told = number_tell(&batch, number_assigned, &number);
	run(edit, &batch, "phone_number.add", true);
}

bool number_may_add(struct http_request *req)
{
	if (str_equal(api_tenant(req), STORE_TENANT))
		return true;
	api_fail(req, API_FORBIDDEN, NULL, "Numbers are added by the platform's operator.");
	return false;
}

/* The tenant that gets it. False: answered. */
static bool take_owner(struct edit *edit)
{
	const char *tenant_id = json_get_str(edit->body, "tenant_id", edit->owner);

	if (tenant_id_is_valid(tenant_id) && str_copy(edit->owner, sizeof(edit->owner), tenant_id))
		return true;
	api_fail(edit->task.req, API_INVALID_FIELD, "tenant_id", "There is no such tenant.");
	return false;
}

static void add(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"number", "label", "agent", "tenant_id"};
	json_t *body;
	const char *number;
	struct edit *edit;

	if (!number_may_add(req))
		return;
	body = body_object(req, fields, ARRAY_LEN(fields), false);
	number = json_get_str(body, "number", "");
	if (!body)
		return;
	if (!phone_is_e164(number)) {
		api_fail(req, API_INVALID_FIELD, "number",
			 "number must be E.164: + and 8 to 15 digits.");
		json_decref(body);
		return;
	}
	edit = edit_new(arg, req, body, number);
	if (!edit)
		return;
	edit->status = 201;
	if (take_owner(edit))
		with_agent(edit, add_run);
	else
		task_end(&edit->task);
}

/* ---- label, assign ---- */

static void change_run(struct edit *edit)
{
	struct batch batch auto_batch = {0};
	struct store_number number = values_of(edit);

	bool assigns = json_object_get(edit->body, "agent") != NULL;

	store_number_update(&batch, &number, assigns, json_object_get(edit->body, "label") != NULL);
	if (assigns)
		edit->told = number_tell(&batch, number_assigned, &number);
	run(edit, &batch, "phone_number.change", true);
}

static void change(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"label", "agent"};
	json_t *body = body_object(req, fields, ARRAY_LEN(fields), false);
	struct edit *edit =
		body ? edit_new(arg, req, body, http_request_param(req, "number")) : NULL;

	if (edit)
		with_agent(edit, change_run);
}

/* ---- release ---- */

static void delete_number(struct http_request *req, void *arg)
{
	struct edit *edit = edit_new(arg, req, json_object(), http_request_param(req, "number"));
	struct batch batch auto_batch = {0};

	if (!edit)
		return;
	store_number_delete(&batch, edit->owner, edit->number);
	run(edit, &batch, "phone_number.release", false);
}

/* ---- webhooks ---- */

static void set_webhooks(struct http_request *req, void *arg)
{
	struct edit *edit = edit_new(arg, req, json_object(), http_request_param(req, "number"));
	struct batch batch auto_batch = {0};

	if (!edit)
		return;
	edit->status = 202;
	number_webhook_want(&batch, edit->owner, edit->number, NULL, clock_wall_us());
	run(edit, &batch, "phone_number.set_webhooks", true);
}

void api_number_routes(struct platform *platform)
{
	struct api *api = &platform->api;
	struct http_server *server = platform->server;
	static const char numbers[] = "/api/v1/numbers";
	static const char number[] = "/api/v1/numbers/{number}";

	api_route(api, server, "GET", numbers, PERM_NUMBERS_READ, list, platform);
	api_route(api, server, "POST", numbers, PERM_NUMBERS_WRITE, add, platform);
	api_route(api, server, "GET", number, PERM_NUMBERS_READ, get, platform);
	api_route(api, server, "PATCH", number, PERM_NUMBERS_WRITE, change, platform);
	api_route(api, server, "DELETE", number, PERM_NUMBERS_WRITE, delete_number, platform);
	api_route(api, server, "POST", "/api/v1/numbers/{number}/webhooks", PERM_NUMBERS_WRITE,
		  set_webhooks, platform);
	api_route(api, server, "POST", "/api/v1/numbers/import", PERM_NUMBERS_WRITE, number_import,
		  platform);
}
