/*
 * Sealed bytes: AES-256-GCM (NIST SP 800-38D), nobody without the key can read or change them.
 *
 * The nonce is made from the plaintext and its context by a keyed hash, so that none can ever come
 * twice for different contents, and the same value in the same place always looks the same: a
 * statement may compare. A context is the place (such as the id of a row): equal texts in two
 * places look different.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buf;
struct seal_key;

enum { SEAL_KEY_LEN = 32, SEAL_NONCE_LEN = 12, SEAL_TAG_LEN = 16 };
enum { SEAL_OVERHEAD = SEAL_NONCE_LEN + SEAL_TAG_LEN };

/* Owned by the caller, mem_unref() also wipes it. One thread at a time. */
struct seal_key *seal_key_new(const uint8_t bytes[SEAL_KEY_LEN]);

/*
 * Append nonce, ciphertext and tag: len + SEAL_OVERHEAD bytes. label is authenticated but not
 * stored: seal_open() has to be given the same.
 */
void seal_bytes(struct buf *out, struct seal_key *key, const char *label, const char *context,
		const void *data, size_t len);

/*
 * Open in place what seal_bytes() made: the plaintext is at data afterwards, *ret_len bytes.
 * Returns 0, or -EBADMSG (not made with this key and label, or changed since); data is garbage
 * then.
 */
int seal_open(size_t *ret_len, struct seal_key *key, const char *label, uint8_t *data, size_t len);

/* A keyed hash for looking sealed values up; differs from everything else the key is used for. */
void seal_hash(uint8_t out[32], const struct seal_key *key, const char *purpose, const void *data,
	       size_t len);
