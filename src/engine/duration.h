/* Durations as the API writes them: decimal seconds and an "s", "0.384s" (protobuf's JSON form). */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { DURATION_SIZE = 32 };

/* -?(0|[1-9][0-9]{0,11})(\.[0-9]{1,9})?s, microseconds. Returns 0 or -EINVAL. */
int duration_parse(int64_t *ret_us, const char *text);

/* Shortest form: 30s, 0.384s, 5.5s. */
void duration_format(char out[DURATION_SIZE], int64_t us);
