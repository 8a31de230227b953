#include "platform/email.h"

#include "core/mem.h"
#include "core/str.h"

#include <string.h>

char *email_clean(const char *text)
{
	auto_free char *copy = mem_strdup(text);
	char *email = str_lower(mem_strdup(str_trim(copy)));
	const char *at = strchr(email, '@');

	if (at && at > email && at[1] && !strchr(at + 1, '@') &&
	    !strpbrk(email, " \t\r\n\"<>,;:\\") && strlen(email) <= EMAIL_MAX &&
	    str_is_utf8(email, strlen(email)))
		return email;
	return mem_free(email);
}
