#include "platform/api/access.h"

#include "core/mem.h"
#include "http/http_server.h"
#include "platform/api/error.h"
#include "platform/auth.h"

#include <errno.h>

static void release(void *data)
{
	struct access_change *change = data;

	mem_unref(change->query);
	json_decref(change->answer);
}

void *access_change_new(struct platform *platform, size_t size, struct http_request *req,
			enum api_error missing)
{
	struct access_change *change = task_for_request(platform, size, "auth", req, NULL);

	change->task.releaseh = release;
	change->missing = missing;
	return change;
}

void access_change_end(struct access_change *change)
{
	task_end(&change->task);
}

static void on_changed(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct access_change *change = arg;
	struct http_request *req = change->task.req;

	if (err == -EAGAIN) {
		api_fail(req, change->missing, NULL, NULL);
	} else if (err) {
		api_fail_errno(req, err);
	} else {
		auth_changed(change->task.platform->api.auth);
		if (change->answer)
			http_reply_json(req, change->status ? change->status : 200, change->answer);
		else
			http_reply(req, 204, NULL, NULL, 0);
	}
	access_change_end(change);
}

void access_change_run(struct access_change *change, struct batch *batch)
{
	change->query = mem_unref(change->query);
	batch_run(batch, &change->query, change->task.platform->api.db, on_changed, change);
}
