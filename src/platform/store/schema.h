/* The migrations of the database, in order. Written once, never edited: a change is a new one. */
#pragma once

#include "db/db.h"

extern const struct db_migration schema_migrations[];
extern const size_t schema_migration_count;
