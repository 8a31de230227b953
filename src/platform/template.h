/*
 * Text with {{name}} in it. A name is a letter, then letters, digits and '_', up to 64, lower case;
 * spaces around it do not matter. "{{" means nothing else. One pass: what a value holds is never
 * looked at again.
 */
#pragma once

#include <stddef.h>

struct buf;

enum { TEMPLATE_NAME_SIZE = 65 };

/* The value of a name; NULL: there is none. */
typedef const char *template_value_h(const char *name, void *arg);

/*
 * Append text with every name replaced by its value, at most `most` bytes of it. out NULL: only
 * check. Returns 0; -EINVAL ("{{" without a name and "}}" behind it; ret_name gets what stands
 * there); -ENOENT (ret_name has no value); -EMSGSIZE.
 */
int template_fill(struct buf *out, const char *text, size_t most, template_value_h *valueh,
		  void *arg, char ret_name[TEMPLATE_NAME_SIZE]);

/* A name that can stand in {{}}. */
int template_name_is_valid(const char *name);
