/*
 * Links to a call that need no sign-in:
 *
 *	POST   /api/v1/calls/{call_id}/links		to its page, /shared/TOKEN
 *	POST   /api/v1/calls/{call_id}/recording/link	to its recording alone
 *	GET    /api/v1/calls/{call_id}/links		those that still open something
 *	DELETE /api/v1/calls/{call_id}/links/{link_id}	one is taken back
 *	GET    /api/v1/shared/{token}			what is on that page
 *
 * The page shows the call and nothing else of its tenant: numbers are masked, and of the summary
 * only what it says. GET /api/v1/recordings/{token} (recording.c) plays its recording.
 */
#include "platform/api/link.h"

#include "core/clock.h"
#include "core/json_writer.h"
#include "core/mem.h"
#include "core/phone.h"
#include "core/str.h"
#include "http/http_server.h"
#include "platform/api/body.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/query.h"
#include "platform/audit.h"
#include "platform/brand.h"
#include "platform/call.h"
#include "platform/call_link.h"
#include "platform/platform_priv.h"
#include "platform/store/call.h"
#include "platform/store/call_link.h"
#include "platform/store/call_whole.h"
#include "platform/store/recording.h"
#include "platform/store/tenant.h"
#include "platform/store/turn.h"
#include "platform/summary.h"
#include "platform/transcript.h"
#include "platform/vault.h"

#include <errno.h>

enum {
	MIN_LINK_S = 60,
	SOUND_LINK_S = 3600,
	MAX_SOUND_LINK_S = 7 * 24 * 3600,
	CALL_LINK_S = 24 * 3600,
	MAX_CALL_LINK_S = 30 * 24 * 3600,
	MAX_LINKS = 200, /* listed */
};

enum { RECORDING_STATUS = 0, TENANT_SETTINGS = 3 }; /* columns of the store's selections */

static void audit_link(struct batch *batch, const struct principal *by,
		       const struct call_link *link, const char *action)
{
	auto_free char *detail = mem_printf("{\"link_id\":\"%s\"}", link->id);

	audit_add(batch, by, action, "call", link->call_id, detail);
}

/* ---- making ---- */

struct making {
	struct task task;
	struct db_request *db;
	struct call_link link;
};

static void making_release(void *data)
{
	struct making *making = data;

	mem_unref(making->db);
}

static bool is_to_page(const struct making *making)
{
	return making->link.scope == CALL_LINK_CALL;
}

static void on_made(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct making *making = arg;
	struct platform *platform = making->task.platform;
	auto_free char *token = call_link_make(&making->link, platform->vault);
	auto_free char *url = mem_printf("%s%s%s", platform->base_url,
					 is_to_page(making) ? "/shared/" : "/api/v1/recordings/",
					 token ? token : "");
	auto_json json_t *answer = json_object();

	if (err || !token) {
		api_fail_errno(making->task.req, err ? err : -EIO);
	} else {
		json_set_str(answer, "link_id", making->link.id);
		json_set_str(answer, "url", url);
		json_set_time(answer, "expires_at", making->link.expires_s * 1000000);
		http_reply_json(making->task.req, 201, answer);
	}
	task_end(&making->task);
}

static void on_keys(int err, int64_t count, void *arg)
{
	struct making *making = arg;
	const struct principal *by;
	struct batch batch auto_batch = {0};

	if (err) {
		api_fail_errno(making->task.req, err);
		task_end(&making->task);
		return;
	}
	by = api_principal(making->task.req);
	store_link_insert(&batch, &making->link, by, clock_wall_us());
	audit_link(&batch, by, &making->link, is_to_page(making) ? "call.link" : "recording.link");
	making->db = mem_unref(making->db);
	batch_run(&batch, &making->db, making->task.platform->api.db, on_made, making);
}

static void on_found(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct making *making = arg;
	struct http_request *req = making->task.req;

	if (err) {
		api_fail_errno(req, err);
	} else if (!db_rows(results[0])) {
		api_fail(req, API_CALL_NOT_FOUND, NULL, NULL);
	} else if (!is_to_page(making) &&
		   !str_equal(db_get_text(results[1], 0, RECORDING_STATUS), "available")) {
		api_fail(req, API_NO_RECORDING, NULL, NULL);
	} else {
		vault_refresh(making->task.platform->vault, making->task.tenant_id, on_keys,
			      making);
		return;
	}
	task_end(&making->task);
}

