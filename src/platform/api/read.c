#include "platform/api/read.h"

#include "platform/api/error.h"
#include "platform/api/guard.h"

#define CALLS "/api/v1/calls"

void api_read_routes(struct api *api, struct http_server *server)
{
	api_error_shape(server);
	api_route(api, server, "GET", CALLS, PERM_CALLS_READ, call_list, api);
	api_route(api, server, "GET", CALLS "/", PERM_CALLS_READ, call_list, api);
	api_route(api, server, "GET", CALLS "/export.csv", PERM_CALLS_READ, call_csv, api);
	api_route(api, server, "GET", CALLS "/active/list", PERM_CALLS_READ, call_active, api);
	api_route(api, server, "GET", CALLS "/dashboard/analytics", PERM_ANALYTICS_READ,
		  call_analytics, api);
	api_route(api, server, "GET", "/api/v1/analytics", PERM_ANALYTICS_READ, analytics, api);
	api_route(api, server, "GET", CALLS "/{call_id}", PERM_CALLS_READ, call_get, api);
	api_route(api, server, "GET", CALLS "/{call_id}/transcript", PERM_CALLS_READ,
		  call_transcript, api);
	api_route(api, server, "GET", CALLS "/{call_id}/summary", PERM_CALLS_READ, call_summary,
		  api);
	api_route(api, server, "GET", CALLS "/{call_id}/events", PERM_CALLS_READ, call_events, api);
	api_route(api, server, "GET", CALLS "/{call_id}/payloads", PERM_PAYLOADS_READ,
		  call_payloads, api);
	api_route(api, server, "GET", "/api/v1/audit", PERM_AUDIT_READ, audit_list, api);
}
