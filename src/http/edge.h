/*
 * Who may talk to a server, and from where: proxies that are believed, web origins, names the
 * server answers to, connections at once, and the headers that tell browsers to be careful. A
 * server without an edge (http_server_conf) takes everybody.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct http_edge;

struct http_edge_conf {
	/* Networks whose X-Forwarded-For and X-Forwarded-Proto are believed; may be NULL. */
	const char *trusted_proxies;
	/* Origins ("https://app.example.com") whose pages may use the server, or "*"; may be NULL.
	 */
	const char *cors_origins;
	/* The server's public URL: pages from there are its own. May be NULL. */
	const char *own_url;
	/*
	 * Answer only to addresses, localhost, names without a dot, and own_url's host: for servers
	 * on loopback, which a web page could reach under a name of its own (DNS rebinding).
	 */
	bool check_host;
	uint32_t hsts_s;                 /* Strict-Transport-Security; 0 means none */
	uint32_t max_connections;        /* 0 means no limit */
	uint32_t max_connections_per_ip; /* IPv6: per /64; loopback and proxies are not counted */
};

enum { HTTP_EDGE_ERROR_SIZE = 200 };

/*
 * ret_edge: owned by the caller, mem_unref(); everything is copied. Returns 0, or -EINVAL with one
 * line in error that names TRUSTED_PROXIES or CORS_ORIGINS and the bad entry.
 */
int http_edge_new(struct http_edge **ret_edge, const struct http_edge_conf *conf,
		  char error[HTTP_EDGE_ERROR_SIZE]);
