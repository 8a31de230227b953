/*
 * GET /metrics: for whoever has METRICS_TOKEN; without one set, for this machine only. It says
 * nothing about people, but much about the business.
 */
#include "core/buf.h"
#include "core/digest.h"
#include "core/setting.h"
#include "core/str.h"
#include "http/http_server.h"
#include "observe/prometheus.h"
#include "platform/api/api.h"
#include "platform/api/error.h"

#include <string.h>

static bool may_read(const struct http_request *req, const char *token)
{
	const char *authorization = http_request_header(req, "authorization");
	const char *remote = http_request_remote(req);

	if (*token)
		return authorization && str_has_prefix(authorization, "Bearer ") &&
		       digest_equal_str(authorization + strlen("Bearer "), token);
	return (str_has_prefix(remote, "127.") || str_equal(remote, "::1")) &&
	       !http_request_header(req, "x-forwarded-for");
}

static void on_metrics(struct http_request *req, void *arg)
{
	const struct api *api = arg;
	auto_buf struct buf out = {0};

	if (!may_read(req, api->settings->metrics_token)) {
		http_reply_header(req, "WWW-Authenticate", "Bearer");
		api_fail(req, API_UNAUTHENTICATED, NULL,
			 "Metrics are read with METRICS_TOKEN as bearer token.");
		return;
	}
	prometheus_write(&out);
	http_reply(req, 200, "text/plain; version=0.0.4; charset=utf-8", out.data, out.len);
}

void api_metrics_routes(struct api *api, struct http_server *server)
{
	http_server_route(server, "GET", "/metrics", on_metrics, api);
}
