/*
 * What a server keeps in files of its own, sealed: texts under a key made from the master key and a
 * purpose, so that what one server has sealed another does not open. A sealed text is one line and
 * names its master key.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct safe;
struct settings;

/*
 * With the master keys that the settings name; blocks. Owned by the caller, one thread at a time.
 * Returns 0 or a negative errno with error (room for 256), see master_keys_load().
 */
int safe_open(struct safe **ret_safe, const struct settings *settings, const char *purpose,
	      char error[256]);

/* Append the sealed text. */
void safe_seal(struct safe *safe, const char *text, size_t len, struct buf *out);

/*
 * Append what was sealed; a text that is not is of before there was sealing, and is appended as it
 * is. Returns 0, -ENOKEY (it is under a master key that is not ours) or -EBADMSG (it was changed).
 */
int safe_unseal(struct safe *safe, const char *text, size_t len, struct buf *out);

/* Sealed under the master key that seals now. */
bool safe_is_current(const struct safe *safe, const char *text, size_t len);
