/* The recording of a call: one file a call; where it lies is recording_store.h's business. */
#pragma once

#include "platform/call_table.h"

struct recording {
	const char *tenant_id;
	const char *call_id;
	const char *status;       /* "pending" (told of), "available" (file is there), "failed" */
	const char *provider_sid; /* RE...; may be NULL */
	const char *url;          /* where to fetch it */
	const char *path;         /* place of the file; NULL unless available */
	const char *error;
	int64_t duration_s;
	int64_t size_bytes;
	int64_t channels;
};

/* Store (replacing what is there, but never "available" by less) and publish call.recording. */
void recording_save(struct call_table *table, const struct recording *recording,
		    call_noted_h *doneh, void *arg);
