/* Table call_storage of PostgreSQL: what events and turns are kept in, decided by a migration. */
#pragma once

#include "platform/store/batch.h"

/* The migration that makes it. */
enum { CALL_STORAGE_MIGRATION = 19 };

/* One row: "partitions" or "hypertables", and why. */
void store_call_storage(struct batch *batch);
