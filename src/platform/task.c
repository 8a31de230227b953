#include "platform/platform_priv.h"

#include "core/mem.h"
#include "core/str.h"
#include "http/http_server.h"
#include "loop/timer.h"

static void task_destroy(void *data)
{
	struct task *task = data;

	list_remove(&task->node);
	if (task->releaseh)
		task->releaseh(task);
	mem_unref(task->request);
	mem_unref(task->state);
	mem_unref(task->timer);
	mem_unref(task->req);
	mem_unref(task->call);
}

void *task_new(struct platform *platform, size_t size, const char *service, const char *call_id,
	       void (*releaseh)(void *task))
{
	struct task *task = mem_new(size, task_destroy);

	task->platform = platform;
	task->releaseh = releaseh;
	str_copy(task->call_id, sizeof(task->call_id), call_id ? call_id : "");
	log_init(&task->log, service, call_id);
	list_append(&platform->tasks, &task->node, task);
	return task;
}

void task_end(struct task *task)
{
	mem_unref(task);
}

static void set_call(struct task *task, struct call *call)
{
	mem_unref(task->call);
	task->call = mem_ref(call);
	if (call && !*task->call_id) {
		str_copy(task->call_id, sizeof(task->call_id), call->id);
		log_init(&task->log, task->log.service, call->id);
	}
}

static void on_call(int err, struct call *call, bool changed, void *arg)
{
	struct task *task = arg;
	task_step_h *then = task->then;

	task->changed = !err && changed;
	if (!err)
		set_call(task, call);
	then(task, err, "");
}

void task_load(struct task *task, task_step_h *then)
{
	task->then = then;
	call_table_get(task->platform->api.calls, task->platform->api.tenant_id, task->call_id,
		       on_call, task);
}

void task_load_sid(struct task *task, const char *sid, task_step_h *then)
{
	task->then = then;
	call_table_find_sid(task->platform->api.calls, task->platform->api.tenant_id, sid, on_call,
			    task);
}

void task_load_session(struct task *task, const char *ultravox_call_id, task_step_h *then)
{
	task->then = then;
	call_table_find_session(task->platform->api.calls, task->platform->api.tenant_id,
				ultravox_call_id, on_call, task);
}

void task_apply(struct task *task, const struct call_change *change, task_step_h *then)
{
	task->then = then;
	call_table_apply(task->platform->api.calls, task->platform->api.tenant_id, task->call_id,
			 change, on_call, task);
}

char *platform_url(const struct platform *platform, const char *path, const char *call_id)
{
	return mem_printf("%s%s%s", platform->base_url, path, call_id);
}

/* http://host becomes ws://host, https://host wss://host. */
char *platform_ws_url(const struct platform *platform, const char *path, const char *call_id)
{
	return mem_printf("ws%s%s%s", platform->base_url + 4, path, call_id);
}
