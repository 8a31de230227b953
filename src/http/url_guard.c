#include "http/url_guard.h"

#include "core/ip.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/http_url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { MAX_PLACES = 256 };

/* One "host:port" of the list. */
struct place {
	char host[256];
	uint16_t port;
};

struct url_guard {
	struct ip_list networks;
	struct place *places;
	size_t place_count;
};

static void guard_destroy(void *data)
{
	struct url_guard *guard = data;

	ip_list_free(&guard->networks);
	mem_free(guard->places);
}

/* ---- the list ---- */

static int add_place(struct url_guard *guard, const char *entry)
{
	auto_free char *text = mem_printf("http://%s/", entry);
	const char *bracket = strchr(entry, ']');
	struct http_url url;
	struct place *place;

	/* The port must be there: a bare name would open every port of a machine. */
	if (guard->place_count == MAX_PLACES || strpbrk(entry, "/?#@") ||
	    !strchr(bracket ? bracket : entry, ':') || str_has_suffix(entry, ":") ||
	    http_url_parse(&url, text))
		return -EINVAL;
	guard->places =
		mem_realloc(guard->places, (guard->place_count + 1) * sizeof(*guard->places));
	place = &guard->places[guard->place_count++];
	str_copy(place->host, sizeof(place->host), url.host);
	place->port = url.port;
	return 0;
}

static int add_network(struct url_guard *guard, const char *entry)
{
	struct ip_range range;

	if (guard->networks.count == IP_LIST_MAX || ip_range_parse(&range, entry))
		return -EINVAL;
	guard->networks.ranges =
		mem_realloc(guard->networks.ranges,
			    (guard->networks.count + 1) * sizeof(*guard->networks.ranges));
	guard->networks.ranges[guard->networks.count++] = range;
	return 0;
}

int url_guard_new(struct url_guard **ret_guard, const char *allow, char bad[URL_GUARD_BAD_SIZE])
{
	auto_unref struct url_guard *guard = mem_new(sizeof(*guard), guard_destroy);
	auto_free char *copy = mem_strdup(allow ? allow : "");
	char *rest = copy, *entry;

	while ((entry = strsep(&rest, ", \t\n"))) {
		if (!*entry || !add_network(guard, entry) || !add_place(guard, entry))
			continue;
		str_copy(bad, URL_GUARD_BAD_SIZE, entry);
		return -EINVAL;
	}
	*ret_guard = mem_ref(guard);
	return 0;
}

static bool is_listed_place(const struct url_guard *guard, const struct http_url *url)
{
	for (size_t i = 0; guard && i < guard->place_count; i++)
		if (guard->places[i].port == url->port &&
		    str_equal_nocase(guard->places[i].host, url->host))
			return true;
	return false;
}

/* ---- the questions ---- */

bool url_guard_allows(const struct url_guard *guard, const struct http_url *url,
		      const struct ip *address)
{
	return ip_is_public(address) || (guard && ip_list_has(&guard->networks, address)) ||
	       is_listed_place(guard, url);
}

/* As a resolver reads it: 127.1, 0x7f000001 and 2130706433 are addresses too. */
static bool host_is_address(struct ip *ret_ip, const char *host)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};

	if (!ip_parse(ret_ip, host))
		return true;
	return inet_aton(host, &v4.sin_addr) &&
	       !ip_from_sockaddr(ret_ip, (const struct sockaddr *)&v4);
}

/* Names that stand for this machine or a network of one's own (RFC 6761, 6762, 8375). */
static bool is_inside_name(const char *host)
{
	static const char *const suffixes[] = {"localhost", "local",     "internal", "localdomain",
					       "lan",       "home.arpa", "intranet"};
	char name[256];
	size_t len;

	str_copy(name, sizeof(name), host);
	str_lower(name);
	len = strlen(name);
	if (len && name[len - 1] == '.')
		name[--len] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		size_t tail = strlen(suffixes[i]);

		if (str_has_suffix(name, suffixes[i]) &&
		    (len == tail || name[len - tail - 1] == '.'))
			return true;
	}
	return !strchr(name, '.'); /* one label: looked up in the network's own domain */
}

const char *url_guard_check(const struct url_guard *guard, const char *text)
{
	struct http_url url;
	struct ip address;

	if (http_url_parse(&url, text) || !str_has_prefix(url.scheme, "http"))
		return "must be an http or https URL";
	if (*url.userinfo)
		return "must not hold a user name or password";
	if (host_is_address(&address, url.host))
		return url_guard_allows(guard, &url, &address)
			       ? NULL
			       : "points to an address that is not public";
	/* With private networks allowed such a name may well lead to one of them. */
	if (is_inside_name(url.host) && !is_listed_place(guard, &url) &&
	    !(guard && guard->networks.count))
		return "points to a name that is not public";
	return NULL;
}
