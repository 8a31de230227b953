/* Table recording: where the sound of a call is, one row at most. */
#pragma once

#include "platform/recording.h"
#include "platform/store/batch.h"

/* Changes one row, or none where an available recording would be replaced by less. */
void store_recording_save(struct batch *batch, const struct recording *recording, int64_t at);

/* status, provider_sid, url, path, error, duration_s, size_bytes, channels */
void store_recording_select(struct batch *batch, const char *tenant_id, const char *call_id);

/* ---- table recording_gone: files that were not where they were to be removed ---- */

/* May be known already. */
void store_recording_gone_insert(struct batch *batch, const char *path, int64_t at);
/* path, gone_at: behind these two, oldest first. */
void store_recording_gone_list(struct batch *batch, int64_t after_at, const char *after_path,
			       int64_t limit);
void store_recording_gone_delete_before(struct batch *batch, int64_t time);
