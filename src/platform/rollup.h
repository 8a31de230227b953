/*
 * Keeps call_rollup up to date: folds the differences that finished calls leave (schema_rollup.c).
 * Each process does so; they do not disturb each other.
 */
#pragma once

#include <stdint.h>

struct db;
struct loop;
struct rollup;

/* Fold every interval_ms (0 means 1000). db outlives it. Owned by the caller, mem_unref(). */
struct rollup *rollup_start(struct loop *loop, struct db *db, uint32_t interval_ms);

/*
 * For commands, which run no loop: fold until nothing waits. Runs the loop until then. Returns 0 or
 * a negative errno.
 */
int rollup_fold_all(struct loop *loop, struct db *db);
