/* Telephone numbers. */
#pragma once

#include <stdbool.h>

/* E.164: '+', a first digit 1 to 9, 8 to 15 digits in all. */
bool phone_is_e164(const char *number);

/*
 * For logs: first digit and last four kept, "+1***5678". Anything that is not E.164 (sip: URIs,
 * "anonymous") keeps its first two characters only. out has room for PHONE_MASK_SIZE.
 */
enum { PHONE_MASK_SIZE = 16 };
void phone_mask(char out[PHONE_MASK_SIZE], const char *number);