static void make(struct platform *platform, struct http_request *req, enum call_link_scope scope,
		 int64_t seconds)
{
	const char *id = http_request_param(req, "call_id");
	struct batch batch auto_batch = {0};
	struct making *making;

	if (!uuid_is_valid(id)) {
		api_fail(req, API_CALL_NOT_FOUND, NULL, NULL);
		return;
	}
	making = task_for_request(platform, sizeof(*making), "link", req, id);
	making->task.releaseh = making_release;
	making->link.expires_s = clock_wall_us() / 1000000 + seconds;
	making->link.scope = scope;
	uuid_new(making->link.id);
	str_copy(making->link.tenant_id, UUID_SIZE, making->task.tenant_id);
	str_copy(making->link.call_id, UUID_SIZE, id);
	store_call_select(&batch, making->task.tenant_id, STORE_CALL_BY_ID, id);
	store_recording_select(&batch, making->task.tenant_id, id);
	batch_lookup(&batch, &making->db, platform->api.db, on_found, making);
}

static void post_recording(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"expires_in", "download"};
	json_t *auto_json body = body_object(req, fields, ARRAY_LEN(fields), true);
	int64_t seconds = SOUND_LINK_S;

	if (!body || !body_int(req, body, "expires_in", MIN_LINK_S, MAX_SOUND_LINK_S, &seconds))
		return;
	make(arg, req, json_get_bool(body, "download", false) ? CALL_LINK_FILE : CALL_LINK_SOUND,
	     seconds);
}

/* Whoever follows it hears the recording, so whoever makes it must be permitted to. */
static void post_call(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"expires_in"};
	json_t *auto_json body = body_object(req, fields, ARRAY_LEN(fields), true);
	int64_t seconds = CALL_LINK_S;

	if (!body || !body_int(req, body, "expires_in", MIN_LINK_S, MAX_CALL_LINK_S, &seconds))
		return;
	if (!principal_may(api_principal(req), PERM_RECORDINGS_READ)) {
		api_fail(req, API_FORBIDDEN, NULL, "This needs the permission recordings:read.");
		return;
	}
	make(arg, req, CALL_LINK_CALL, seconds);
}

/* ---- those there are ---- */

static void write_link(struct json_writer *writer, const struct db_result *result, size_t row)
{
	enum call_link_scope scope = CALL_LINK_CALL;
	const char *by = db_get_text(result, row, STORE_LINK_MADE_BY);

	(void)call_link_scope_parse(&scope, db_get_text(result, row, STORE_LINK_SCOPE));
	json_write_open(writer, NULL, '{');
	json_write_str(writer, "link_id", db_get_text(result, row, STORE_LINK_ID));
	json_write_str(writer, "scope", scope == CALL_LINK_CALL ? "call" : "recording");
	json_write_open(writer, "author", '{');
	json_write_str(writer, "kind", db_get_text(result, row, STORE_LINK_MADE_BY_KIND));
	json_write_str(writer, "id", str_is_empty(by) ? NULL : by);
	json_write_str(writer, "name", db_get_text(result, row, STORE_LINK_NAME));
	json_write_close(writer, '}');
	json_write_time(writer, "created_at", db_get_int(result, row, STORE_LINK_CREATED));
	json_write_time(writer, "expires_at", db_get_int(result, row, STORE_LINK_EXPIRES));
	json_write_close(writer, '}');
}

static void on_links(struct api *api, struct http_request *req, struct db_result *const *results)
{
	query_reply_of_call(req, results, "links", write_link);
}

static void get_links(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	const char *id = http_request_param(req, "call_id");
	struct batch batch auto_batch = {0};

	store_call_select(&batch, api_tenant(req), STORE_CALL_BY_ID, id);
	store_link_list(&batch, api_tenant(req), id, clock_wall_us(), MAX_LINKS);
	query_run(&platform->api, req, &batch, on_links);
}

/* ---- taking one back ---- */

struct revoking {
	struct task task;
	struct db_request *db;
	struct call_link link;
};

static void revoking_release(void *data)
{
	struct revoking *revoking = data;

	mem_unref(revoking->db);
}

static void on_revoked(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct revoking *revoking = arg;

	if (err)
		api_fail_errno(revoking->task.req, err);
	else
		http_reply(revoking->task.req, 204, NULL, NULL, 0);
	task_end(&revoking->task);
}

