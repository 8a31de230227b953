/* form_parse() of any bytes, and what it took survives being encoded and parsed again. */
#include "http/form.h"

#include "core/buf.h"
#include "core/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_unref struct form *form = NULL;
	auto_unref struct form *again = NULL;
	auto_buf struct buf out = {0};

	if (form_parse(&form, (const char *)data, size))
		return 0;
	form_encode(form, &out);
	if (form_parse(&again, buf_str(&out), out.len) || form_count(again) != form_count(form))
		abort();
	for (size_t i = 0; i < form_count(form); i++)
		if (strcmp(form_name(form, i), form_name(again, i)) ||
		    strcmp(form_value(form, i), form_value(again, i)))
			abort();
	return 0;
}
