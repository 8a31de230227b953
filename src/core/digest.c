#include "core/digest.h"

#include "core/encoding.h"
#include "core/mem.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

void digest_sha1(uint8_t out[SHA1_LEN], const void *data, size_t len)
{
	if (!EVP_Digest(data, len, out, NULL, EVP_sha1(), NULL))
		abort();
}

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

struct hmac {
	EVP_MAC *mac;
	EVP_MAC_CTX *ctx;
};

static void hmac_destroy(void *data)
{
	struct hmac *hmac = data;

	EVP_MAC_CTX_free(hmac->ctx);
	EVP_MAC_free(hmac->mac);
}

struct hmac *hmac_new(const void *key, size_t key_len)
{
	struct hmac *hmac = mem_new(sizeof(*hmac), hmac_destroy);
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {OSSL_PARAM_utf8_string("digest", digest, sizeof(digest) - 1),
				     OSSL_PARAM_END};

	hmac->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	hmac->ctx = hmac->mac ? EVP_MAC_CTX_new(hmac->mac) : NULL;
	if (!hmac->ctx || !EVP_MAC_init(hmac->ctx, key, key_len, params))
		abort();
	return hmac;
}

void hmac_sha256(uint8_t out[SHA256_LEN], struct hmac *hmac, const void *data, size_t len)
{
	size_t got;

	/* Begins again with the same key. */
	if (!EVP_MAC_init(hmac->ctx, NULL, 0, NULL) || !EVP_MAC_update(hmac->ctx, data, len) ||
	    !EVP_MAC_final(hmac->ctx, out, &got, SHA256_LEN))
		abort();
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
