/*
 * The master key: 32 bytes, as 64 hex digits or as base64, from MASTER_KEY, MASTER_KEY_FILE, the
 * output of MASTER_KEY_COMMAND, or, when none is set, DATA_DIR/master.key, which is made at the
 * first start.
 */
#pragma once

#include "core/seal.h"

struct settings;

enum { MASTER_KEY_ID_SIZE = 17, MASTER_KEY_MAX = 2 };

struct master_key {
	char id[MASTER_KEY_ID_SIZE]; /* tells keys apart, reveals nothing */
	struct seal_key *key;
};

/* The one that wraps, then MASTER_KEY_ALSO, which only opens. */
struct master_keys {
	struct master_key keys[MASTER_KEY_MAX];
	size_t count;
};

/* Blocks (a file, a command of at most 10 s). error has room for 256 and never holds a key. */
int master_keys_load(struct master_keys *ret_keys, const struct settings *settings,
		     char error[256]);
void master_keys_free(struct master_keys *keys);
#define auto_master_keys __attribute__((cleanup(master_keys_free)))

/* From text; returns 0 or -EINVAL. */
int master_key_parse(struct master_key *ret_key, const char *text);
