#include "platform/number_owner.h"

#include "core/mem.h"
#include "core/str.h"
#include "platform/store/phone_number.h"
#include "platform/store/store.h"

struct owner {
	struct db_request *request;
	char *agent;
};

static void owner_destroy(void *data)
{
	struct owner *owner = data;

	mem_unref(owner->request);
	mem_free(owner->agent);
}

static void found(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct task *task = arg;
	struct owner *owner = task->state;

	if (!err && db_rows(results[0])) {
		str_copy(task->tenant_id, sizeof(task->tenant_id), db_get_text(results[0], 0, 0));
		owner->agent = mem_strdup(db_get_text(results[0], 0, 1));
	}
	task->then(task, err, err ? "the number's owner cannot be read" : "");
}

void number_owner_find(struct task *task, const char *number, task_step_h *then)
{
	struct owner *owner = mem_new(sizeof(*owner), owner_destroy);
	struct batch batch auto_batch = {0};

	task->then = then;
	str_copy(task->tenant_id, sizeof(task->tenant_id), STORE_TENANT);
	mem_unref(task->state);
	task->state = owner;
	store_number_owner(&batch, number);
	batch_lookup(&batch, &owner->request, task->platform->api.db, found, task);
}

const char *number_owner_agent(const struct task *task)
{
	return ((const struct owner *)task->state)->agent;
}
