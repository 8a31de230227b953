/* UUID version 7 (RFC 9562): sorts by the time it was made. */
#pragma once

#include <stdbool.h>

enum { UUID_SIZE = 37 }; /* 36 characters and a NUL */

void uuid_new(char out[UUID_SIZE]);

/* 8-4-4-4-12 hex digits, any version, any case. */
bool uuid_is_valid(const char *text);
