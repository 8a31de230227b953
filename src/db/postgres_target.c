/*
 * Where connections go: a server by its url, or several with names. libpq would look names up while
 * everybody waits, so they are looked up beside the loop and it gets their addresses.
 */
#include "core/mem.h"
#include "core/str.h"
#include "db/postgres_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

/* One lookup; outlives the connection that asked when that is dropped meanwhile. */
struct pg_resolver {
	uv_getaddrinfo_t request;
	struct pg_conn *conn; /* NULL: nobody waits for it */
	size_t at;            /* of the hosts in the url */
	struct buf hosts, addresses, ports;
	char host[256], port[16];
};

static const char *option(const PQconninfoOption *options, const char *key)
{
	while (options->keyword && strcmp(options->keyword, key) != 0)
		options++;
	return options->val;
}

int pg_target_open(struct pg_target *target, const char *url)
{
	char *reason = NULL;

	target->options = PQconninfoParse(url, &reason);
	PQfreemem(reason);
	target->url = mem_strdup(url);
	return target->options ? 0 : -EINVAL;
}

void pg_target_close(struct pg_target *target)
{
	PQconninfoFree(target->options);
	target->options = NULL;
	target->url = mem_free(target->url);
}

/* Defaults of ours that the url may override, then what it may not. */
PGconn *pg_target_connect(const struct pg_target *target, const struct pg_addresses *addresses,
			  bool blocking)
{
	const char *const keys[] = {"application_name",
				    "keepalives_idle",
				    "tcp_user_timeout",
				    "gssencmode",
				    "connect_timeout",
				    "dbname",
				    "client_encoding",
				    addresses ? "host" : NULL,
				    "hostaddr",
				    "port",
				    NULL};
	const char *const values[] = {"voiceai",
				      "30",
				      "15000",
				      "disable",
				      "5",
				      target->url,
				      "UTF8",
				      addresses ? addresses->hosts : NULL,
				      addresses ? addresses->addresses : NULL,
				      addresses ? addresses->ports : NULL,
				      NULL};

	return blocking ? PQconnectdbParams(keys, values, 1)
			: PQconnectStartParams(keys, values, 1);
}

/* ---- names ---- */

static bool is_name(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return *host && *host != '/' && *host != '@' && inet_pton(AF_INET, host, address) != 1 &&
	       inet_pton(AF_INET6, host, address) != 1;
}

bool pg_target_has_names(const struct pg_target *target)
{
	const char *host = option(target->options, "host");

	return !str_is_empty(host) && str_is_empty(option(target->options, "hostaddr")) &&
	       (strchr(host, ',') || is_name(host));
}

/* The entry at of a list with commas; the last one stands for those that are missing. */
static bool entry_of(const char *list, size_t at, char *ret_text, size_t size)
{
	const char *next;

	for (; at > 0; at--) {
		next = strchr(list, ',');
		if (!next)
			return false;
		list = next + 1;
	}
	snprintf(ret_text, size, "%.*s", (int)strcspn(list, ","), list);
	return true;
}

static void add(struct pg_resolver *resolver, const char *address)
{
	const char *comma = resolver->hosts.len ? "," : "";

	buf_printf(&resolver->hosts, "%s%s", comma, resolver->host);
	buf_printf(&resolver->addresses, "%s%s", comma, address);
	buf_printf(&resolver->ports, "%s%s", comma, resolver->port);
}

static void resolver_free(struct pg_resolver *resolver)
{
	buf_free(&resolver->hosts);
	buf_free(&resolver->addresses);
	buf_free(&resolver->ports);
	mem_free(resolver);
}

static void resolver_end(struct pg_resolver *resolver)
{
	struct pg_conn *conn = resolver->conn;
	struct pg_addresses addresses = {.hosts = buf_str(&resolver->hosts),
					 .addresses = buf_str(&resolver->addresses),
					 .ports = buf_str(&resolver->ports)};

	conn->resolver = NULL;
	pg_conn_resolved(conn, resolver->hosts.len ? &addresses : NULL);
	resolver_free(resolver);
}

static void resolver_next(struct pg_resolver *resolver);

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
	struct pg_resolver *resolver = request->data;

	for (struct addrinfo *at = found; !status && at; at = at->ai_next) {
		char address[INET6_ADDRSTRLEN];

		if (!getnameinfo(at->ai_addr, at->ai_addrlen, address, sizeof(address), NULL, 0,
				 NI_NUMERICHOST))
			add(resolver, address);
	}
	uv_freeaddrinfo(found);
	if (resolver->conn)
		resolver_next(resolver);
	else
		resolver_free(resolver);
}

static void resolver_next(struct pg_resolver *resolver)
{
	const struct pg_target *target = resolver->conn->lane->target;
	const char *ports = option(target->options, "port");
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};

	while (entry_of(option(target->options, "host"), resolver->at, resolver->host,
			sizeof(resolver->host))) {
		if (!ports ||
		    (!entry_of(ports, resolver->at, resolver->port, sizeof(resolver->port)) &&
		     strchr(ports, ',')))
			resolver->port[0] = '\0';
		resolver->at++;
		resolver->request.data = resolver;
		if (!is_name(resolver->host))
			add(resolver, "");
		else if (!uv_getaddrinfo(resolver->conn->lane->pg->uv, &resolver->request,
					 on_resolved, resolver->host, NULL, &hints))
			return;
	}
	resolver_end(resolver);
}

void pg_target_resolve(struct pg_conn *conn)
{
	struct pg_resolver *resolver = mem_alloc(sizeof(*resolver));

	resolver->conn = conn;
	conn->resolver = resolver;
	resolver_next(resolver);
}

void pg_target_forget(struct pg_conn *conn)
{
	if (!conn->resolver)
		return;
	conn->resolver->conn = NULL;
	uv_cancel((uv_req_t *)&conn->resolver->request);
	conn->resolver = NULL;
}
