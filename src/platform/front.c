#include "platform/front.h"

#include "core/ip.h"
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "http/edge.h"
#include "http/http_server.h"
#include "http/tls.h"
#include "platform/platform_priv.h"
#include "platform/rate_limit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int open_tls(struct http_tls **ret_tls, struct loop *loop, const struct settings *settings,
		    char error[PLATFORM_ERROR_SIZE])
{
	struct http_tls_conf conf = {
		.service = "platform",
		.cert_path = settings->tls_cert_path,
		.key_path = settings->tls_key_path,
		.allow_tls12 = str_equal(settings->tls_min_version, "1.2"),
	};

	_Static_assert((int)HTTP_TLS_ERROR_SIZE <= (int)PLATFORM_ERROR_SIZE,
		       "one line fits the other");
	if (str_is_empty(settings->tls_cert_path))
		return 0;
	return http_tls_new(ret_tls, loop, &conf, error);
}

static int open_edge(struct http_edge **ret_edge, const struct settings *settings,
		     char error[PLATFORM_ERROR_SIZE])
{
	struct ip bind;
	bool loopback = !ip_parse(&bind, settings->bind_address) && ip_is_loopback(&bind);
	struct http_edge_conf conf = {
		.trusted_proxies = settings->trusted_proxies,
		.cors_origins = settings->cors_origins,
		.own_url = settings->api_base_url,
		.check_host = loopback && str_is_empty(settings->trusted_proxies),
		.hsts_s = (uint32_t)settings->hsts_s,
		.max_connections = (uint32_t)settings->http_max_connections,
		.max_connections_per_ip = (uint32_t)settings->http_max_connections_per_ip,
	};

	_Static_assert((int)HTTP_EDGE_ERROR_SIZE <= (int)PLATFORM_ERROR_SIZE,
		       "one line fits the other");
	return http_edge_new(ret_edge, &conf, error);
}

int front_open(struct http_server **ret_server, struct http_tls **ret_tls, struct loop *loop,
	       const struct settings *settings, char error[PLATFORM_ERROR_SIZE])
{
	auto_unref struct http_tls *tls = NULL;
	auto_unref struct http_edge *edge = NULL;
	struct http_server_conf conf = {
		.service = "platform",
		.bind_address = settings->bind_address,
		.port = (uint16_t)settings->port,
		.max_body_bytes = (size_t)settings->http_max_body_bytes,
		.header_timeout_s = (uint32_t)settings->http_header_timeout_s,
		.body_timeout_s = (uint32_t)settings->http_body_timeout_s,
		.idle_timeout_s = (uint32_t)settings->http_idle_timeout_s,
	};
	int err = open_tls(&tls, loop, settings, error);

	if (!err)
		err = open_edge(&edge, settings, error);
	if (err)
		return err;
	conf.tls = tls;
	conf.edge = edge;
	err = http_server_new(ret_server, loop, &conf);
	if (err) {
		snprintf(error, PLATFORM_ERROR_SIZE, "BIND_ADDRESS %s, PORT %d: %s",
			 settings->bind_address, (int)settings->port, strerror(-err));
		return err;
	}
	*ret_tls = mem_ref(tls);
	return 0;
}

static bool counts_requests(const struct settings *settings)
{
	return str_equal(settings->rate_limits, "on") ||
	       (str_equal(settings->rate_limits, "auto") && !settings->single_user);
}

int front_limits(struct platform *platform, char error[PLATFORM_ERROR_SIZE])
{
	const struct settings *settings = platform->api.settings;
	struct rate_limit_conf conf = {
		.loop = platform->api.loop,
		.state = str_is_empty(settings->redis_url) ? NULL : platform->api.state,
		.loopback = str_equal(settings->rate_limits, "on"),
		.per_minute =
			{
				[RATE_IP] = (uint32_t)settings->rate_limit_ip,
				[RATE_READ] = (uint32_t)settings->rate_limit_read,
				[RATE_WRITE] = (uint32_t)settings->rate_limit_write,
				[RATE_INITIATE] = (uint32_t)settings->rate_limit_initiate,
				[RATE_AUTH] = (uint32_t)settings->rate_limit_auth,
				[RATE_LEAD] = (uint32_t)settings->rate_limit_lead,
				[RATE_WEBHOOK] = (uint32_t)settings->rate_limit_webhook,
			},
	};
	char bad[IP_BAD_SIZE] = "";

	if (ip_list_parse(&platform->admin_ips, settings->admin_allow_ips, bad)) {
		snprintf(error, PLATFORM_ERROR_SIZE,
			 "ADMIN_ALLOW_IPS: \"%s\" is no address or network", bad);
		return -EINVAL;
	}
	if (counts_requests(settings)) {
		platform->rate_limit = rate_limit_new(&conf);
		rate_limit_gate(platform->rate_limit, platform->server);
	}
	return 0;
}
