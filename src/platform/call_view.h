/* A call as JSON, with the field names of the spec's CallRecord and ours. */
#pragma once

#include "core/json.h"

struct call;

/* Everything that may be shown; transcript and summary are for others to add. New reference. */
json_t *call_view(const struct call *call);

/* What a list of calls on a screen needs: for live events. New reference. */
json_t *call_view_brief(const struct call *call);
