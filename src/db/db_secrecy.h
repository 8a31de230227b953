/* Sealing and opening around a batch; between db.c and db_secrecy.c. Loop thread only. */
#pragma once

#include "db/db_priv.h"

/* Seal what is to be sealed, then hand the job to its driver (job->runh), at once or later. */
void db_secrecy_run(struct db *db, struct db_job *job);

/* Open what came back. False: the job was taken and has to wait; see db_secrecy_next(). */
bool db_secrecy_open(struct db *db, struct db_job *job);

/*
 * After a fetch that ended with err: run what waited to be sealed; and one after the other the
 * finished jobs that can go to their handlers now. first: the first since that fetch.
 */
void db_secrecy_retry(struct db *db);
struct db_job *db_secrecy_next(struct db *db, bool first, int err);

/* Drop everything that waits. */
void db_secrecy_clear(struct db *db);
