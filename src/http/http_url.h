/* Absolute URLs (RFC 3986) of the schemes http, https, ws and wss. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct http_url {
	char scheme[8];
	char host[256]; /* without brackets */
	uint16_t port;  /* the scheme's default when none was given */
	bool tls;
	char userinfo[256]; /* "" when none */
	/* Path and query inside the parsed string, or "/"; no fragment. May begin with '?' after a
	 * bare host. */
	const char *target;
	uint32_t target_len;
};

/* Returns 0 or -EINVAL; control characters, spaces and other schemes are refused. */
int http_url_parse(struct http_url *ret_url, const char *text);

/* As browsers write an origin: scheme, host and, unless it is the scheme's own, port. Owned by the
 * caller. */
char *http_url_origin(const struct http_url *url);

/* The host is this machine, by its usual names and numbers; nothing is looked up. */
bool http_url_is_loopback(const struct http_url *url);
