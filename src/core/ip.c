#include "core/ip.h"

#include "core/mem.h"
#include "core/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum { V4_AT = 12, V4_BITS = 96 };

static const uint8_t v4_prefix[V4_AT] = {[10] = 0xff, [11] = 0xff};

/* ---- one address ---- */

int ip_parse(struct ip *ret_ip, const char *text)
{
	struct ip ip = {0};

	if (!text)
		return -EINVAL;
	if (inet_pton(AF_INET, text, ip.bytes + V4_AT) == 1)
		memcpy(ip.bytes, v4_prefix, sizeof(v4_prefix));
	else if (inet_pton(AF_INET6, text, ip.bytes) != 1)
		return -EINVAL;
	*ret_ip = ip;
	return 0;
}

int ip_from_sockaddr(struct ip *ret_ip, const struct sockaddr *address)
{
	switch (address->sa_family) {
	case AF_INET:
		memcpy(ret_ip->bytes, v4_prefix, sizeof(v4_prefix));
		memcpy(ret_ip->bytes + V4_AT,
		       &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
		return 0;
	case AF_INET6:
		memcpy(ret_ip->bytes,
		       &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr,
		       sizeof(ret_ip->bytes));
		return 0;
	default:
		return -EAFNOSUPPORT;
	}
}

void ip_text(char out[IP_TEXT_SIZE], const struct ip *ip)
{
	if (ip_is_v4(ip))
		inet_ntop(AF_INET, ip->bytes + V4_AT, out, IP_TEXT_SIZE);
	else
		inet_ntop(AF_INET6, ip->bytes, out, IP_TEXT_SIZE);
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
	return !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool ip_is_v4(const struct ip *ip)
{
	return !memcmp(ip->bytes, v4_prefix, sizeof(v4_prefix));
}

bool ip_is_loopback(const struct ip *ip)
{
	static const struct ip one = {.bytes = {[15] = 1}};

	return ip_is_v4(ip) ? ip->bytes[V4_AT] == 127 : ip_equal(ip, &one);
}

static struct ip cut(const struct ip *ip, unsigned bits)
{
	struct ip net = *ip;

	for (unsigned i = 0; i < sizeof(net.bytes); i++) {
		unsigned kept = bits > i * 8 ? bits - i * 8 : 0;

		if (kept < 8)
			net.bytes[i] &= (uint8_t)(0xff00U >> kept);
	}
	return net;
}

struct ip ip_network(const struct ip *ip, unsigned v4_bits, unsigned v6_bits)
{
	return cut(ip, ip_is_v4(ip) ? V4_BITS + v4_bits : v6_bits);
}

/* ---- what is public ---- */

/* IANA's special-purpose registries, and what clouds hide among public addresses. */
static const char *const not_public[] = {
	"0.0.0.0/8",       /* this network */
	"10.0.0.0/8",      /* private */
	"100.64.0.0/10",   /* shared by carriers; metadata at some clouds */
	"127.0.0.0/8",     /* loopback */
	"168.63.129.16",   /* Azure's host agent */
	"169.254.0.0/16",  /* link-local; metadata at most clouds */
	"172.16.0.0/12",   /* private */
	"192.0.0.0/24",    /* protocol assignments; metadata at Oracle */
	"192.0.2.0/24",    /* documentation */
	"192.88.99.0/24",  /* 6to4 relays */
	"192.168.0.0/16",  /* private */
	"198.18.0.0/15",   /* benchmarks */
	"198.51.100.0/24", /* documentation */
	"203.0.113.0/24",  /* documentation */
	"224.0.0.0/4",     /* multicast */
	"240.0.0.0/4",     /* reserved, broadcast */
	"2001::/23",       /* protocol assignments; Teredo, ORCHID */
	"2001:db8::/32",   /* documentation */
	"2002::/16",       /* 6to4, an IPv4 address in disguise */
	"3fff::/20",       /* documentation */
};
/* All of IPv6 that is handed out as global unicast; everything else is special. */
static const char global_unicast[] = "2000::/3";
/* An IPv4 address behind a translator (RFC 6052): as public as that address. */
static const char translated[] = "64:ff9b::/96";

static bool is_in(const char *range_text, const struct ip *ip)
{
	struct ip_range range;

	return !ip_range_parse(&range, range_text) && ip_range_has(&range, ip);
}

bool ip_is_public(const struct ip *ip)
{
	struct ip inside = *ip;

	if (is_in(translated, ip))
		memcpy(inside.bytes, v4_prefix, sizeof(v4_prefix));
	if (!ip_is_v4(&inside) && !is_in(global_unicast, &inside))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(not_public); i++)
		if (is_in(not_public[i], &inside))
			return false;
	return true;
}

/* ---- ranges ---- */

int ip_range_parse(struct ip_range *ret_range, const char *text)
{
	char address[IP_TEXT_SIZE];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	struct ip_range range = {.bits = 128};
	struct ip net;
	int64_t bits;

	if (len >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, len);
	address[len] = '\0';
	if (ip_parse(&range.net, address))
		return -EINVAL;
	if (slash) {
		bool v4 = !strchr(address, ':');

		if (strspn(slash + 1, "0123456789") != strlen(slash + 1) ||
		    str_parse_int(&bits, slash + 1, 0, v4 ? 32 : 128))
			return -EINVAL;
		range.bits = (unsigned)bits + (v4 ? V4_BITS : 0);
	}
	net = cut(&range.net, range.bits);
	if (!ip_equal(&net, &range.net))
		return -EINVAL;
	*ret_range = range;
	return 0;
}

bool ip_range_has(const struct ip_range *range, const struct ip *ip)
{
	size_t whole = range->bits / 8;
	uint8_t mask = (uint8_t)(0xff00U >> range->bits % 8);

	return !memcmp(range->net.bytes, ip->bytes, whole) &&
	       (whole == sizeof(ip->bytes) ||
		!((range->net.bytes[whole] ^ ip->bytes[whole]) & mask));
}

/* ---- lists ---- */

int ip_list_parse(struct ip_list *ret_list, const char *text, char bad[IP_BAD_SIZE])
{
	static const char between[] = ", \t\n";
	auto_free char *copy = mem_strdup(text ? text : "");
	struct ip_list list = {0};
	char *rest = copy, *entry;
	int err = 0;

	while (!err && (entry = strsep(&rest, between))) {
		struct ip_range range;

		if (!*entry)
			continue;
		err = list.count == IP_LIST_MAX ? -E2BIG : ip_range_parse(&range, entry);
		if (err) {
			str_copy(bad, IP_BAD_SIZE, entry);
			break;
		}
		list.ranges = mem_realloc(list.ranges, (list.count + 1) * sizeof(*list.ranges));
		list.ranges[list.count++] = range;
	}
	if (err) {
		ip_list_free(&list);
		return err;
	}
	*ret_list = list;
	return 0;
}

bool ip_list_has(const struct ip_list *list, const struct ip *ip)
{
	for (size_t i = 0; i < list->count; i++)
		if (ip_range_has(&list->ranges[i], ip))
			return true;
	return false;
}

void ip_list_free(struct ip_list *list)
{
	mem_free(list->ranges);
	*list = (struct ip_list){0};
}
