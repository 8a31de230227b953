/* Resources of the API as JSON, in the vendor's field names and formats. */
#pragma once

#include "core/json.h"

struct carrier;
struct call_leg;
struct call_recording;
struct phone_number;

/* Each owned by the caller. */
json_t *call_leg_json(const struct call_leg *leg);
json_t *call_recording_json(const struct call_recording *recording, bool under_call);
json_t *phone_number_json(const struct carrier *carrier, const struct phone_number *number);
json_t *account_json(const struct carrier *carrier);
