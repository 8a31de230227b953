#include "core/digest.h"

#include "core/encoding.h"
#include "core/mem.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

void digest_sha256(uint8_t out[SHA256_LEN], const void *data, size_t len)
{
	if (!EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL))
		abort();
}

static void hmac(const EVP_MD *md, uint8_t *out, const void *key, size_t key_len, const void *data,
		 size_t len)
{
	/* OpenSSL takes a NULL key to mean "the one before". */
	if (!HMAC(md, key_len ? key : "", (int)key_len, data, len, out, NULL))
		abort();
}

void digest_hmac_sha1(uint8_t out[SHA1_LEN], const void *key, size_t key_len, const void *data,
		      size_t len)
{
	hmac(EVP_sha1(), out, key, key_len, data, len);
}

void digest_hmac_sha256(uint8_t out[SHA256_LEN], const void *key, size_t key_len, const void *data,
			size_t len)
{
	hmac(EVP_sha256(), out, key, key_len, data, len);
}

bool digest_equal(const void *a, size_t a_len, const void *b, size_t b_len)
{
	return a_len == b_len && CRYPTO_memcmp(a, b, a_len) == 0;
}

bool digest_equal_str(const char *a, const char *b)
{
	return a && b && digest_equal(a, strlen(a), b, strlen(b));
}

void random_bytes(void *out, size_t len)
{
	if (RAND_bytes(out, (int)len) != 1)
		abort();
}

uint64_t random_u64(void)
{
	uint64_t value;

	random_bytes(&value, sizeof(value));
	return value;
}

void random_hex(char *out, size_t len)
{
	size_t bytes = (len + 1) / 2;
	auto_free uint8_t *raw = mem_alloc(bytes);
	auto_free char *text = mem_alloc(2 * bytes + 1);

	random_bytes(raw, bytes);
	hex_encode(text, raw, bytes);
	memcpy(out, text, len);
	out[len] = '\0';
}
