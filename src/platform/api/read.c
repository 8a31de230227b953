#include "platform/api/read.h"

#include "http/http_server.h"
#include "platform/api/error.h"

#define CALLS "/api/v1/calls"

void api_read_routes(struct api *api, struct http_server *server)
{
	api_error_shape(server);
	http_server_route(server, "GET", CALLS, call_list, api);
	http_server_route(server, "GET", CALLS "/", call_list, api);
	http_server_route(server, "GET", CALLS "/active/list", call_active, api);
	http_server_route(server, "GET", CALLS "/dashboard/analytics", call_analytics, api);
	http_server_route(server, "GET", CALLS "/{call_id}", call_get, api);
	http_server_route(server, "GET", CALLS "/{call_id}/transcript", call_transcript, api);
	http_server_route(server, "GET", CALLS "/{call_id}/summary", call_summary, api);
	http_server_route(server, "GET", CALLS "/{call_id}/events", call_events, api);
	http_server_route(server, "GET", CALLS "/{call_id}/recording", call_recording, api);
}
