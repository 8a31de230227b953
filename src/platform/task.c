#include "platform/platform_priv.h"

#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_server.h"
#include "loop/timer.h"
#include "platform/api/guard.h"
#include "platform/call_slot.h"
#include "platform/store/store.h"

static void task_destroy(void *data)
{
	struct task *task = data;

	list_remove(&task->node);
	if (task->releaseh)
		task->releaseh(task);
	mem_unref(task->slot);
	if (task->undo_slot)
		call_slots_release(task->platform->api.slots, task->tenant_id, task->call_id);
	mem_unref(task->request);
	mem_unref(task->state);
	mem_unref(task->timer);
	mem_unref(task->req);
	mem_unref(task->call);
}

void *task_new(struct platform *platform, size_t size, const char *service, const char *tenant_id,
	       const char *call_id)
{
	struct task *task = mem_new(size, task_destroy);

	task->platform = platform;
	str_copy(task->tenant_id, sizeof(task->tenant_id), tenant_id);
	str_copy(task->call_id, sizeof(task->call_id), call_id ? call_id : "");
	log_init(&task->log, service, call_id);
	list_append(&platform->tasks, &task->node, task);
	return task;
}

void *task_for_job(struct platform *platform, size_t size, const char *service, struct job *job)
{
	struct task *task = task_new(platform, size, service, job->tenant_id, job->call_id);

	task->job = job;
	return task;
}

void *task_for_request(struct platform *platform, size_t size, const char *service,
		       struct http_request *req, const char *call_id)
{
	struct task *task = task_new(platform, size, service, api_tenant(req), call_id);

	task->req = mem_ref(req);
	return task;
}

void task_end(struct task *task)
{
	mem_unref(task);
}

static void on_slot(int err, void *arg)
{
	struct task *task = arg;
	task_step_h *then = task->then;

	task->slot = mem_unref(task->slot);
	if (err)
		metric_add(METRIC_OVERLOAD_REFUSED, "limit", 1);
	then(task, err, err ? "there are as many calls at once as there may be" : "");
}

void task_take_slot(struct task *task, task_step_h *then)
{
	struct call_slots *slots = task->platform->api.slots;

	task->then = then;
	if (call_slots_are_limited(slots, task->tenant_id))
		call_slots_take(&task->slot, slots, task->tenant_id, task->call_id, on_slot, task);
	else
		then(task, 0, "");
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
	call_table_get(task->platform->api.calls, task->tenant_id, task->call_id, on_call, task);
}

void task_load_sid(struct task *task, const char *sid, task_step_h *then)
{
	task->then = then;
	call_table_find_sid(task->platform->api.calls, task->tenant_id, sid, on_call, task);
}

void task_load_session(struct task *task, const char *ultravox_call_id, task_step_h *then)
{
	task->then = then;
	call_table_find_session(task->platform->api.calls, task->tenant_id, ultravox_call_id,
				on_call, task);
}

void task_apply(struct task *task, const struct call_change *change, task_step_h *then)
{
	task->then = then;
	call_table_apply(task->platform->api.calls, task->tenant_id, task->call_id, change, on_call,
			 task);
}

/* Ids of tenants need no encoding, see tenant_id_is_valid(). */
char *platform_url(const struct platform *platform, const char *path, const char *tenant_id,
		   const char *call_id)
{
	return mem_printf("%s%s%s?tenant=%s", platform->base_url, path, call_id, tenant_id);
}

/* http://host becomes ws://host, https://host wss://host. */
char *platform_ws_url(const struct platform *platform, const char *path, const char *tenant_id,
		      const char *call_id)
{
	return mem_printf("ws%s%s%s?tenant=%s", platform->base_url + 4, path, call_id, tenant_id);
}

const char *platform_url_tenant(const struct http_request *req)
{
	const char *tenant_id = form_get(http_request_query(req), "tenant");

	return tenant_id_is_valid(tenant_id) ? tenant_id : STORE_TENANT;
}
