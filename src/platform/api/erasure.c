/* /api/v1/erasures: one person is forgotten, and the record of it. */
#include "platform/erasure.h"

#include "core/clock.h"
#include "core/digest.h"
#include "core/mem.h"
#include "core/phone.h"
#include "core/str.h"
#include "http/http_server.h"
#include "platform/api/body.h"
#include "platform/api/cursor.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/query.h"
#include "platform/audit.h"
#include "platform/platform_priv.h"
#include "platform/store/erasure.h"
#include "platform/vault.h"

#include <stdio.h>
#include <string.h>

enum { MAX_NUMBER = 255, MAX_REASON = 500, DEFAULT_LIMIT = 50, MAX_LIMIT = 200 };

static void write_row(struct json_writer *writer, const struct db_result *result, size_t row)
{
	static const struct {
		const char *name;
		int column;
	} counts[] = {{"calls", ERASURE_CALLS},
		      {"turns", ERASURE_TURNS},
		      {"recordings", ERASURE_RECORDINGS},
		      {"leads", ERASURE_LEADS}};

	json_write_str(writer, "erasure_id", db_get_text(result, row, ERASURE_ID));
	json_write_str(writer, "state", db_get_text(result, row, ERASURE_STATE));
	json_write_str(writer, "phone_number", db_get_text(result, row, ERASURE_PHONE_NUMBER));
	json_write_str(writer, "number_hash", db_get_text(result, row, ERASURE_PHONE_HASH));
	json_write_str(writer, "requested_by", db_get_text(result, row, ERASURE_REQUESTED_BY));
	json_write_str(writer, "reason", db_get_text(result, row, ERASURE_REASON));
	json_write_time(writer, "requested_at", db_get_int(result, row, ERASURE_REQUESTED_AT));
	json_write_time(writer, "completed_at", db_get_int(result, row, ERASURE_COMPLETED_AT));
	json_write_open(writer, "removed", '{');
	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		json_write_int(writer, counts[i].name,
			       db_get_int(result, row, (size_t)counts[i].column));
	json_write_close(writer, '}');
	json_write_str(writer, "proof", db_get_text(result, row, ERASURE_PROOF));
}

/* ---- one ---- */

/* Whether the record is as it was when the erasure was completed. */
static bool is_proved(struct platform *platform, const char *tenant_id,
		      const struct db_result *result)
{
	auto_free char *statement = erasure_statement(
		tenant_id, result, (long long)db_get_int(result, 0, ERASURE_COMPLETED_AT));
	char proof[65];

	return !vault_prove(proof, platform->vault, tenant_id, statement) &&
	       digest_equal_str(proof, db_get_text(result, 0, ERASURE_PROOF));
}

static void reply_one(struct task *task, int status, const struct db_result *result)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};

	json_write_open(&writer, NULL, '{');
	write_row(&writer, result, 0);
	if (db_get_text(result, 0, ERASURE_PROOF))
		json_write_bool(&writer, "proof_valid",
				is_proved(task->platform, task->tenant_id, result));
	json_write_close(&writer, '}');
	http_reply(task->req, status, "application/json", body.data, body.len);
}

static void on_one(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct task *task = arg;

	if (err)
		api_fail_errno(task->req, err);
	else if (!db_rows(results[0]))
		api_fail(task->req, API_NOT_FOUND, NULL, NULL);
	else
		reply_one(task, 200, results[0]);
	task_end(task);
}

static void on_keys(int err, int64_t count, void *arg)
{
	struct task *task = arg;
	struct batch batch auto_batch = {0};

	if (err) {
		api_fail_errno(task->req, err);
		task_end(task);
		return;
	}
	store_erasure_select(&batch, task->tenant_id, http_request_param(task->req, "erasure_id"));
	batch_run(&batch, NULL, task->platform->api.db, on_one, task);
}

static void get(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	struct task *task = task_for_request(platform, sizeof(*task), "erasure", req, NULL);

	vault_refresh(platform->vault, task->tenant_id, on_keys, task);
}

/* ---- all ---- */

