/*
 * Removing calls, in whole or in part: first the files, then, in one transaction a few calls, the
 * rows. A process that dies between leaves rows whose file is gone; the next run removes them.
 */
#pragma once

#include "core/uuid.h"

#include <stddef.h>
#include <stdint.h>

struct platform;

enum purge_part {
	PURGE_WORDS, /* what was said and made of it */
	PURGE_RECORDING,
	PURGE_PERSON, /* both, and whatever tells who it was; the call stays as a figure */
	PURGE_CALL,   /* everything */
};

enum { PURGE_MOST = 64 };

struct purge_item {
	char call_id[UUID_SIZE];
	char *path;        /* of the recording's file, or NULL; taken over */
	bool is_elsewhere; /* purge's: it is a file, and not here */
};

struct purge_counts {
	int64_t calls;
	int64_t turns;
	int64_t recordings;
};

/*
 * Purge up to PURGE_MOST calls that have ended. items are taken over. err: 0 or the first failure,
 * what came after it is untouched; counts: what was done.
 */
typedef void purge_done_h(int err, const struct purge_counts *counts, void *arg);
void purge_calls(struct platform *platform, const char *tenant_id, enum purge_part part,
		 const struct purge_item *items, size_t count, purge_done_h *doneh, void *arg);
