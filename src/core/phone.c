#include "core/phone.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool phone_is_e164(const char *number)
{
	size_t len;

	if (!number || number[0] != '+' || number[1] < '1' || number[1] > '9')
		return false;
	len = strspn(number + 1, "0123456789");
	return len >= 8 && len <= 15 && !number[1 + len];
}

void phone_mask(char out[PHONE_MASK_SIZE], const char *number)
{
	if (!number)
		number = "";
	if (phone_is_e164(number))
		snprintf(out, PHONE_MASK_SIZE, "+%c***%s", number[1], number + strlen(number) - 4);
	else
		snprintf(out, PHONE_MASK_SIZE, "%.2s***", number);
}
