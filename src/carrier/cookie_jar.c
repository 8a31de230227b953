#include "carrier/cookie_jar.h"

#include "core/buf.h"
#include "core/list.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/http_url.h"

#include <string.h>
#include <strings.h>

struct cookie {
	struct list_node node;
	char *name, *value, *host, *path;
	bool secure;
};

struct cookie_jar {
	struct list cookies; /* oldest first */
};

static void cookie_destroy(void *data)
{
	struct cookie *cookie = data;

	list_remove(&cookie->node);
	mem_free(cookie->name);
	mem_free(cookie->value);
	mem_free(cookie->host);
	mem_free(cookie->path);
}

static void jar_destroy(void *data)
{
	struct cookie_jar *jar = data;
	struct cookie *cookie;

	while ((cookie = list_pop(&jar->cookies)))
		mem_unref(cookie);
}

struct cookie_jar *cookie_jar_new(void)
{
	return mem_new(sizeof(struct cookie_jar), jar_destroy);
}

/* Without the blanks around it. */
static char *trimmed(const char *text, size_t len)
{
	while (len && (*text == ' ' || *text == '\t')) {
		text++;
		len--;
	}
	while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	return mem_strndup(text, len);
}

/* Nothing that could end the header or the cookie. */
static bool is_clean(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f || *text == ';')
			return false;
	return true;
}

/* "/a/b" for "/a/b/c?d" (RFC 6265, 5.1.4). */
static char *default_path(const struct http_url *url)
{
	size_t len = url->target_len, end;

	for (size_t i = 0; i < len; i++)
		if (url->target[i] == '?')
			len = i;
	for (end = len; end && url->target[end - 1] != '/';)
		end--;
	return end > 1 ? mem_strndup(url->target, end - 1) : mem_strdup("/");
}

static bool path_matches(const char *path, const struct http_url *url)
{
	size_t len = strlen(path);

	if (str_equal(path, "/"))
		return true;
	return url->target_len >= len && !strncmp(url->target, path, len) &&
	       (path[len - 1] == '/' || url->target_len == len || strchr("/?", url->target[len]));
}

/* One attribute behind the value; *over is set when the cookie is to be forgotten. */
static void read_attribute(struct cookie *cookie, const char *text, size_t len, bool *over)
{
	const char *equals = memchr(text, '=', len);
	size_t name_len = equals ? (size_t)(equals - text) : len;
	auto_free char *name = trimmed(text, name_len);
	auto_free char *value = equals ? trimmed(equals + 1, len - name_len - 1) : mem_strdup("");
	int64_t seconds;

	if (str_equal_nocase(name, "secure"))
		cookie->secure = true;
	else if (str_equal_nocase(name, "path") && *value == '/')
		mem_replace_str(&cookie->path, value);
	else if (str_equal_nocase(name, "max-age"))
		*over = !str_parse_int(&seconds, value, INT64_MIN, 0);
}

static struct cookie *cookie_parse(const struct http_url *url, const char *text, bool *over)
{
	size_t len = strcspn(text, ";");
	const char *equals = memchr(text, '=', len);
	struct cookie *cookie;

	if (!equals || equals == text || strlen(text) > COOKIE_MAX_BYTES)
		return NULL;
	cookie = mem_new(sizeof(*cookie), cookie_destroy);
	cookie->name = trimmed(text, (size_t)(equals - text));
	cookie->value = trimmed(equals + 1, len - (size_t)(equals - text) - 1);
	cookie->host = mem_strdup(url->host);
	cookie->path = default_path(url);
	for (text += len; *text == ';'; text += len) {
		len = strcspn(++text, ";");
		read_attribute(cookie, text, len, over);
	}
	if (!*cookie->name || !is_clean(cookie->name) || !is_clean(cookie->value))
		return mem_unref(cookie);
	return cookie;
}

void cookie_jar_set(struct cookie_jar *jar, const char *url_text, const char *set_cookie)
{
	struct http_url url;
	struct cookie *cookie;
	bool over = false;

	if (http_url_parse(&url, url_text))
		return;
	cookie = cookie_parse(&url, set_cookie, &over);
	if (!cookie)
		return;
	LIST_EACH(&jar->cookies, node)
	{
		struct cookie *old = node->data;

		if (str_equal(old->name, cookie->name) &&
		    str_equal_nocase(old->host, cookie->host) && str_equal(old->path, cookie->path))
			mem_unref(old);
	}
	if (over || jar->cookies.len >= COOKIE_JAR_MAX)
		mem_unref(cookie);
	else
		list_append(&jar->cookies, &cookie->node, cookie);
}

void cookie_jar_get(const struct cookie_jar *jar, const char *url_text, struct buf *out)
{
	struct http_url url;
	const char *between = "";

	if (http_url_parse(&url, url_text))
		return;
	LIST_EACH(&jar->cookies, node)
	{
		const struct cookie *cookie = node->data;

		if (!str_equal_nocase(cookie->host, url.host) ||
		    !path_matches(cookie->path, &url) || (cookie->secure && !url.tls))
			continue;
		buf_printf(out, "%s%s=%s", between, cookie->name, cookie->value);
		between = "; ";
	}
}
