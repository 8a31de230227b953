/* Folders with files that have had their time. */
#pragma once

#include <stdint.h>

/*
 * Remove the regular files in path, not in folders below it, that were last written before a time
 * (clock_wall_us()). Blocks. Returns how many, or a negative errno; -ENOENT: no such folder.
 */
int folder_expire(const char *path, int64_t before_us);
