/* GET /api/v1/flows/{name}: a flow of the embedded engine as its file has it (docs/flows.md). */
#include "core/mem.h"
#include "core/setting.h"
#include "http/http_server.h"
#include "platform/agent.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/platform_priv.h"

static void get(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	const struct settings *settings = platform->api.settings;
	const char *name = http_request_param(req, "name");
	auto_free char *path = NULL;

	path = mem_printf("%s/%s.json", settings->flows_dir, name);
	if (!settings->embedded_engine || !agent_name_is_valid(name) ||
	    http_reply_file(req, path, "application/json"))
		api_fail(req, API_NOT_FOUND, NULL, "There is no flow of that name here.");
}

void api_flow_routes(struct platform *platform)
{
	api_route(&platform->api, platform->server, "GET", "/api/v1/flows/{name}", PERM_AGENTS_READ,
		  get, platform);
}
