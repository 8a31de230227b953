/* Table secret_check: keyed hashes of what all servers on this database have to share. */
#pragma once

#include "platform/store/batch.h"

/* Two results; the second is the hash that holds: the one that was noted first, or this one. */
void store_secret_note(struct batch *batch, const char *name, const char *hash, int64_t now);
/* The same, but this one holds. */
void store_secret_replace(struct batch *batch, const char *name, const char *hash, int64_t now);
