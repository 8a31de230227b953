/*
 * IP addresses and lists of networks. IPv4 is kept as IPv4-mapped IPv6 (::ffff:a.b.c.d), so that
 * an address has one form whichever way it came.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockaddr;

struct ip {
	uint8_t bytes[16];
};

/* "192.0.2.1" or "2001:db8::1", without brackets or zone. Returns 0 or -EINVAL. */
int ip_parse(struct ip *ret_ip, const char *text);

/* Of an AF_INET or AF_INET6 address. Returns 0 or -EAFNOSUPPORT. */
int ip_from_sockaddr(struct ip *ret_ip, const struct sockaddr *address);

/* Dotted for IPv4, RFC 5952 for IPv6. */
enum { IP_TEXT_SIZE = 46 };
void ip_text(char out[IP_TEXT_SIZE], const struct ip *ip);

bool ip_equal(const struct ip *a, const struct ip *b);
bool ip_is_v4(const struct ip *ip);
bool ip_is_loopback(const struct ip *ip);

/* Cut to its network: the first v4_bits (0..32) or v6_bits (0..128) stay. */
struct ip ip_network(const struct ip *ip, unsigned v4_bits, unsigned v6_bits);

/*
 * Of the public internet: unicast, and in none of the ranges that IANA's registries set aside
 * (private, loopback, link-local, shared, documentation, multicast, unique-local...), nor an IPv6
 * form of an IPv4 address that is. Addresses at which clouds serve metadata are not public either.
 */
bool ip_is_public(const struct ip *ip);

struct ip_range {
	struct ip net;
	unsigned bits; /* of 128 */
};

/* "10.0.0.0/8", "2001:db8::/32", or one address. Returns 0 or -EINVAL: no address, a length out
 * of range, or bits set behind it. */
int ip_range_parse(struct ip_range *ret_range, const char *text);
bool ip_range_has(const struct ip_range *range, const struct ip *ip);

enum { IP_LIST_MAX = 256 };

struct ip_list {
	struct ip_range *ranges;
	size_t count;
};

/*
 * Ranges separated by commas or spaces; text may be NULL or empty. *ret_list is released with
 * ip_list_free(). Returns 0; or -EINVAL or -E2BIG with the entry in bad (room for IP_TEXT_SIZE + 8,
 * cut when longer).
 */
enum { IP_BAD_SIZE = IP_TEXT_SIZE + 8 };
int ip_list_parse(struct ip_list *ret_list, const char *text, char bad[IP_BAD_SIZE]);
bool ip_list_has(const struct ip_list *list, const struct ip *ip);
void ip_list_free(struct ip_list *list);
