#include "platform/auth_password.h"

#include "core/mem.h"
#include "core/str.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(AUTH_PASSWORD_SIZE >= crypto_pwhash_argon2id_STRBYTES, "room for a hash");

enum { PASSES = crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE };
static const size_t memory_bytes = crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE;

/* What a password of nobody is compared with. */
static char nobodys[AUTH_PASSWORD_SIZE];

static void hash(char out[AUTH_PASSWORD_SIZE], const char *password)
{
	memset(out, 0, AUTH_PASSWORD_SIZE);
	if (!crypto_pwhash_str_alg(out, password, strlen(password), PASSES, memory_bytes,
				   crypto_pwhash_ALG_ARGON2ID13))
		return;
	fprintf(stderr, "voiceai: no memory to hash a password\n");
	abort();
}

static void start(void)
{
	char random[33];

	if (sodium_init() < 0)
		abort();
	randombytes_buf(random, sizeof(random));
	random[sizeof(random) - 1] = '\0';
	hash(nobodys, random);
}

static void start_once(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start);
}

void auth_password_hash(char out[AUTH_PASSWORD_SIZE], const char *password)
{
	start_once();
	hash(out, password);
}

bool auth_password_matches(const char *hash_of, const char *password)
{
	bool right;

	start_once();
	right = !crypto_pwhash_str_verify(hash_of ? hash_of : nobodys, password, strlen(password));
	return hash_of && right;
}

bool auth_password_is_weak(const char *hash_of)
{
	start_once();
	return crypto_pwhash_str_needs_rehash(hash_of, PASSES, memory_bytes) != 0;
}

const char *auth_password_objection(const char *password, const char *email)
{
	size_t len = strlen(password), name_len = strcspn(email, "@");
	bool one = true;

	if (len < AUTH_PASSWORD_MIN)
		return "A password has at least 10 characters.";
	if (len > AUTH_PASSWORD_MAX)
		return "A password has at most 256 characters.";
	if (!str_is_utf8(password, len))
		return "A password is UTF-8.";
	for (size_t i = 1; i < len; i++)
		one = one && password[i] == password[0];
	if (one || str_equal_nocase(password, email) ||
	    (len == name_len && !strncasecmp(password, email, len)))
		return "This password is too easy to guess.";
	return NULL;
}
