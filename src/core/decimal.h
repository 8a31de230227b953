/* Decimal numbers as whole millionths: money in micro-units, ratios. No rounding by binary floats.
 */
#pragma once

#include <stdint.h>

enum { DECIMAL_ONE = 1000000, DECIMAL_SIZE = 32 };

/*
 * "12", "-0.0075", "+.5": at most 12 digits before the point; what is below a millionth is rounded
 * to the nearest, halves away from zero. Returns 0, or -EINVAL for anything else.
 */
int decimal_parse(int64_t *ret_micros, const char *text);

/* "0.0075", "12", "-3.5": no zeros at the end. Returns text. */
const char *decimal_format(char text[DECIMAL_SIZE], int64_t micros);