static void write_item(struct json_writer *writer, const struct db_result *result, size_t row)
{
	json_write_open(writer, NULL, '{');
	write_row(writer, result, row);
	json_write_close(writer, '}');
}

static char *cursor_of(const struct db_result *result, size_t row)
{
	return cursor_make(db_get_int(result, row, ERASURE_REQUESTED_AT),
			   db_get_text(result, row, ERASURE_ID));
}

static void on_list(struct api *api, struct http_request *req, struct db_result *const *results)
{
	static const struct query_page page = {"erasures", DEFAULT_LIMIT, MAX_LIMIT, write_item,
					       cursor_of};

	query_reply_page(req, results[0], &page);
}

static void list(struct http_request *req, void *arg)
{
	static const char *const names[] = {"limit", "cursor"};
	struct platform *platform = arg;
	struct batch batch auto_batch = {0};
	int64_t limit = DEFAULT_LIMIT, after_at = 0;
	const char *after_id = "";
	char id[CURSOR_ID_SIZE];

	if (!query_has_only(req, names, ARRAY_LEN(names)) ||
	    !query_int(req, "limit", 1, MAX_LIMIT, &limit) ||
	    !cursor_read(req, &after_at, &after_id, id))
		return;
	store_erasure_list(&batch, api_tenant(req), after_at, after_id, limit + 1);
	query_run(&platform->api, req, &batch, on_list);
}

/* ---- a new one ---- */

static void on_added(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct task *task = arg;

	if (err)
		api_fail_errno(task->req, err);
	else
		reply_one(task, 202, results[1]);
	if (!err)
		job_queue_wake(task->platform->api.jobs);
	task_end(task);
}

static void add(struct task *task, const char *number, const char *reason)
{
	const struct principal *principal = api_principal(task->req);
	struct batch batch auto_batch = {0};
	struct erasure erasure = {
		.tenant_id = task->tenant_id,
		.phone_number = number,
		.reason = reason,
		.requested_at = clock_wall_us(),
	};
	auto_json json_t *payload = NULL;

	uuid_new(erasure.id);
	erasure.requested_by =
		batch_own(&batch, mem_printf("%s%s%s", principal_kind_name(principal->kind),
					     *principal->id ? ":" : "", principal->id));
	payload = json_pack("{s:s}", "erasure_id", erasure.id);
	store_erasure_insert(&batch, &erasure);
	store_erasure_select(&batch, task->tenant_id, batch_own(&batch, mem_strdup(erasure.id)));
	job_add(&batch, &(struct job_params){.tenant_id = task->tenant_id,
					     .kind = JOB_ERASE,
					     .payload = payload});
	audit_add(&batch, principal, "erasure.request", "erasure", erasure.id, NULL);
	batch_run(&batch, NULL, task->platform->api.db, on_added, task);
}

static void post(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"phone_number", "reason"};
	auto_json json_t *body = body_object(req, fields, ARRAY_LEN(fields), false);
	const char *number = NULL, *reason = NULL;

	if (!body || !body_text(req, body, "phone_number", MAX_NUMBER, &number) ||
	    !body_text(req, body, "reason", MAX_REASON, &reason))
		return;
	if (!number)
		api_fail(req, API_MISSING_FIELD, "phone_number", "phone_number is required.");
	else if (!phone_is_e164(number) && !str_has_prefix(number, "sip:") &&
		 !str_has_prefix(number, "sips:"))
		api_fail(req, API_INVALID_FIELD, "phone_number",
			 "phone_number must be E.164 or a sip: URI, as it is shown on calls.");
	else
		add(task_for_request(arg, sizeof(struct task), "erasure", req, NULL), number,
		    reason);
}

void api_erasure_routes(struct platform *platform)
{
	api_route(&platform->api, platform->server, "POST", "/api/v1/erasures", PERM_PRIVACY, post,
		  platform);
	api_route(&platform->api, platform->server, "GET", "/api/v1/erasures", PERM_PRIVACY, list,
		  platform);
	api_route(&platform->api, platform->server, "GET", "/api/v1/erasures/{erasure_id}",
		  PERM_PRIVACY, get, platform);
}
