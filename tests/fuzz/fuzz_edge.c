/*
 * CORS_ORIGINS and TRUSTED_PROXIES, a line each, then X-Forwarded-For: what is refused says why,
 * and the client that is found is the peer or an address of the header that is no trusted proxy.
 */
#include "core/mem.h"
#include "core/str.h"
#include "http/edge_priv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char *next_line(char **rest)
{
	char *line = *rest ? strsep(rest, "\n") : NULL;

	return line ? line : "";
}

static void check_client(const struct http_edge *edge, const char *peer_text,
			 const char *forwarded_for)
{
	struct ip peer, client;

	if (ip_parse(&peer, peer_text))
		abort();
	client = http_edge_client(edge, &peer, forwarded_for);
	if (!http_edge_trusts(edge, &peer) && !ip_equal(&client, &peer))
		abort(); /* somebody else's word was taken */
	if (!ip_equal(&client, &peer) && !strchr(forwarded_for, '.') && !strchr(forwarded_for, ':'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = mem_strndup((const char *)data, size);
	auto_unref struct http_edge *edge = NULL;
	char *rest = text;
	struct http_edge_conf conf = {.cors_origins = next_line(&rest),
				      .trusted_proxies = next_line(&rest)};
	const char *forwarded_for = next_line(&rest);
	char error[HTTP_EDGE_ERROR_SIZE] = "";

	if (http_edge_new(&edge, &conf, error)) {
		if (!str_has_prefix(error, "CORS_ORIGINS: ") &&
		    !str_has_prefix(error, "TRUSTED_PROXIES: "))
			abort();
		return 0;
	}
	check_client(edge, "10.0.0.1", forwarded_for);
	check_client(edge, "2001:db8::1", forwarded_for);
	return 0;
}
