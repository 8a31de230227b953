/*
 * Keeps PostgreSQL's partitions: makes them before they are needed, moves calls into them that came
 * without one (an import, a time without any server), and drops those whose calls are all older
 * than they are kept. Every process looks; the database lets one at a time do something.
 */
#pragma once

#include <stdint.h>

struct db;
struct loop;
struct partition;

/* "day", "week" or "month", which is also what anything else gives. */
enum partition_period { PARTITION_DAY, PARTITION_WEEK, PARTITION_MONTH };

enum partition_period partition_period_parse(const char *name);

struct partition_conf {
	struct loop *loop;
	struct db *db; /* outlives it */
	enum partition_period period;
	int64_t ahead;          /* periods after the current one */
	int64_t retention_days; /* 0: nothing is dropped */
	uint32_t interval_ms;   /* 0 means ten minutes */
};

/* Begins at once. Owned by the caller, mem_unref(). */
struct partition *partition_start(const struct partition_conf *conf);

/* The beginning of the period that the time is in, and of the one after; milliseconds, UTC. */
int64_t partition_period_start(enum partition_period period, int64_t ms);
int64_t partition_period_end(enum partition_period period, int64_t ms);