static size_t row_of(const struct db_result *links, const char *id)
{
	size_t row = 0;

	while (row < db_rows(links) && !str_equal(db_get_text(links, row, STORE_LINK_ID), id))
		row++;
	return row;
}

/* Whoever may do something to calls takes any back; others what they made themselves. */
static bool may_revoke(const struct principal *by, const struct db_result *links, size_t row)
{
	return principal_may(by, PERM_CALLS_WRITE) ||
	       (*by->id && str_equal(db_get_text(links, row, STORE_LINK_MADE_BY), by->id));
}

static void on_listed(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct revoking *revoking = arg;
	struct task *task = &revoking->task;
	const struct principal *by = api_principal(task->req);
	struct batch batch auto_batch = {0};
	size_t row = err ? 0 : row_of(results[0], revoking->link.id);

	if (err) {
		api_fail_errno(task->req, err);
	} else if (row == db_rows(results[0])) {
		api_fail(task->req, API_LINK_NOT_FOUND, NULL, NULL);
	} else if (!may_revoke(by, results[0], row)) {
		api_fail(task->req, API_FORBIDDEN, NULL,
			 "Links of others need the permission calls:write.");
	} else {
		store_link_delete(&batch, task->tenant_id, task->call_id, revoking->link.id);
		audit_link(&batch, by, &revoking->link, "call.link_revoke");
		revoking->db = mem_unref(revoking->db);
		batch_run(&batch, &revoking->db, task->platform->api.db, on_revoked, revoking);
		return;
	}
	task_end(task);
}

static void delete_link(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	const char *call_id = http_request_param(req, "call_id");
	const char *id = http_request_param(req, "link_id");
	struct batch batch auto_batch = {0};
	struct revoking *revoking;

	if (!uuid_is_valid(call_id) || !uuid_is_valid(id)) {
		api_fail(req, API_LINK_NOT_FOUND, NULL, NULL);
		return;
	}
	revoking = task_for_request(platform, sizeof(*revoking), "link", req, call_id);
	revoking->task.releaseh = revoking_release;
	str_copy(revoking->link.call_id, UUID_SIZE, call_id);
	str_copy(revoking->link.id, UUID_SIZE, id);
	store_link_list(&batch, revoking->task.tenant_id, call_id, clock_wall_us(), INT32_MAX);
	batch_lookup(&batch, &revoking->db, platform->api.db, on_listed, revoking);
}

/* ---- following ---- */

bool link_opens(struct http_request *req, const struct link_proof *proof)
{
	if (!call_link_is_signed(proof->link, proof->token, proof->vault)) {
		api_fail(req, API_BAD_SIGNATURE, NULL, NULL);
		return false;
	}
	if (!proof->stands || clock_wall_us() / 1000000 >= proof->link->expires_s) {
		api_fail(req, API_LINK_EXPIRED, NULL, NULL);
		return false;
	}
	return true;
}

struct following {
	struct task task;
	struct db_request *db;
	struct call_link link;
	char *token;
	struct db_result *results[4]; /* the call as a whole, its turns, its tenant, the link */
};

static void following_release(void *data)
{
	struct following *following = data;

	for (size_t i = 0; i < ARRAY_LEN(following->results); i++)
		mem_unref(following->results[i]);
	mem_unref(following->db);
	mem_free(following->token);
}

static void write_masked(struct json_writer *writer, const char *key, const char *number)
{
	char masked[PHONE_MASK_SIZE];

	if (number)
		phone_mask(masked, number);
	json_write_str(writer, key, number ? masked : NULL);
}

static void write_summary(struct json_writer *writer, const struct db_result *call)
{
	static const char *const ours[] = {"analyser", "model", "error", "created_at"};
	auto_json json_t *summary = summary_row(call, 0, STORE_WHOLE_SUMMARY);

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		json_object_del(summary, ours[i]);
	json_write_json(writer, "summary", summary);
}

static void write_recording(struct json_writer *writer, const struct following *following)
{
	const struct db_result *call = following->results[0];
	const size_t first = STORE_WHOLE_RECORDING;
	auto_free char *url = mem_printf("/api/v1/recordings/%s", following->token);

	if (!str_equal(db_get_text(call, 0, first), "available")) {
		json_write_str(writer, "recording", NULL);
		return;
	}
	json_write_open(writer, "recording", '{');
	json_write_int(writer, "duration_seconds", db_get_int(call, 0, first + 5));
	json_write_int(writer, "size_bytes", db_get_int(call, 0, first + 6));
	json_write_str(writer, "url", url);
	json_write_close(writer, '}');
}

