#include "platform/template.h"

#include "core/buf.h"
#include "core/str.h"

#include <errno.h>
#include <string.h>

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_"

/* The length of the name at text, 0 when there is none. */
static size_t name_len(const char *text)
{
	size_t len = strspn(text, NAME_CHARACTERS);

	return *text >= 'a' && *text <= 'z' && len < TEMPLATE_NAME_SIZE ? len : 0;
}

int template_name_is_valid(const char *name)
{
	size_t len = name_len(name);

	return len && !name[len];
}

/* Read "{{ name }}"; returns what follows it, or NULL. */
static const char *read_name(const char *text, char ret_name[TEMPLATE_NAME_SIZE])
{
	size_t len;

	text += 2;
	text += strspn(text, " ");
	len = name_len(text);
	/* What stands there instead of a name, for the complaint. */
	if (!len) {
		size_t shown = strcspn(text, "}\n");

		if (shown > 32)
			shown = 32;
		while (shown && !str_is_utf8(text, shown))
			shown--;
		memcpy(ret_name, text, shown);
		ret_name[shown] = '\0';
		return NULL;
	}
	memcpy(ret_name, text, len);
	ret_name[len] = '\0';
	text += len;
	text += strspn(text, " ");
	return str_has_prefix(text, "}}") ? text + 2 : NULL;
}

static int append(struct buf *out, size_t *used, size_t most, const char *text, size_t len)
{
	if (len > most - *used)
		return -EMSGSIZE;
	*used += len;
	if (out)
		buf_append(out, text, len);
	return 0;
}

int template_fill(struct buf *out, const char *text, size_t most, template_value_h *valueh,
		  void *arg, char ret_name[TEMPLATE_NAME_SIZE])
{
	const char *open, *value;
	size_t used = 0;
	int err;

	for (; (open = strstr(text, "{{"));) {
		err = append(out, &used, most, text, (size_t)(open - text));
		if (err)
			return err;
		text = read_name(open, ret_name);
		if (!text)
			return -EINVAL;
		value = valueh(ret_name, arg);
		if (!value)
			return -ENOENT;
		err = append(out, &used, most, value, strlen(value));
		if (err)
			return err;
	}
	return append(out, &used, most, text, strlen(text));
}
