/*
 * The keys that what people said and their numbers are sealed under (docs/sealing.md).
 *
 * Each tenant has data keys of its own, made when something of it is first stored, and kept in
 * table data_key, wrapped by the master key. Values know by which key they were sealed, so several
 * are in use while a new one takes over. The vault sits between the platform and its database
 * (struct db_vault): nobody else sees a key or a sealed value.
 */
#pragma once

#include "core/master_key.h"

#include <stddef.h>
#include <stdint.h>

struct db;
struct loop;
struct seal_file;
struct settings;
struct vault;

/*
 * Put a vault before db. Runs the loop until the keys of the default tenant are there, 10 s at
 * most: before anything else is on the loop. ret_vault: owned by the caller, mem_unref() before the
 * database. Returns 0, -EACCES (the store is sealed under another master key) or a negative errno,
 * with error (room for 256).
 */
int vault_open(struct vault **ret_vault, struct loop *loop, struct db *db,
	       const struct master_keys *masters, char error[256]);

/* The same with the master keys that the settings name. */
int vault_attach(struct vault **ret_vault, struct loop *loop, struct db *db,
		 const struct settings *settings, char error[256]);

/*
 * A new key for the tenant, used for what is sealed from now on here, and within a minute by every
 * other process. What is sealed already stays readable.
 */
typedef void vault_done_h(int err, int64_t count, void *arg);
void vault_rotate(struct vault *vault, const char *tenant_id, vault_done_h *doneh, void *arg);

/* Wrap every data key under the first of the master keys; count: those that were not. */
void vault_rewrap(struct vault *vault, vault_done_h *doneh, void *arg);

/* Have the tenant's keys, all there are now, in memory; made where there are none. count: 0. */
void vault_refresh(struct vault *vault, const char *tenant_id, vault_done_h *doneh, void *arg);
/* Whoever waits in vault_refresh() with this arg is told nothing. */
void vault_cancel(struct vault *vault, const void *arg);

/*
 * For what was read as it is stored, after vault_refresh(). vault_reseal(): the value under the
 * tenant's newest key; NULL when it is so already, or cannot be opened. vault_open_stored(): its
 * plaintext, or a copy when it is not sealed. Owned by the caller.
 */
char *vault_reseal(struct vault *vault, const char *tenant_id, const char *context,
		   const char *stored);
char *vault_open_stored(struct vault *vault, const char *stored);

/* A keyed hash that only this tenant's vault can make: hex, 64 digits and a NUL. After
 * vault_refresh(); -ENOKEY otherwise. */
int vault_prove(char out[65], struct vault *vault, const char *tenant_id, const char *text);

/*
 * Sealed files of the tenant (core/seal_file.h); of: what a file is of, such as a call's id.
 * vault_file_new(): one to be written, under the tenant's newest key. vault_file_open(): one whose
 * header was parsed gets its key. Return 0 or -ENOKEY: no such key of the tenant is in memory; ask
 * again after vault_refresh().
 */
int vault_file_new(struct seal_file *ret_file, struct vault *vault, const char *tenant_id,
		   const char *of);
int vault_file_open(struct seal_file *file, struct vault *vault, const char *tenant_id,
		    const char *of);
