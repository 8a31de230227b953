/*
 * A recording that is read: plain bytes, whether it lies sealed or is of before there was sealing.
 * A part is had without the rest.
 */
#pragma once

#include "platform/recording_store.h"

enum { RECORDING_MAX_READ = 256 * 1024 };

struct recording_file;

/*
 * err: -ENOENT there is no such file, -EBADMSG it is not what was put there, -ENOKEY its key is
 * not known; others may pass. file: valid during the handler, mem_ref() to keep it; the store
 * outlives it.
 */
typedef void recording_opened_h(int err, struct recording_file *file, void *arg);

/* The file at place, of that call; ret_op and the handler as in recording_store.h. */
void recording_open(void **ret_op, struct recording_store *store, const char *tenant_id,
		    const char *call_id, const char *place, recording_opened_h *openedh, void *arg);

/* Bytes of sound, header included: what readers get. */
int64_t recording_file_size(const struct recording_file *file);

/*
 * At least one byte from offset (below the size) and at most len, or RECORDING_MAX_READ of them;
 * total: recording_file_size().
 */
void recording_file_read(void **ret_op, struct recording_file *file, int64_t offset, size_t len,
			 recording_read_h *readh, void *arg);
