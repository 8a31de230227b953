/*
 * Calls that are over go after EMBEDDED_KEEP_HOURS: from the book, from the journal, and the files
 * of their recordings, also of calls that had to make room before. Looked at when the carrier
 * starts, and then every ten minutes.
 */
#pragma once

#include <stdint.h>

struct call_expiry;
struct carrier;

/* Owned by the caller; the carrier's book and journal outlive it. */
struct call_expiry *call_expiry_new(struct carrier *carrier);

/* clock_wall_us() before which calls that are over, and recordings, have had their time. */
int64_t call_expiry_before_us(const struct carrier *carrier);
