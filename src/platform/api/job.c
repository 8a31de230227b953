/*
 * /api/v1/jobs: the work that is parked because it failed too often, waits or runs, and bringing
 * parked work back (docs/jobs.md).
 */
#include "core/clock.h"
#include "core/json_writer.h"
#include "core/mem.h"
#include "core/uuid.h"
#include "http/http_server.h"
#include "platform/api/api.h"
#include "platform/api/body.h"
#include "platform/api/cursor.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/query.h"
#include "platform/audit.h"
#include "platform/job.h"
#include "platform/store/job.h"

#include <errno.h>

enum { DEFAULT_LIMIT = 50, MAX_LIMIT = 200, MAX_NAME = 64 };

/* ---- the list ---- */

static void write_job(struct json_writer *writer, const struct db_result *result, size_t row)
{
	json_write_open(writer, NULL, '{');
	json_write_str(writer, "id", db_get_text(result, row, 0));
	json_write_str(writer, "kind", db_get_text(result, row, 1));
	json_write_str(writer, "call_id", db_get_text(result, row, 2));
	json_write_raw(writer, "payload", db_get_text(result, row, 3), "{}");
	json_write_str(writer, "state", db_get_text(result, row, 4));
	json_write_int(writer, "attempt", db_get_int(result, row, 5));
	json_write_time(writer, "run_at", db_get_int(result, row, 6));
	json_write_str(writer, "last_error", db_get_text(result, row, 7));
	json_write_time(writer, "created_at", db_get_int(result, row, 8));
	json_write_time(writer, "updated_at", db_get_int(result, row, 9));
	json_write_close(writer, '}');
}

static void on_list(struct api *api, struct http_request *req, struct db_result *const *results)
{
	static const struct query_page page = {
		.name = "jobs",
		.default_limit = DEFAULT_LIMIT,
		.max_limit = MAX_LIMIT,
		.id_column = 0,
		.writeh = write_job,
	};

	query_reply_page(req, results[0], &page);
}

static bool read_state(struct http_request *req, enum store_job_state *ret_state)
{
	static const char *const names[] = {[STORE_JOB_DEAD] = "dead",
					    [STORE_JOB_READY] = "ready",
					    [STORE_JOB_RUNNING] = "running"};
	const char *name = names[STORE_JOB_DEAD];

	if (!query_choice(req, "state", names, ARRAY_LEN(names), &name))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i] == name)
			*ret_state = (enum store_job_state)i;
	return true;
}

static void list(struct http_request *req, void *arg)
{
	static const char *const names[] = {"limit", "cursor", "state", "kind"};
	struct store_job_filter filter = {.tenant_id = api_tenant(req), .limit = DEFAULT_LIMIT};
	struct batch batch auto_batch = {0};

	if (!query_has_only(req, names, ARRAY_LEN(names)) ||
	    !query_int(req, "limit", 1, MAX_LIMIT, &filter.limit) ||
	    !read_state(req, &filter.state) || !query_text(req, "kind", MAX_NAME, &filter.kind) ||
	    !cursor_read_id(req, &filter.before_id))
		return;
	filter.limit++; /* one more than the page tells whether there is another */
	store_job_list(&batch, &filter);
	query_run(arg, req, &batch, on_list);
}

/* ---- bringing back ---- */

struct replay {
	struct api *api;
	struct http_request *req;
};

static void replay_destroy(void *data)
{
	struct replay *replay = data;

	mem_unref(replay->req);
}

static void on_replayed(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct replay *replay = arg;
	auto_json json_t *body = NULL;

	if (err == -EAGAIN) {
		api_fail(replay->req, API_JOB_NOT_FOUND, NULL, NULL);
	} else if (err) {
		api_fail_errno(replay->req, err);
	} else {
		body = json_object();
		json_set_int(body, "replayed", db_changes(results[0]));
		job_queue_wake(replay->api->jobs);
		http_reply_json(replay->req, 202, body);
	}
	mem_unref(replay);
}

/* object_id: the job, or the kind of all of them. */
static void run(struct api *api, struct http_request *req, struct batch *batch,
		const char *object_id)
{
	struct replay *replay = mem_new(sizeof(*replay), replay_destroy);

	replay->api = api;
	replay->req = mem_ref(req);
	audit_add(batch, api_principal(req), "job.replay", "job", object_id, NULL);
	batch_run(batch, NULL, api->db, on_replayed, replay);
}

static void replay_one(struct http_request *req, void *arg)
{
	const char *id = http_request_param(req, "job_id");
	struct batch batch auto_batch = {0};

	if (!uuid_is_valid(id)) {
		api_fail(req, API_JOB_NOT_FOUND, NULL, NULL);
		return;
	}
	store_job_replay(&batch, api_tenant(req), id, clock_wall_us());
	run(arg, req, &batch, id);
}

static void replay_kind(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"kind"};
	auto_json json_t *body = body_object(req, fields, ARRAY_LEN(fields), false);
	struct batch batch auto_batch = {0};
	const char *kind = NULL;

	if (!body || !body_text(req, body, "kind", MAX_NAME, &kind))
		return;
	if (!kind) {
		api_fail(req, API_MISSING_FIELD, "kind", NULL);
		return;
	}
	store_job_replay_kind(&batch, api_tenant(req), kind, clock_wall_us());
	run(arg, req, &batch, kind);
}

void api_job_routes(struct api *api, struct http_server *server)
{
	api_route(api, server, "GET", "/api/v1/jobs", PERM_JOBS_READ, list, api);
	api_route(api, server, "POST", "/api/v1/jobs/replay", PERM_JOBS_WRITE, replay_kind, api);
	api_route(api, server, "POST", "/api/v1/jobs/{job_id}/replay", PERM_JOBS_WRITE, replay_one,
		  api);
}
