#include "core/sentry_dsn.h"

#include "core/mem.h"
#include "core/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MAX_DSN = 512, MAX_KEY = 64, MAX_PROJECT = 20 };

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* All of text, at least one character, is made of these. */
static bool is_of(const char *text, const char *characters)
{
	return *text && !text[strspn(text, characters)];
}

/* KEY or KEY:SECRET */
static const char *take_key(struct sentry_dsn *dsn, char *text)
{
	char *secret = strchr(text, ':');

	if (secret)
		*secret = '\0';
	if (!is_of(text, LETTERS DIGITS "_-") || strlen(text) > MAX_KEY)
		return "the key before the @ must be letters and digits";
	str_copy(dsn->key, sizeof(dsn->key), text);
	return NULL;
}

/* HOST, HOST:PORT, or either with an address in brackets */
static const char *take_host(struct sentry_dsn *dsn, const char *text)
{
	auto_free char *copy = mem_strdup(text);
	const bool bracket = *copy == '[';
	char *end = bracket ? strchr(copy, ']') : copy + strcspn(copy, ":");
	const char *host = bracket ? copy + 1 : copy, *port;
	int64_t number;

	if (!end)
		return "the host has no ] at its end";
	port = bracket ? end + 1 : end;
	if (*port && (*port != ':' || str_parse_int(&number, port + 1, 1, 65535)))
		return "the port must be a number from 1 to 65535";
	*end = '\0';
	if (!is_of(host, bracket ? LETTERS DIGITS ":.%" : LETTERS DIGITS ".-_") ||
	    !str_copy(dsn->host, sizeof(dsn->host), host))
		return "it has no host behind the @";
	return NULL;
}

static const char *parse(struct sentry_dsn *dsn, char *text)
{
	char *authority, *path, *host, *project;
	const char *reason;

	dsn->tls = str_has_prefix(text, "https://");
	if (!dsn->tls && !str_has_prefix(text, "http://"))
		return "must begin with https:// (or http://)";
	authority = strchr(text, ':') + 3;
	path = strchr(authority, '/');
	project = strrchr(authority, '/');
	if (!path || !is_of(project + 1, DIGITS) || strlen(project + 1) > MAX_PROJECT)
		return "must end in the number of a project, as in https://KEY@HOST/42";
	*path = '\0';
	*project++ = '\0';
	path = project > path + 1 ? path + 1 : "";
	if (*path && !is_of(path, LETTERS DIGITS "._~/-"))
		return "the path must be letters, digits and any of . _ ~ / -";
	host = strchr(authority, '@');
	if (!host)
		return "has no key, as in https://KEY@HOST/42";
	*host++ = '\0';
	reason = take_key(dsn, authority);
	if (!reason)
		reason = take_host(dsn, host);
	if (reason)
		return reason;
	snprintf(dsn->url, sizeof(dsn->url), "%s://%s%s%s/api/%s/envelope/",
		 dsn->tls ? "https" : "http", host, *path ? "/" : "", path, project);
	return NULL;
}

int sentry_dsn_parse(struct sentry_dsn *ret_dsn, const char *text, const char **ret_reason)
{
	auto_free char *copy = mem_strdup(text);
	struct sentry_dsn dsn;

	*ret_reason =
		strlen(text) > MAX_DSN ? "must be at most 512 characters long" : parse(&dsn, copy);
	if (*ret_reason)
		return -EINVAL;
	*ret_dsn = dsn;
	return 0;
}
