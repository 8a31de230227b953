/* GET /api/v1/calls/dashboard/analytics */
#include "core/clock.h"
#include "http/http_server.h"
#include "platform/analytics.h"
#include "platform/api/guard.h"
#include "platform/api/query.h"
#include "platform/api/read.h"

static void on_figures(struct api *api, struct http_request *req, struct db_result *const *results)
{
	json_t *auto_json view = analytics_view(results, clock_wall_us());

	json_object_set_new(view, "cost",
			    cost_sum_view(&api->rates, results[ANALYTICS_STATEMENTS]));
	http_reply_json(req, 200, view);
}

void call_analytics(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct batch batch auto_batch = {0};

	analytics_select(&batch, api_tenant(req), clock_wall_us());
	cost_spent_select(&batch, api_tenant(req), &api->rates, 0);
	query_run(api, req, &batch, on_figures);
}
