#include "http/http_url.h"

#include "core/mem.h"
#include "core/str.h"

#include <errno.h>
#include <string.h>

enum { MAX_URL_BYTES = 4096 };

static const struct {
	const char *name;
	uint16_t port;
	bool tls;
} schemes[] = {
	{"http", 80, false},
	{"https", 443, true},
	{"ws", 80, false},
	{"wss", 443, true},
};

static int copy_span(char *dst, size_t size, const char *src, size_t len)
{
	if (len >= size)
		return -EINVAL;
	memcpy(dst, src, len);
	dst[len] = '\0';
	return 0;
}

static bool has_only_url_characters(const char *text)
{
	size_t len = strlen(text);

	if (len > MAX_URL_BYTES)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= 0x7f ||
		    strchr("\"<>\\^`{|}", text[i]))
			return false;
	return true;
}

static int parse_scheme(struct http_url *url, const char *text, size_t len)
{
	if (copy_span(url->scheme, sizeof(url->scheme), text, len))
		return -EINVAL;
	str_lower(url->scheme);
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (str_equal(url->scheme, schemes[i].name)) {
			url->port = schemes[i].port;
			url->tls = schemes[i].tls;
			return 0;
		}
	return -EINVAL;
}

static int parse_port(struct http_url *url, const char *text, size_t len)
{
	char digits[6];
	int64_t port;

	if (!len)
		return 0; /* "host:" means the default, RFC 3986, 3.2.3 */
	if (copy_span(digits, sizeof(digits), text, len) || strspn(digits, "0123456789") != len ||
	    str_parse_int(&port, digits, 1, 65535))
		return -EINVAL;
	url->port = (uint16_t)port;
	return 0;
}

static bool is_host(const char *host, bool bracketed)
{
	const char *allowed = bracketed ? "0123456789abcdefABCDEF:."
					: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789-._~";

	return *host && strspn(host, allowed) == strlen(host);
}

static int parse_host_port(struct http_url *url, const char *text, size_t len)
{
	bool bracketed = len && *text == '[';
	const char *end = text + len, *stop;

	if (bracketed) {
		text++;
		stop = memchr(text, ']', (size_t)(end - text));
		if (!stop || (stop + 1 < end && stop[1] != ':'))
			return -EINVAL;
	} else {
		stop = memchr(text, ':', len);
		if (!stop)
			stop = end;
	}
	if (copy_span(url->host, sizeof(url->host), text, (size_t)(stop - text)) ||
	    !is_host(url->host, bracketed))
		return -EINVAL;
	stop += bracketed;
	return stop < end ? parse_port(url, stop + 1, (size_t)(end - stop - 1)) : 0;
}

static int parse_authority(struct http_url *url, const char *text, size_t len)
{
	const char *at = memrchr(text, '@', len);

	if (at) {
		if (copy_span(url->userinfo, sizeof(url->userinfo), text, (size_t)(at - text)) ||
		    strchr(url->userinfo, '@'))
			return -EINVAL;
		len -= (size_t)(at + 1 - text);
		text = at + 1;
	}
	return parse_host_port(url, text, len);
}

int http_url_parse(struct http_url *ret_url, const char *text)
{
	struct http_url url = {0};
	const char *sep, *authority, *end;

	if (!text || !has_only_url_characters(text))
		return -EINVAL;
	sep = strstr(text, "://");
	if (!sep || parse_scheme(&url, text, (size_t)(sep - text)))
		return -EINVAL;
	authority = sep + 3;
	end = authority + strcspn(authority, "/?#");
	if (parse_authority(&url, authority, (size_t)(end - authority)))
		return -EINVAL;
	url.target_len = (uint32_t)strcspn(end, "#");
	url.target = end;
	if (*end != '/' && *end != '?') {
		url.target = "/";
		url.target_len = 1;
	}
	*ret_url = url;
	return 0;
}

bool http_url_is_loopback(const struct http_url *url)
{
	const char *host = url->host;

	return str_equal_nocase(host, "localhost") || str_equal(host, "::1") ||
	       (str_has_prefix(host, "127.") && host[strspn(host, "0123456789.")] == '\0');
}

char *http_url_origin(const struct http_url *url)
{
	bool v6 = strchr(url->host, ':');
	auto_free char *host = mem_printf("%s%s%s", v6 ? "[" : "", url->host, v6 ? "]" : "");

	str_lower(host);
	if (url->port == (url->tls ? 443 : 80))
		return mem_printf("%s://%s", url->scheme, host);
	return mem_printf("%s://%s:%u", url->scheme, host, url->port);
}
