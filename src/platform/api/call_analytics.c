/* GET /api/v1/calls/dashboard/analytics */
#include "core/clock.h"
#include "http/http_server.h"
#include "platform/analytics.h"
#include "platform/api/query.h"
#include "platform/api/read.h"

static void on_figures(struct api *api, struct http_request *req, struct db_result *const *results)
{
	json_t *auto_json view = analytics_view(results, clock_wall_us());

	http_reply_json(req, 200, view);
}

void call_analytics(struct http_request *req, void *arg)
{
	struct api *api = arg;
	struct batch batch auto_batch = {0};

	analytics_select(&batch, api->tenant_id, clock_wall_us());
	query_run(api, req, &batch, on_figures);
}
