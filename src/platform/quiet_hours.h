/*
 * The hours of a day in which nobody wants to be called: {"from": "21:00", "to": "08:00",
 * "time_zone": "Europe/Berlin"}, or as text "21:00-08:00 Europe/Berlin". They begin at from and end
 * before to, by the clocks of the zone, over midnight when to is the earlier one.
 */
#pragma once

#include "core/json.h"

#include <stddef.h>
#include <stdint.h>

struct quiet_hours; /* never changes once made: mem_ref(), mem_unref() */

/* Returns 0, or -EINVAL with what it must be in reason. */
int quiet_hours_parse(struct quiet_hours **ret_quiet, const json_t *value, char *reason,
		      size_t reason_size);
int quiet_hours_of_text(struct quiet_hours **ret_quiet, const char *text, char *reason,
			size_t reason_size);

/* In the shape that is parsed. */
json_t *quiet_hours_json(const struct quiet_hours *quiet);

/* The first moment from at on that is not quiet; UTC microseconds. quiet NULL: at. */
int64_t quiet_hours_end(const struct quiet_hours *quiet, int64_t at);
