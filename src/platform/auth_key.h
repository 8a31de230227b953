/*
 * Credentials as they are written: API keys "vai_PREFIX_SECRET", one-time links and refresh tokens
 * (random words), and the headers that carry them. Only digests of them are kept.
 */
#pragma once

#include "core/digest.h"

#include <stdbool.h>

enum {
	AUTH_KEY_PREFIX_LEN = 12,
	AUTH_KEY_SECRET_LEN = 48,
	AUTH_KEY_SIZE = 4 + AUTH_KEY_PREFIX_LEN + 1 + AUTH_KEY_SECRET_LEN + 1,
	AUTH_WORD_LEN = 48, /* of a refresh token, link or ticket: 192 random bits in hex */
	AUTH_WORD_SIZE = AUTH_WORD_LEN + 1,
	AUTH_HASH_SIZE = 2 * SHA256_LEN + 1,
};

void auth_key_make(char out[AUTH_KEY_SIZE], char prefix[AUTH_KEY_PREFIX_LEN + 1]);

/* Whether it is written like a key; prefix gets the part that is shown. */
bool auth_key_parse(const char *text, char prefix[AUTH_KEY_PREFIX_LEN + 1]);

void auth_word_make(char out[AUTH_WORD_SIZE]);
bool auth_word_is_valid(const char *text);

/* The value of a cookie of that name in a Cookie header (may be NULL); whether there is one. */
bool auth_cookie_read(char out[AUTH_WORD_SIZE], const char *cookies, const char *name);

/* Hex SHA-256: enough for what is random, see auth_password.h for what is not. */
void auth_hash(char out[AUTH_HASH_SIZE], const char *text);

/* What a request shows; the text is the header's. */
enum auth_credential_kind {
	AUTH_CREDENTIAL_NONE,
	AUTH_CREDENTIAL_TOKEN,
	AUTH_CREDENTIAL_KEY,
	AUTH_CREDENTIAL_BAD, /* another scheme, two credentials, nonsense */
};

struct auth_credential {
	enum auth_credential_kind kind;
	const char *text;
};

/* Values of the headers Authorization and X-API-Key; NULL when absent. */
struct auth_credential auth_credential_read(const char *authorization, const char *api_key);
