#include "platform/json_diff.h"

#include "core/buf.h"
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

static void diff(json_t *changes, struct buf *path, const json_t *from, const json_t *to);

static void add_change(json_t *changes, struct buf *path, const json_t *from, const json_t *to)
{
	json_t *change = json_object();

	json_set_str(change, "op", !from ? "add" : !to ? "remove" : "replace");
	json_set_str(change, "path", buf_str(path));
	if (from)
		json_object_set(change, "from", (json_t *)from);
	if (to)
		json_object_set(change, "to", (json_t *)to);
	json_array_append_new(changes, change);
}

/* '~' and '/' of a name are escaped. */
static void push(struct buf *path, const char *name)
{
	buf_append_char(path, '/');
	for (; *name; name++) {
		if (*name == '~')
			buf_append_str(path, "~0");
		else if (*name == '/')
			buf_append_str(path, "~1");
		else
			buf_append_char(path, *name);
	}
}

static void pop(struct buf *path, size_t len)
{
	path->len = len;
	path->data[len] = '\0';
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of both, sorted, each once. */
static const char **names_of(size_t *ret_count, const json_t *from, const json_t *to)
{
	const char **names =
		mem_alloc((json_object_size(from) + json_object_size(to) + 1) * sizeof(*names));
	size_t count = 0, kept = 0;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)from, key, value) names[count++] = key;
	json_object_foreach((json_t *)to, key, value) names[count++] = key;
	qsort(names, count, sizeof(*names), by_name);
	for (size_t i = 0; i < count; i++)
		if (!kept || strcmp(names[kept - 1], names[i]) != 0)
			names[kept++] = names[i];
	*ret_count = kept;
	return names;
}

static void diff_objects(json_t *changes, struct buf *path, const json_t *from, const json_t *to)
{
	size_t count, len = path->len;
	auto_free const char **names = names_of(&count, from, to);

	for (size_t i = 0; i < count; i++) {
		push(path, names[i]);
		diff(changes, path, json_object_get(from, names[i]), json_object_get(to, names[i]));
		pop(path, len);
	}
}

static void diff_arrays(json_t *changes, struct buf *path, const json_t *from, const json_t *to)
{
	size_t a = json_array_size(from), b = json_array_size(to), len = path->len;

	for (size_t i = 0; i < a || i < b; i++) {
		buf_printf(path, "/%zu", i);
		diff(changes, path, json_array_get(from, i), json_array_get(to, i));
		pop(path, len);
	}
}

static void diff(json_t *changes, struct buf *path, const json_t *from, const json_t *to)
{
	if (json_is_object(from) && json_is_object(to))
		diff_objects(changes, path, from, to);
	else if (json_is_array(from) && json_is_array(to))
		diff_arrays(changes, path, from, to);
	else if (!from || !to || !json_equal(from, to))
		add_change(changes, path, from, to);
}

json_t *json_diff(const json_t *from, const json_t *to)
{
	json_t *changes = json_array();
	auto_buf struct buf path = {0};

	buf_append_str(&path, "");
	if (from || to)
		diff(changes, &path, from, to);
	return changes;
}
