/*
 * Where a request may go whose URL came from a user (a webhook, a tool, a store of recordings):
 * to the public internet, and to what URL_ALLOW_PRIVATE lists. Without it such a URL reaches the
 * machine's own servers, the network behind it, and the metadata service of a cloud.
 *
 * A URL is checked twice. url_guard_check() looks at its text, when a user hands it in, so that
 * the user is told. What counts is url_guard_allows(), asked by http_client.h of every address it
 * is about to connect to, after the name was resolved and after every redirect.
 */
#pragma once

#include <stdbool.h>

struct http_url;
struct ip;
struct url_guard;

/*
 * allow: networks (10.0.0.0/8), addresses, and host:port pairs ([::1]:9000, files.internal:9000),
 * separated by commas or spaces; may be NULL or empty. ret_guard: owned by the caller,
 * mem_unref(). Returns 0, or -EINVAL with the entry in bad (room for URL_GUARD_BAD_SIZE).
 */
enum { URL_GUARD_BAD_SIZE = 80 };
int url_guard_new(struct url_guard **ret_guard, const char *allow, char bad[URL_GUARD_BAD_SIZE]);

/*
 * Nothing is looked up: schemes other than http and https, credentials inside the URL, addresses
 * that are not public, and names that mean this machine or its network are refused. guard may be
 * NULL: nothing private is allowed. Returns NULL, or why not: a sentence that ends "the URL ...".
 */
const char *url_guard_check(const struct url_guard *guard, const char *text);

/* May a connection for url (host and port are looked at) go to this address? guard may be NULL. */
bool url_guard_allows(const struct url_guard *guard, const struct http_url *url,
		      const struct ip *address);
