/* Table recording: where the sound of a call is, one row at most. */
#pragma once

#include "platform/recording.h"
#include "platform/store/batch.h"

/* Changes one row, or none where an available recording would be replaced by less. */
void store_recording_save(struct batch *batch, const struct recording *recording, int64_t at);

/* status, provider_sid, url, path, error, duration_s, size_bytes, channels */
void store_recording_select(struct batch *batch, const char *tenant_id, const char *call_id);
