#include "state/redis_url.h"

#include "core/buf.h"
#include "core/encoding.h"
#include "core/mem.h"
#include "core/str.h"

#include <errno.h>
#include <string.h>

enum { DEFAULT_PORT = 6379, DEFAULT_SENTINEL_PORT = 26379, MAX_DATABASE = 65535 };

static const struct {
	const char *prefix;
	enum redis_kind kind;
	uint16_t port;
} schemes[] = {
	{"redis://", REDIS_SINGLE, DEFAULT_PORT},
	{"redis-sentinel://", REDIS_SENTINEL, DEFAULT_SENTINEL_PORT},
	{"redis-cluster://", REDIS_CLUSTER, DEFAULT_PORT},
};

static int parse_port(uint16_t *ret_port, const char *text)
{
	int64_t port;

	if (text[0] < '0' || text[0] > '9' || str_parse_int(&port, text, 1, 65535))
		return -EINVAL;
	*ret_port = (uint16_t)port;
	return 0;
}

static bool is_host(const char *host)
{
	return host[0] && strlen(host) < REDIS_HOST_SIZE && !strpbrk(host, "/?#@ \t\r\n[]\"'\\<>");
}

/* host, host:port, [v6] or [v6]:port; text is changed. */
static int parse_address(struct redis_address *ret_address, char *text, uint16_t port)
{
	char *host = text, *end;

	if (text[0] == '[') {
		host = text + 1;
		end = strchr(host, ']');
		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		*end++ = '\0';
	} else {
		end = strchr(text, ':');
	}
	if (end && *end) {
		*end = '\0';
		if (parse_port(&port, end + 1))
			return -EINVAL;
	}
	if (!is_host(host))
		return -EINVAL;
	str_copy(ret_address->host, sizeof(ret_address->host), host);
	ret_address->port = port;
	return 0;
}

static int decode(char *out, size_t size, const char *text)
{
	struct buf decoded auto_buf = {0};

	if (percent_decode(&decoded, text, strlen(text), 0) || decoded.len >= size ||
	    strlen(buf_str(&decoded)) != decoded.len)
		return -EINVAL;
	str_copy(out, size, buf_str(&decoded));
	return 0;
}

static int parse_user(struct redis_url *url, char *text)
{
	char *password = strchr(text, ':');

	if (password)
		*password++ = '\0';
	else
		return -EINVAL;
	return decode(url->user, sizeof(url->user), text) ||
			       decode(url->password, sizeof(url->password), password)
		       ? -EINVAL
		       : 0;
}

static int parse_hosts(struct redis_url *url, char *text, uint16_t port)
{
	char *next;

	for (char *host = text; host; host = next) {
		next = strchr(host, ',');
		if (next)
			*next++ = '\0';
		if (url->host_count == REDIS_MAX_HOSTS ||
		    (url->kind == REDIS_SINGLE && url->host_count == 1) ||
		    parse_address(&url->hosts[url->host_count++], host, port))
			return -EINVAL;
	}
	return 0;
}

/* After the hosts: /db, /primary or /primary/db. */
static const char *parse_path(struct redis_url *url, char *path)
{
	int64_t database = 0;
	char *number = path;

	if (url->kind == REDIS_SENTINEL) {
		number = path ? strchr(path, '/') : NULL;
		if (number)
			*number++ = '\0';
		if (!path || !path[0] || decode(url->primary, sizeof(url->primary), path))
			return "the name of the primary is missing: redis-sentinel://HOSTS/PRIMARY";
	}
	if (number && number[0]) {
		if (str_parse_int(&database, number, 0, MAX_DATABASE))
			return "the database is a number: redis://HOST/3";
		if (database && url->kind == REDIS_CLUSTER)
			return "a cluster has no numbered databases";
	}
	url->database = (uint32_t)database;
	return NULL;
}

static const char *parse_rest(struct redis_url *url, char *rest, uint16_t port)
{
	char *path = strchr(rest, '/'), *hosts;

	if (strpbrk(rest, "?#"))
		return "a URL of Redis has no '?' and '#' (write %3F and %23)";
	if (path)
		*path++ = '\0';
	hosts = strrchr(rest, '@');
	if (hosts) {
		*hosts++ = '\0';
		if (parse_user(url, rest))
			return "user and password are written user:password@ or :password@";
	}
	if (parse_hosts(url, hosts ? hosts : rest, port))
		return "a host or port is not valid, or there are too many";
	return parse_path(url, path);
}

int redis_url_parse(struct redis_url *ret_url, const char *text, const char **ret_reason)
{
	*ret_reason = "must begin with redis://, redis-sentinel:// or redis-cluster://";
	if (str_has_prefix(text, "rediss://"))
		*ret_reason = "rediss:// is not supported (no TLS to Redis): use redis:// in a "
			      "private network, or through a tunnel such as stunnel";
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		struct redis_url url = {.kind = schemes[i].kind};
		auto_free char *rest = NULL;

		if (!str_has_prefix(text, schemes[i].prefix))
			continue;
		rest = mem_strdup(text + strlen(schemes[i].prefix));
		*ret_reason = parse_rest(&url, rest, schemes[i].port);
		if (*ret_reason)
			return -EINVAL;
		*ret_url = url;
		return 0;
	}
	return -EINVAL;
}

int redis_redirect_parse(struct redis_redirect *ret_redirect, const char *text, size_t len)
{
	struct redis_redirect redirect = {0};
	char copy[REDIS_HOST_SIZE + 32];
	char *slot, *to, *port;
	int64_t number;

	if (len >= sizeof(copy))
		return -EBADMSG;
	memcpy(copy, text, len);
	copy[len] = '\0';
	slot = strchr(copy, ' ');
	to = slot ? strchr(slot + 1, ' ') : NULL;
	/* The last colon: an IPv6 address has no brackets here. */
	port = to ? strrchr(to + 1, ':') : NULL;
	if (!port || strlen(copy) != len)
		return -EBADMSG;
	*slot++ = *to++ = *port++ = '\0';
	redirect.ask = !strcmp(copy, "ASK");
	if ((!redirect.ask && strcmp(copy, "MOVED")) ||
	    str_parse_int(&number, slot, 0, REDIS_SLOTS - 1) ||
	    parse_port(&redirect.to.port, port) || (to[0] && !is_host(to)))
		return -EBADMSG;
	redirect.slot = (uint16_t)number;
	str_copy(redirect.to.host, sizeof(redirect.to.host), to);
	*ret_redirect = redirect;
	return 0;
}

/* CRC16 with the polynomial 0x1021 and nothing reversed (XMODEM). */
static uint16_t crc16(const char *data, size_t len)
{
	uint16_t crc = 0;

	for (size_t i = 0; i < len; i++) {
		crc ^= (uint16_t)((uint8_t)data[i] << 8);
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
	}
	return crc;
}

uint16_t redis_slot(const char *key)
{
	const char *open = strchr(key, '{');
	const char *close = open ? strchr(open, '}') : NULL;

	if (close && close > open + 1)
		return crc16(open + 1, (size_t)(close - open - 1)) % REDIS_SLOTS;
	return crc16(key, strlen(key)) % REDIS_SLOTS;
}
