/*
 * Files of recordings that were to be removed by a pod that does not have them: with
 * RECORDING_STORE=folder a file lies where it was fetched, and erasure and retention run anywhere.
 * What was not found there is noted (store/recording.h), and every pod removes what it has of it.
 */
#pragma once

#include <stdint.h>

struct batch;
struct db;
struct loop;
struct recording_gone;
struct strand;

struct recording_gone_conf {
	struct loop *loop;
	struct db *db;
	struct strand *files;
	const char *folder;   /* of this pod's recordings; copied */
	uint32_t interval_ms; /* 0 means 60000 */
};

/* Look at once, then every interval. conf's objects outlive it. Owned by the caller, mem_unref().
 */
struct recording_gone *recording_gone_start(const struct recording_gone_conf *conf);

/* path was not here, and goes wherever it is. Nothing is added where there can be no other pod. */
void recording_gone_add(struct batch *batch, const struct db *db, const char *path);
