/*
 * Small files that survive a crash: sealed (core/safe.h), written beside, synced, renamed; in the
 * order asked for, away from the loop. What is in memory is the truth while the process lives, the
 * files are for the next.
 */
#pragma once

#include "core/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal;
struct loop;
struct safe;
struct work_pool;

/*
 * Owned by the caller. dir is created (mode 0700) when missing; safe is referenced and nobody
 * else's meanwhile. Returns 0 or a negative errno.
 */
int journal_open(struct journal **ret_journal, struct work_pool *pool, struct safe *safe,
		 const char *dir);

/* err 0, or a negative errno. On the loop. */
typedef void journal_done_h(int err, void *arg);

/*
 * Replace folder/name.json. doneh may be NULL. After the journal was released pending writes still
 * happen, without doneh.
 */
void journal_write(struct journal *journal, const char *folder, const char *name,
		   const json_t *content, journal_done_h *doneh, void *arg);
void journal_remove(struct journal *journal, const char *folder, const char *name);

/* Remove files of the folder, of any kind, that were last written before (clock_wall_us()). */
void journal_expire(struct journal *journal, const char *folder, int64_t before_us);

/* Read one now; NULL when it is missing or broken. Owned by the caller. */
json_t *journal_read(const struct journal *journal, const char *folder, const char *name);

/* Every file of a folder by name, in order; broken ones are logged and skipped. What is not sealed
 * under the present master key is written again. */
typedef void journal_entry_h(const char *name, json_t *content, void *arg);
void journal_each(const struct journal *journal, const char *folder, journal_entry_h *entryh,
		  void *arg);

/* Writes not finished. */
size_t journal_pending(const struct journal *journal);
