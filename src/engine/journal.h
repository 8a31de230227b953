/*
 * Small files that survive a crash: written beside, synced, renamed; in the order asked for, away
 * from the loop. What is in memory is the truth while the process lives, the files are for the
 * next.
 */
#pragma once

#include "core/json.h"

#include <stdbool.h>
#include <stddef.h>

struct journal;
struct loop;
struct work_pool;

/* Owned by the caller. dir is created (mode 0700) when missing. Returns 0 or a negative errno. */
int journal_open(struct journal **ret_journal, struct work_pool *pool, const char *dir);

/* err 0, or a negative errno. On the loop. */
typedef void journal_done_h(int err, void *arg);

/*
 * Replace folder/name.json. doneh may be NULL. After the journal was released pending writes still
 * happen, without doneh.
 */
void journal_write(struct journal *journal, const char *folder, const char *name,
		   const json_t *content, journal_done_h *doneh, void *arg);
void journal_remove(struct journal *journal, const char *folder, const char *name);

/* Read one now; NULL when it is missing or broken. Owned by the caller. */
json_t *journal_read(const struct journal *journal, const char *folder, const char *name);

/* Every file of a folder by name, in order; broken ones are logged and skipped. */
typedef void journal_entry_h(const char *name, json_t *content, void *arg);
void journal_each(const struct journal *journal, const char *folder, journal_entry_h *entryh,
		  void *arg);

/* Writes not finished. */
size_t journal_pending(const struct journal *journal);
