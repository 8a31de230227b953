/*
 * Protects how passwords are kept: hashed with argon2id and a salt of their own, told apart, hashed
 * again when it was done with less effort, and not taken when they are easy to guess.
 */
#include "platform/auth_password.h"

#include "core/mem.h"
#include "core/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PASSWORD "correct horse battery"

static void passwords_are_hashed_and_judged(void **state)
{
	char hash[AUTH_PASSWORD_SIZE], again[AUTH_PASSWORD_SIZE];
	char *auto_free long_one = mem_alloc(AUTH_PASSWORD_MAX + 2);

	auth_password_hash(hash, PASSWORD);
	auth_password_hash(again, PASSWORD);
	assert_true(str_has_prefix(hash, "$argon2id$"));
	assert_string_not_equal(hash, again);
	assert_true(auth_password_matches(hash, PASSWORD));
	assert_false(auth_password_matches(hash, PASSWORD " "));
	assert_false(auth_password_matches(NULL, PASSWORD));
	assert_false(auth_password_is_weak(hash));
	assert_true(auth_password_is_weak("$argon2id$v=19$m=1024,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$"
					  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
	memset(long_one, 'x', AUTH_PASSWORD_MAX + 1);
	assert_non_null(auth_password_objection("ninechars", "a@example.com"));
	assert_non_null(auth_password_objection(long_one, "a@example.com"));
	assert_non_null(auth_password_objection("aaaaaaaaaaaa", "a@example.com"));
	assert_non_null(auth_password_objection("Long.Name.Here", "long.name.here@example.com"));
	assert_null(auth_password_objection(PASSWORD, "a@example.com"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(passwords_are_hashed_and_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
