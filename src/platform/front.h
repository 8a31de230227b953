/* The platform's HTTP server as the settings want it: TLS, proxies, origins, limits. */
#pragma once

#include "platform/platform.h"

struct http_server;
struct http_tls;
struct loop;
struct platform;
struct settings;

/*
 * ret_server and ret_tls (NULL without TLS_CERT_PATH): owned by the caller, mem_unref(). Returns 0,
 * or a negative errno with one line in error that names the setting.
 */
int front_open(struct http_server **ret_server, struct http_tls **ret_tls, struct loop *loop,
	       const struct settings *settings, char error[PLATFORM_ERROR_SIZE]);

/* Make platform->rate_limit, at the gate of its server, and platform->admin_ips. As above. */
int front_limits(struct platform *platform, char error[PLATFORM_ERROR_SIZE]);
