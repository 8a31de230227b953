#include "core/seal.h"

#include "core/buf.h"
#include "core/digest.h"
#include "core/mem.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* The cipher's contexts are kept, as the HMACs are: setting a key up costs more than sealing a
 * short text. */
struct seal_key {
	struct hmac *nonce;
	struct hmac *hash;
	EVP_CIPHER_CTX *encrypt;
	EVP_CIPHER_CTX *decrypt;
};

static void key_destroy(void *data)
{
	struct seal_key *key = data;

	mem_unref(key->nonce);
	mem_unref(key->hash);
	EVP_CIPHER_CTX_free(key->encrypt);
	EVP_CIPHER_CTX_free(key->decrypt);
}

static void derive(uint8_t out[SHA256_LEN], const uint8_t key[SEAL_KEY_LEN], const char *purpose)
{
	digest_hmac_sha256(out, key, SEAL_KEY_LEN, purpose, strlen(purpose));
}

static struct hmac *derive_hmac(const uint8_t key[SEAL_KEY_LEN], const char *purpose)
{
	uint8_t derived[SHA256_LEN];
	struct hmac *hmac;

	derive(derived, key, purpose);
	hmac = hmac_new(derived, sizeof(derived));
	OPENSSL_cleanse(derived, sizeof(derived));
	return hmac;
}

struct seal_key *seal_key_new(const uint8_t bytes[SEAL_KEY_LEN])
{
	struct seal_key *key = mem_new(sizeof(*key), key_destroy);
	uint8_t cipher_key[SHA256_LEN];

	key->nonce = derive_hmac(bytes, "voiceai seal nonce");
	key->hash = derive_hmac(bytes, "voiceai seal hash");
	derive(cipher_key, bytes, "voiceai seal cipher");
	key->encrypt = EVP_CIPHER_CTX_new();
	key->decrypt = EVP_CIPHER_CTX_new();
	if (!key->encrypt || !key->decrypt ||
	    !EVP_EncryptInit_ex(key->encrypt, EVP_aes_256_gcm(), NULL, cipher_key, NULL) ||
	    !EVP_DecryptInit_ex(key->decrypt, EVP_aes_256_gcm(), NULL, cipher_key, NULL))
		abort();
	OPENSSL_cleanse(cipher_key, sizeof(cipher_key));
	return key;
}

static void make_nonce(uint8_t nonce[SEAL_NONCE_LEN], const struct seal_key *key, const char *label,
		       const char *context, const void *data, size_t len)
{
	struct buf auto_buf text = {0};
	uint8_t hash[SHA256_LEN];

	buf_append(&text, label, strlen(label) + 1);
	buf_append(&text, context, strlen(context) + 1);
	buf_append(&text, data, len);
	hmac_sha256(hash, key->nonce, text.data, text.len);
	memcpy(nonce, hash, SEAL_NONCE_LEN);
	OPENSSL_cleanse(text.data, text.len);
}

void seal_bytes(struct buf *out, struct seal_key *key, const char *label, const char *context,
		const void *data, size_t len)
{
	uint8_t nonce[SEAL_NONCE_LEN], tag[SEAL_TAG_LEN];
	auto_free uint8_t *sealed = mem_alloc(len + 1);
	int part, rest;

	make_nonce(nonce, key, label, context, data, len);
	if (!EVP_EncryptInit_ex(key->encrypt, NULL, NULL, NULL, nonce) ||
	    !EVP_EncryptUpdate(key->encrypt, NULL, &part, (const uint8_t *)label,
			       (int)strlen(label)) ||
	    !EVP_EncryptUpdate(key->encrypt, sealed, &part, data, (int)len) ||
	    !EVP_EncryptFinal_ex(key->encrypt, sealed + part, &rest) ||
	    !EVP_CIPHER_CTX_ctrl(key->encrypt, EVP_CTRL_GCM_GET_TAG, SEAL_TAG_LEN, tag))
		abort();
	buf_append(out, nonce, sizeof(nonce));
	buf_append(out, sealed, len);
	buf_append(out, tag, sizeof(tag));
}

int seal_open(size_t *ret_len, struct seal_key *key, const char *label, uint8_t *data, size_t len)
{
	size_t plain = len - SEAL_OVERHEAD;
	int part, rest;

	if (len < SEAL_OVERHEAD || plain > INT32_MAX)
		return -EBADMSG;
	if (!EVP_DecryptInit_ex(key->decrypt, NULL, NULL, NULL, data) ||
	    !EVP_DecryptUpdate(key->decrypt, NULL, &part, (const uint8_t *)label,
			       (int)strlen(label)) ||
	    !EVP_DecryptUpdate(key->decrypt, data + SEAL_NONCE_LEN, &part, data + SEAL_NONCE_LEN,
			       (int)plain) ||
	    !EVP_CIPHER_CTX_ctrl(key->decrypt, EVP_CTRL_GCM_SET_TAG, SEAL_TAG_LEN,
				 data + SEAL_NONCE_LEN + plain) ||
	    !EVP_DecryptFinal_ex(key->decrypt, data + SEAL_NONCE_LEN + part, &rest))
		return -EBADMSG;
	memmove(data, data + SEAL_NONCE_LEN, plain);
	*ret_len = plain;
	return 0;
}

void seal_hash(uint8_t out[32], const struct seal_key *key, const char *purpose, const void *data,
	       size_t len)
{
	struct buf auto_buf text = {0};

	buf_append(&text, purpose, strlen(purpose) + 1);
	buf_append(&text, data, len);
	hmac_sha256(out, key->hash, text.data, text.len);
	OPENSSL_cleanse(text.data, text.len);
}