static void show(struct following *following)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};
	struct http_request *req = following->task.req;
	struct call call;

	store_call_borrow(&call, following->results[0], 0);
	json_write_open(&writer, NULL, '{');
	json_write_time(&writer, "expires_at", following->link.expires_s * 1000000);
	json_write_str(&writer, "status", call_status_name(call.status));
	json_write_str(&writer, "direction", call_direction_name(call.direction));
	write_masked(&writer, "phone_number", call.phone_number);
	write_masked(&writer, "from_number", call.from_number);
	json_write_time(&writer, "created_at", call.created_at);
	json_write_time(&writer, "started_at", call.started_at);
	json_write_time(&writer, "ended_at", call.ended_at);
	if (call.ended_at)
		json_write_int(&writer, "duration_seconds", call.duration_s);
	else
		json_write_str(&writer, "duration_seconds", NULL);
	transcript_write_rows(&writer, "transcript", following->results[1]);
	write_summary(&writer, following->results[0]);
	write_recording(&writer, following);
	brand_write(&writer, "brand", db_get_text(following->results[2], 0, TENANT_SETTINGS));
	json_write_close(&writer, '}');
	http_reply_header(req, "Cache-Control", "private, no-store");
	http_reply_header(req, "X-Robots-Tag", "noindex");
	http_reply(req, 200, "application/json", body.data, body.len);
}

static void on_link_keys(int err, int64_t count, void *arg)
{
	struct following *following = arg;
	struct task *task = &following->task;
	struct link_proof proof = {.link = &following->link,
				   .token = following->token,
				   .vault = task->platform->vault,
				   .stands = db_rows(following->results[3]) > 0};

	if (err)
		api_fail_errno(task->req, err);
	else if (link_opens(task->req, &proof))
		show(following);
	task_end(task);
}

/* Keys are made where there are none: the tenant is there, for the call is. */
static void on_call(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct following *following = arg;
	struct task *task = &following->task;

	if (err) {
		api_fail_errno(task->req, err);
	} else if (!db_rows(results[0])) {
		api_fail(task->req, API_CALL_NOT_FOUND, NULL, NULL);
	} else {
		for (size_t i = 0; i < ARRAY_LEN(following->results); i++)
			following->results[i] = mem_ref(results[i]);
		vault_refresh(task->platform->vault, task->tenant_id, on_link_keys, following);
		return;
	}
	task_end(task);
}

static void get_shared(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	const char *token = http_request_param(req, "token");
	struct batch batch auto_batch = {0};
	struct following *following;
	struct call_link link;

	if (call_link_parse(&link, token) || link.scope != CALL_LINK_CALL) {
		api_fail(req, API_BAD_SIGNATURE, NULL, NULL);
		return;
	}
	following = task_new(platform, sizeof(*following), "link", link.tenant_id, link.call_id);
	following->task.releaseh = following_release;
	following->task.req = mem_ref(req);
	following->link = link;
	following->token = mem_strdup(token);
	store_call_whole_select(&batch, link.tenant_id, link.call_id);
	store_turn_select(&batch, link.tenant_id, link.call_id);
	store_tenant_select(&batch, link.tenant_id);
	store_link_select(&batch, &link, clock_wall_us());
	batch_lookup(&batch, &following->db, platform->api.db, on_call, following);
}

void api_link_routes(struct platform *platform)
{
	struct api *api = &platform->api;
	struct http_server *server = platform->server;

	api_route(api, server, "POST", "/api/v1/calls/{call_id}/recording/link",
		  PERM_RECORDINGS_READ, post_recording, platform);
	api_route(api, server, "POST", "/api/v1/calls/{call_id}/links", PERM_CALLS_READ, post_call,
		  platform);
	api_route(api, server, "GET", "/api/v1/calls/{call_id}/links", PERM_CALLS_READ, get_links,
		  platform);
	api_route(api, server, "DELETE", "/api/v1/calls/{call_id}/links/{link_id}", PERM_CALLS_READ,
		  delete_link, platform);
	http_server_route(server, "GET", "/api/v1/shared/{token}", get_shared, platform);
}
