#include "engine/flow_locate.h"

#include "core/str.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 32 };

static const char *skip_space(const char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

/* Past the closing quote of the string that begins at p. */
static const char *skip_string(const char *p)
{
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : p;
}

static const char *skip_value(const char *p)
{
	unsigned depth = 0;

	do {
		p = skip_space(p);
		if (*p == '"') {
			p = skip_string(p);
		} else if (*p == '{' || *p == '[') {
			depth++;
			p++;
		} else if (*p == '}' || *p == ']') {
			depth--;
			p++;
		} else if (*p == ',' || *p == ':') {
			p++;
		} else {
			while (*p && !strchr(",:]} \t\r\n", *p))
				p++;
		}
	} while (depth && *p);
	return p;
}

static bool is_key(const char *p, const char *key)
{
	const size_t len = strlen(key);

	return *p == '"' && !strncmp(p + 1, key, len) && p[1 + len] == '"';
}

/* The value of a member of the object at p; *ret_begin is where the member begins. */
static const char *find_key(const char *p, const char *key, const char **ret_begin)
{
	if (*p != '{')
		return NULL;
	for (p = skip_space(p + 1); *p == '"';) {
		const char *begin = p, *value = skip_space(skip_string(p));

		value = skip_space(*value == ':' ? value + 1 : value);
		if (is_key(begin, key)) {
			*ret_begin = begin;
			return value;
		}
		p = skip_space(skip_value(value));
		p = skip_space(*p == ',' ? p + 1 : p);
	}
	return NULL;
}

static const char *find_index(const char *p, size_t index, const char **ret_begin)
{
	if (*p != '[')
		return NULL;
	for (p = skip_space(p + 1); *p && *p != ']'; index--) {
		if (index == 0) {
			*ret_begin = p;
			return p;
		}
		p = skip_space(skip_value(p));
		p = skip_space(*p == ',' ? p + 1 : p);
	}
	return NULL;
}

static size_t collect(const struct flow_at *way[DEPTH_MAX], const struct flow_at *at)
{
	size_t count = 0;

	for (; at && count < DEPTH_MAX; at = at->up)
		way[count++] = at;
	return count;
}

unsigned flow_locate(const char *text, const struct flow_at *at)
{
	const struct flow_at *way[DEPTH_MAX];
	size_t count = collect(way, at);
	const char *value = skip_space(text), *begin = value;
	unsigned line = 1;

	while (count-- > 0 && value) {
		if (way[count]->key)
			value = find_key(value, way[count]->key, &begin);
		else
			value = find_index(value, way[count]->index, &begin);
	}
	for (const char *p = text; p < begin; p++)
		line += *p == '\n';
	return line;
}

void flow_at_text(char *out, size_t size, const struct flow_at *at)
{
	const struct flow_at *way[DEPTH_MAX];
	size_t count = collect(way, at), len = 0;

	out[0] = '\0';
	while (count-- > 0 && len < size) {
		const struct flow_at *step = way[count];
		const int n = step->key ? snprintf(out + len, size - len, "%s%s", len ? "." : "",
						   step->key)
					: snprintf(out + len, size - len, "[%zu]", step->index);

		len += n > 0 ? (size_t)n : 0;
	}
}
