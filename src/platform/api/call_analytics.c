/* GET /api/v1/calls/dashboard/analytics */
#include "core/clock.h"
#include "http/http_server.h"
#include "platform/analytics.h"
#include "platform/api/api.h"
#include "platform/api/read.h"
#include "platform/api/shared_read.h"

static void fill(struct api *api, const char *tenant_id, struct batch *batch)
{
	analytics_select(batch, tenant_id, clock_wall_us());
	cost_spent_select(batch, tenant_id, &api->rates, 0);
}

static json_t *view(struct api *api, struct db_result *const *results)
{
	json_t *figures = analytics_view(results, clock_wall_us());

	json_object_set_new(figures, "cost",
			    cost_sum_view(&api->rates, results[ANALYTICS_STATEMENTS]));
	return figures;
}

void call_analytics(struct http_request *req, void *arg)
{
	static const struct shared_read what = {"dashboard_analytics", fill, view};

	shared_read(arg, req, &what);
}
