#include "platform/call_count.h"

#include "core/json.h"
#include "core/map.h"
#include "core/mem.h"
#include "core/metric.h"
#include "core/str.h"
#include "core/uuid.h"
#include "db/db.h"
#include "platform/live.h"

/* Of one tenant; forgotten when it has no calls. */
struct tenant_count {
	struct map_node node;
	char tenant_id[UUID_SIZE];
	int64_t calls;
	int64_t fresh; /* while results are read */
};

struct call_count {
	struct live *live;
	struct map tenants;
	int64_t total;
};

static struct tenant_count *tenant_of(struct call_count *count, const char *tenant_id)
{
	struct tenant_count *tenant = map_get(&count->tenants, tenant_id);

	if (tenant)
		return tenant;
	tenant = mem_new(sizeof(*tenant), NULL);
	str_copy(tenant->tenant_id, sizeof(tenant->tenant_id), tenant_id);
	map_add(&count->tenants, &tenant->node, tenant->tenant_id, tenant);
	return tenant;
}

static void tell(const struct call_count *count, const struct tenant_count *tenant)
{
	json_t *data;

	if (!count->live)
		return;
	data = json_object();
	json_set_int(data, "active_calls", tenant->calls);
	live_publish(count->live, tenant->tenant_id, NULL, LIVE_COUNTERS, data);
	json_decref(data);
}

static void set(struct call_count *count, struct tenant_count *tenant, int64_t calls)
{
	if (calls < 0)
		calls = 0;
	count->total += calls - tenant->calls;
	metric_set(METRIC_CALL_ACTIVE, "", (double)count->total);
	if (calls != tenant->calls) {
		tenant->calls = calls;
		tell(count, tenant);
	}
	if (calls)
		return;
	map_remove(&count->tenants, &tenant->node);
	mem_unref(tenant);
}

void call_count_add(struct call_count *count, const char *tenant_id, int64_t change)
{
	struct tenant_count *tenant = tenant_of(count, tenant_id);

	set(count, tenant, tenant->calls + change);
}

void call_count_set(struct call_count *count, const struct db_result *result)
{
	MAP_EACH(&count->tenants, node)
	((struct tenant_count *)node->data)->fresh = 0;
	for (size_t row = 0; row < db_rows(result); row++)
		tenant_of(count, db_get_text(result, row, 0))->fresh = db_get_int(result, row, 1);
	metric_set(METRIC_CALL_ACTIVE, "", (double)count->total);
	MAP_EACH(&count->tenants, node)
	{
		struct tenant_count *tenant = node->data;

		set(count, tenant, tenant->fresh);
	}
}

static void count_destroy(void *data)
{
	struct call_count *count = data;

	MAP_EACH(&count->tenants, node)
	mem_unref(node->data);
	map_free(&count->tenants);
}

struct call_count *call_count_new(struct live *live)
{
	struct call_count *count = mem_new(sizeof(*count), count_destroy);

	count->live = live;
	return count;
}
