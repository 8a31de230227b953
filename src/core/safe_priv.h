/* What a safe gives to its files (safe_file.c); any thread. */
#pragma once

#include "core/safe.h"
#include "core/seal_file.h"

void safe_file_key_new(const struct safe *safe, struct seal_file *ret_seal, const char *name);
/* Returns 0 or -ENOKEY. */
int safe_file_key_find(const struct safe *safe, struct seal_file *seal, const char *name);
