#include "http/form.h"

#include "core/buf.h"
#include "core/encoding.h"
#include "core/mem.h"
#include "core/str.h"

#include <errno.h>
#include <string.h>

enum { MAX_FIELDS = 512 };

struct field {
	char *name;
	char *value;
};

struct form {
	struct field *fields;
	size_t count;
	size_t cap;
};

static void form_destroy(void *data)
{
	struct form *form = data;

	for (size_t i = 0; i < form->count; i++) {
		mem_free(form->fields[i].name);
		mem_free(form->fields[i].value);
	}
	mem_free(form->fields);
}

struct form *form_new(void)
{
	return mem_new(sizeof(struct form), form_destroy);
}

/* Takes over both strings. */
static void form_take(struct form *form, char *name, char *value)
{
	if (form->count == form->cap) {
		form->cap = form->cap ? 2 * form->cap : 8;
		form->fields = mem_realloc(form->fields, form->cap * sizeof(*form->fields));
	}
	form->fields[form->count++] = (struct field){name, value};
}

static int decode_part(char **ret_text, const char *text, size_t len)
{
	auto_buf struct buf out = {0};
	int err = percent_decode(&out, text, len, 1);

	if (err)
		return err;
	if (out.len && memchr(out.data, '\0', out.len))
		return -EBADMSG;
	*ret_text = out.data ? buf_steal(&out) : mem_strdup("");
	return 0;
}

static int parse_field(struct form *form, const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);
	size_t name_len = equals ? (size_t)(equals - text) : len;
	auto_free char *name = NULL;
	char *value = NULL;
	int err;

	if (!len)
		return 0;
	if (form->count == MAX_FIELDS)
		return -E2BIG;
	err = decode_part(&name, text, name_len);
	if (!err && equals)
		err = decode_part(&value, equals + 1, len - name_len - 1);
	if (err)
		return err;
	form_take(form, name, value ? value : mem_strdup(""));
	name = NULL;
	return 0;
}

int form_parse(struct form **ret_form, const char *text, size_t len)
{
	auto_unref struct form *form = form_new();
	const char *end = text + len;

	while (text < end) {
		const char *amp = memchr(text, '&', (size_t)(end - text));
		const char *stop = amp ? amp : end;
		int err = parse_field(form, text, (size_t)(stop - text));

		if (err)
			return err;
		text = amp ? amp + 1 : end;
	}
	*ret_form = form;
	form = NULL;
	return 0;
}

void form_add(struct form *form, const char *name, const char *value)
{
	form_take(form, mem_strdup(name), mem_strdup(value ? value : ""));
}

const char *form_get(const struct form *form, const char *name)
{
	for (size_t i = 0; i < form->count; i++)
		if (str_equal(form->fields[i].name, name))
			return form->fields[i].value;
	return NULL;
}

size_t form_count(const struct form *form)
{
	return form->count;
}

const char *form_name(const struct form *form, size_t index)
{
	return form->fields[index].name;
}

const char *form_value(const struct form *form, size_t index)
{
	return form->fields[index].value;
}

void form_encode(const struct form *form, struct buf *out)
{
	for (size_t i = 0; i < form->count; i++) {
		if (i)
			buf_append_char(out, '&');
		percent_encode(out, form->fields[i].name, strlen(form->fields[i].name));
		buf_append_char(out, '=');
		percent_encode(out, form->fields[i].value, strlen(form->fields[i].value));
	}
}
