/*
 * Cookies (RFC 6265) that the customer's servers set during one call, given back to the host that
 * set them until the call ends. Kept small: a host is named exactly, a lifetime is the call's
 * unless it is over at once, and Domain widens nothing.
 */
#pragma once

#include <stddef.h>

struct buf;
struct cookie_jar;

enum { COOKIE_JAR_MAX = 20, COOKIE_MAX_BYTES = 4096 };

struct cookie_jar *cookie_jar_new(void); /* owned by the caller */

/* What a Set-Cookie header of url's answer says; what is no good or too much is passed over. */
void cookie_jar_set(struct cookie_jar *jar, const char *url, const char *set_cookie);

/* Append "name=value; name=value" for a request to url; nothing when there is none. */
void cookie_jar_get(const struct cookie_jar *jar, const char *url, struct buf *out);
