/* {{name}} in texts: any text is filled within its limit or refused, and a value is never read
 * again. */
#include "core/buf.h"
#include "core/mem.h"
#include "platform/template.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4096 };

static const char *value(const char *name, void *arg)
{
	if (strlen(name) >= TEMPLATE_NAME_SIZE || !template_name_is_valid(name))
		abort();
	return name[0] == 'a' ? "{{b}}" : name[0] == 'b' ? "" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = mem_strndup((const char *)data, size);
	auto_buf struct buf out = {0};
	char name[TEMPLATE_NAME_SIZE];
	int err = template_fill(&out, text, MOST, value, NULL, name);
	int checked = template_fill(NULL, text, MOST, value, NULL, name);

	if (err != checked || out.len > MOST ||
	    (err && err != -EINVAL && err != -ENOENT && err != -EMSGSIZE))
		abort();
	return 0;
}
