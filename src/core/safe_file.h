/*
 * Files that a server keeps for itself, sealed: PATH.sealed in place of PATH (core/seal_file.h),
 * under its safe and bound to the file's name. A file is written plain, as PATH, and sealed once it
 * is whole. All of these block; a safe may be used by several threads for them. Without a safe
 * (NULL), files stay plain.
 */
#pragma once

#include "core/safe.h"

#include <stdint.h>
#include <sys/types.h>

#define SAFE_FILE_SUFFIX ".sealed"

/* PATH becomes PATH.sealed. Returns 0 or a negative errno, and PATH stays; -ENOENT: it is not
 * there, or was removed meanwhile. */
int safe_file_seal(const struct safe *safe, const char *path);

/*
 * Open for reading: PATH.sealed, or PATH where that is not sealed (yet). Owned by the caller, one
 * thread at a time. Returns 0 or a negative errno: -ENOENT neither is there, -ENOKEY, -EBADMSG as
 * in core/safe.h.
 */
struct safe_file;
int safe_file_open(struct safe_file **ret_file, const struct safe *safe, const char *path);
int64_t safe_file_size(const struct safe_file *file); /* of the content */
/* How many bytes, at most len, 0 at the end, or a negative errno. */
ssize_t safe_file_read(struct safe_file *file, int64_t offset, void *out, size_t len);

/* Both forms, where they are there. */
void safe_file_remove(const char *path);
