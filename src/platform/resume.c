#include "platform/resume.h"

#include "core/mem.h"
#include "core/str.h"
#include "platform/carrier_status.h"
#include "platform/store/call.h"

enum { AT_ONCE = 8, MAX_CALLS = 10000 };

struct dialled {
	char tenant_id[UUID_SIZE];
	char call_id[UUID_SIZE];
};

struct resume {
	struct platform *platform;
	struct db_request *request;
	struct dialled *calls;
	size_t count;
	size_t next;
};

struct resumed {
	struct task task;
	struct resume *resume;
};

static void resume_destroy(void *data)
{
	struct resume *resume = data;

	mem_unref(resume->request);
	mem_free(resume->calls);
}

static void resume_next(struct resume *resume);

static void settled(struct task *task, int err, const char *reason)
{
	struct resume *resume = ((struct resumed *)task)->resume;

	LOG_INFO(&task->log, "call_resumed",
		 LOG_STR("status", task->call ? call_status_name(task->call->status) : ""),
		 LOG_ERR(err));
	task_end(task);
	resume_next(resume);
}

static void loaded(struct task *task, int err, const char *reason)
{
	if (err || call_status_is_terminal(task->call->status) || !task->call->twilio_call_sid)
		settled(task, err, reason);
	else
		carrier_status_settle(task, settled);
}

static void resume_next(struct resume *resume)
{
	const struct dialled *call;
	struct resumed *resumed;

	if (resume->next == resume->count)
		return;
	call = &resume->calls[resume->next++];
	resumed = task_new(resume->platform, sizeof(*resumed), "call_manager", call->tenant_id,
			   call->call_id);
	resumed->resume = resume;
	task_load(&resumed->task, loaded);
}

static void listed(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct resume *resume = arg;

	if (err) {
		LOG_WARN(&resume->platform->log, "calls_not_resumed", LOG_ERR(err));
		return;
	}
	resume->count = db_rows(results[0]);
	resume->calls = mem_alloc((resume->count + 1) * sizeof(*resume->calls));
	for (size_t i = 0; i < resume->count; i++) {
		str_copy(resume->calls[i].tenant_id, UUID_SIZE, db_get_text(results[0], i, 0));
		str_copy(resume->calls[i].call_id, UUID_SIZE, db_get_text(results[0], i, 1));
	}
	for (size_t i = 0; i < AT_ONCE; i++)
		resume_next(resume);
}

void resume_start(struct platform *platform)
{
	struct resume *resume = mem_new(sizeof(*resume), resume_destroy);
	struct batch batch auto_batch = {0};

	resume->platform = platform;
	platform->resume = resume;
	store_call_select_dialled(&batch, MAX_CALLS);
	batch_run(&batch, &resume->request, platform->api.db, listed, resume);
}

void resume_stop(struct platform *platform)
{
	platform->resume = mem_unref(platform->resume);
}
