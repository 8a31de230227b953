/*
 * Passwords: argon2id (libsodium, 64 MiB, two passes). Hashing takes a good part of a tenth of a
 * second on purpose: on a strand, never on the loop.
 */
#pragma once

#include <stdbool.h>

enum {
	AUTH_PASSWORD_SIZE = 128, /* of a hash, with its NUL */
	AUTH_PASSWORD_MIN = 10,   /* bytes of a password */
	AUTH_PASSWORD_MAX = 256,
};

/* Stops the process when there is no memory for it. */
void auth_password_hash(char out[AUTH_PASSWORD_SIZE], const char *password);

/*
 * Whether the password is the one hashed. hash NULL (nobody has that name) is never right and
 * takes the same time.
 */
bool auth_password_matches(const char *hash, const char *password);

/* Made with less effort than today's: hash it again at the next chance. */
bool auth_password_is_weak(const char *hash);

/*
 * Why a new password is not good enough, a sentence for its user; NULL when it is. Length is what
 * counts (NIST SP 800-63B, 5.1.1.2): there are no rules about characters.
 */
const char *auth_password_objection(const char *password, const char *email);
