/* Digests, HMACs, random bytes, and comparison in constant time (libcrypto). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHA1_LEN = 20, SHA256_LEN = 32 };

void digest_sha1(uint8_t out[SHA1_LEN], const void *data, size_t len);
void digest_sha256(uint8_t out[SHA256_LEN], const void *data, size_t len);
void digest_hmac_sha1(uint8_t out[SHA1_LEN], const void *key, size_t key_len, const void *data,
		      size_t len);
void digest_hmac_sha256(uint8_t out[SHA256_LEN], const void *key, size_t key_len, const void *data,
			size_t len);

/*
 * HMAC-SHA-256 with one key, which is set up once; for one thread. Owned by the caller, mem_unref()
 * wipes it.
 */
struct hmac;
struct hmac *hmac_new(const void *key, size_t key_len);
void hmac_sha256(uint8_t out[SHA256_LEN], struct hmac *hmac, const void *data, size_t len);

/* Equal contents; time depends on the lengths only. */
bool digest_equal(const void *a, size_t a_len, const void *b, size_t b_len);
bool digest_equal_str(const char *a, const char *b); /* NULL is never equal */

/* Cryptographically strong; stops the process when the system has none. */
void random_bytes(void *out, size_t len);
uint64_t random_u64(void);
/* len random lower-case hex digits and a NUL; out has room for len + 1. */
void random_hex(char *out, size_t len);
