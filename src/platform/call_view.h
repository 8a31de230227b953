/* A call as JSON, with the field names of the spec's CallRecord and ours. */
#pragma once

#include "core/json_writer.h"

struct call;

/* Everything that may be shown, as members of the object that is open in writer; transcript and
 * summary are for others to add. */
void call_write(struct json_writer *writer, const struct call *call);

/* The same as an object. New reference. */
json_t *call_view(const struct call *call);

/* What a list of calls on a screen needs: for live events. */
void call_write_brief(struct json_writer *writer, const struct call *call);
