/* application/x-www-form-urlencoded data and query strings: ordered, a name may repeat. */
#pragma once

#include <stddef.h>

struct buf;
struct form;

struct form *form_new(void); /* empty; owned by the caller, mem_unref() */

/*
 * Parse "a=1&b=two+words". At most 512 fields. Values may hold any bytes but NUL.
 * Returns 0, -EBADMSG (stray '%', NUL) or -E2BIG.
 */
int form_parse(struct form **ret_form, const char *text, size_t len);

void form_add(struct form *form, const char *name, const char *value); /* copies */

/* The first value of that name, NULL when there is none. */
const char *form_get(const struct form *form, const char *name);

size_t form_count(const struct form *form);
const char *form_name(const struct form *form, size_t index);
const char *form_value(const struct form *form, size_t index);

void form_encode(const struct form *form, struct buf *out);
