/*
 * What time it is. Wall time for records and signatures, monotonic time for waiting.
 * Tests may set either; the loop's own clock is loop_now_ms().
 */
#pragma once

#include <stdint.h>

int64_t clock_wall_us(void); /* UTC, microseconds since 1970 */
int64_t clock_mono_us(void); /* since some fixed point, never backwards */

/* From now on clock_wall_us() answers this; a negative value gives the real clock back. */
void clock_fake_wall_us(int64_t us);
