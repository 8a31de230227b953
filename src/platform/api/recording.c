/*
 * The sound of a call: GET /api/v1/calls/{call_id}/recording, and without signing in, by a link
 * (link.c), GET /api/v1/recordings/{token}.
 *
 * The platform passes the bytes on, from wherever they lie, a piece at a time: the store need not
 * be reachable for browsers, and ranges let them seek.
 */
#include "core/clock.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_server.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/link.h"
#include "platform/call_link.h"
#include "platform/platform_priv.h"
#include "platform/recording_file.h"
#include "platform/recording_store.h"
#include "platform/store/call.h"
#include "platform/store/call_link.h"
#include "platform/store/recording.h"
#include "platform/vault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { RECORDING_STATUS = 0, RECORDING_PLACE = 3 }; /* columns of store_recording_select() */

/* A request about a recording on its way to its answer. */
struct asking {
	struct task task;
	struct db_request *db;
	void *op;
	char *place;
	bool download;
	struct call_link link;
	char *token; /* of a link that is followed */
	bool stands; /* that link */
	void (*thenh)(struct asking *asking);
};

static void release(void *data)
{
	struct asking *asking = data;

	mem_unref(asking->db);
	mem_unref(asking->op);
	mem_free(asking->place);
	mem_free(asking->token);
}

/* ---- which file? ---- */

static void on_rows(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct asking *asking = arg;
	struct http_request *req = asking->task.req;
	const char *place = err ? NULL : db_get_text(results[1], 0, RECORDING_PLACE);

	if (err) {
		api_fail_errno(req, err);
	} else if (!db_rows(results[0])) {
		api_fail(req, API_CALL_NOT_FOUND, NULL, NULL);
	} else if (!place ||
		   !str_equal(db_get_text(results[1], 0, RECORDING_STATUS), "available")) {
		api_fail(req, API_NO_RECORDING, NULL, NULL);
	} else {
		asking->place = mem_strdup(place);
		asking->stands = asking->token && db_rows(results[2]);
		asking->thenh(asking);
		return;
	}
	task_end(&asking->task);
}

static void find(struct asking *asking, void (*thenh)(struct asking *asking))
{
	struct task *task = &asking->task;
	struct batch batch auto_batch = {0};

	asking->thenh = thenh;
	store_call_select(&batch, task->tenant_id, STORE_CALL_BY_ID, task->call_id);
	store_recording_select(&batch, task->tenant_id, task->call_id);
	if (asking->token)
		store_link_select(&batch, &asking->link, clock_wall_us());
	batch_lookup(&batch, &asking->db, task->platform->api.db, on_rows, asking);
}

/* ---- its bytes ---- */

struct source {
	struct recording_file *file;
	void *op;
	struct http_body *body; /* waits for a piece */
};

static void source_destroy(void *data)
{
	struct source *source = data;

	mem_unref(source->op);
	mem_unref(source->file);
}

static void on_piece(int err, const void *data, size_t len, int64_t total, void *arg)
{
	struct source *source = arg;

	if (err || !len)
		http_body_fail(source->body);
	else
		http_body_give(source->body, data, len);
}

static void on_more(struct http_body *body, uint64_t offset, size_t len, void *arg)
{
	struct source *source = arg;

	source->body = body;
	source->op = mem_unref(source->op);
	recording_file_read(&source->op, source->file, (int64_t)offset, len, on_piece, source);
}

/* One pod's folder says nothing about those of the others. */
static bool may_be_elsewhere(const struct asking *asking)
{
	return recording_place_is_file(asking->place) &&
	       !str_is_empty(asking->task.platform->api.settings->redis_url);
}

/* Its beginning is there, so the rest is likely to be. */
static void on_opened(int err, struct recording_file *file, void *arg)
{
	struct asking *asking = arg;
	struct http_request *req = asking->task.req;
	struct source *source;
	char disposition[96];

	if (err == -ENOENT && may_be_elsewhere(asking)) {
		api_fail(req, API_RECORDING_ELSEWHERE, NULL, NULL);
	} else if (err == -ENOENT) {
		api_fail(req, API_RECORDING_GONE, NULL, NULL);
	} else if (err) {
		LOG_WARN(&asking->task.log, "recording_not_readable", LOG_ERR(err));
		api_fail(req, API_UNAVAILABLE, NULL, "The recording cannot be read right now.");
	} else {
		source = mem_new(sizeof(*source), source_destroy);
		source->file = mem_ref(file);
		snprintf(disposition, sizeof(disposition), "%s; filename=\"%s.wav\"",
			 asking->download ? "attachment" : "inline", asking->task.call_id);
		http_reply_header(req, "Content-Disposition", disposition);
		http_reply_header(req, "Cache-Control", "private, no-store");
		http_reply_body(req, (uint64_t)recording_file_size(file), "audio/wav", on_more,
				source);
	}
	task_end(&asking->task);
}

static void serve(struct asking *asking)
{
	recording_open(&asking->op, asking->task.platform->store, asking->task.tenant_id,
		       asking->task.call_id, asking->place, on_opened, asking);
}

static struct asking *asking_new(struct platform *platform, struct http_request *req)
{
	const char *id = http_request_param(req, "call_id");
	struct asking *asking;

	if (!uuid_is_valid(id)) {
		api_fail(req, API_CALL_NOT_FOUND, NULL, NULL);
		return NULL;
	}
	asking = task_for_request(platform, sizeof(*asking), "recording", req, id);
	asking->task.releaseh = release;
	return asking;
}

static void get(struct http_request *req, void *arg)
{
	const char *download = form_get(http_request_query(req), "download");
	struct asking *asking = asking_new(arg, req);

	if (!asking)
		return;
	asking->download = download && !str_equal(download, "0");
	find(asking, serve);
}

/* ---- following a link ---- */

static void on_link_keys(int err, int64_t count, void *arg)
{
	struct asking *asking = arg;
	struct link_proof proof = {.link = &asking->link,
				   .token = asking->token,
				   .vault = asking->task.platform->vault,
				   .stands = asking->stands};

	if (err) {
		api_fail_errno(asking->task.req, err);
	} else if (link_opens(asking->task.req, &proof)) {
		serve(asking);
		return;
	}
	task_end(&asking->task);
}

/* The tenant is there, for the call is. */
static void check_link(struct asking *asking)
{
	vault_refresh(asking->task.platform->vault, asking->task.tenant_id, on_link_keys, asking);
}

static void follow(struct http_request *req, void *arg)
{
	const char *token = http_request_param(req, "token");
	struct call_link link;
	struct asking *asking;

	if (call_link_parse(&link, token)) {
		api_fail(req, API_BAD_SIGNATURE, NULL, NULL);
		return;
	}
	asking = task_new(arg, sizeof(*asking), "recording", link.tenant_id, link.call_id);
	asking->task.releaseh = release;
	asking->task.req = mem_ref(req);
	asking->link = link;
	asking->download = link.scope == CALL_LINK_FILE;
	asking->token = mem_strdup(token);
	find(asking, check_link);
}

void api_recording_routes(struct platform *platform)
{
	struct api *api = &platform->api;
	struct http_server *server = platform->server;

	api_route(api, server, "GET", "/api/v1/calls/{call_id}/recording", PERM_RECORDINGS_READ,
		  get, platform);
	http_server_route(server, "GET", "/api/v1/recordings/{token}", follow, platform);
}
