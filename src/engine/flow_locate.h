/* Where in a JSON text a member is: jansson does not keep positions. */
#pragma once

#include <stddef.h>

/* The way to a member, from the inside out; on the stack of whoever walks the document. */
struct flow_at {
	const struct flow_at *up; /* NULL: the document itself */
	const char *key;          /* NULL: an array's element */
	size_t index;
};

/* Line (from 1) where the member's key or element begins; of the nearest that exists. text is valid
 * JSON. */
unsigned flow_locate(const char *text, const struct flow_at *at);

/* "states.ask_day.next[1]" */
void flow_at_text(char *out, size_t size, const struct flow_at *at);
