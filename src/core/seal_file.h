/*
 * Sealed files: a header, then pieces of SEAL_FILE_PIECE bytes, each sealed by itself with
 * AES-256-GCM, so that any part can be read without the rest. A piece knows its place and whether
 * it is the last: pieces cannot be exchanged, left out or cut off unnoticed. Each file has a key of
 * its own, made from a tenant's key and the salt in the header.
 *
 * header: "voiceai sealed 1", the id of the tenant's key (8 bytes), the salt (16 bytes)
 *
 * seal_file_write() blocks: it runs on a worker.
 */
#pragma once

#include "core/seal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SEAL_FILE_PIECE = 65536,
	SEAL_FILE_KEY_ID = 8,
	SEAL_FILE_SALT = 16,
	SEAL_FILE_HEADER = 16 + SEAL_FILE_KEY_ID + SEAL_FILE_SALT,
};

struct seal_file {
	uint8_t key_id[SEAL_FILE_KEY_ID];
	uint8_t salt[SEAL_FILE_SALT];
	uint8_t key[SEAL_KEY_LEN]; /* of this file; see seal_file_set_key() */
};

/* A new salt, and the file's key. key_id says which key that is; context as below. */
void seal_file_new(struct seal_file *ret_file, const struct seal_key *key,
		   const uint8_t key_id[SEAL_FILE_KEY_ID], const char *context);
/* From the first SEAL_FILE_HEADER bytes. Returns 0 or -EBADMSG: no sealed file. */
int seal_file_parse(struct seal_file *ret_file, const uint8_t header[SEAL_FILE_HEADER]);
/*
 * Once the key of that id was found. context: what the file is of, such as the id of a call; one
 * put in the place of another does not open.
 */
void seal_file_set_key(struct seal_file *file, const struct seal_key *key, const char *context);
void seal_file_wipe(struct seal_file *file);

/* Seal from_path into to_path, which is made, 0600, and synced. Returns 0 or a negative errno. */
int seal_file_write(const struct seal_file *file, const char *from_path, const char *to_path);

/* How long the content is, from the length of the sealed file; -EBADMSG: no such length. */
int64_t seal_file_plain_size(int64_t sealed_size);

/* The bytes of a sealed file, whole pieces, that hold a part of its content. */
struct seal_file_range {
	int64_t offset; /* where to read in the sealed file */
	size_t len;     /* how much; 0: the part is empty */
	int64_t plain_size;
	size_t skip; /* where in what is opened the part begins */
	size_t want; /* how long it is */
};

/* Of len bytes of the content from offset (not negative), or those of them that there are. */
struct seal_file_range seal_file_range(int64_t plain_size, int64_t offset, size_t len);

/*
 * Open the bytes of such a range. out has room for range->len bytes; the part is in it, from
 * range->skip on. Returns 0, or -EBADMSG when the file was changed or is another's.
 */
int seal_file_open(const struct seal_file *file, const struct seal_file_range *range,
		   const void *sealed, uint8_t *out);
