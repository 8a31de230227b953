/*
 * What a request shows of who sends it: Authorization and X-API-Key, tokens, keys, cookies, of any
 * text. The first byte says which, the rest is the text. Nothing that was not signed passes.
 */
#include "platform/auth_key.h"
#include "platform/auth_token.h"

#include "core/mem.h"
#include "core/str.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char secret[] = "0123456789abcdef0123456789abcdef";

static void check_credential(const struct auth_credential credential)
{
	char prefix[AUTH_KEY_PREFIX_LEN + 1];
	struct auth_claims claims;

	if (credential.kind == AUTH_CREDENTIAL_KEY &&
	    (!auth_key_parse(credential.text, prefix) || strlen(prefix) != AUTH_KEY_PREFIX_LEN))
		abort();
	if (credential.kind == AUTH_CREDENTIAL_TOKEN &&
	    !auth_token_verify(&claims, credential.text, secret))
		abort(); /* nobody has made one */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text =
		size ? mem_strndup((const char *)data + 1, size - 1) : mem_strdup("");
	char word[AUTH_WORD_SIZE];

	switch (size ? data[0] % 4 : 0) {
	case 0:
		check_credential(auth_credential_read(text, NULL));
		break;
	case 1:
		check_credential(auth_credential_read(NULL, text));
		break;
	case 2:
		check_credential(auth_credential_read(text, text));
		break;
	default:
		if (auth_cookie_read(word, text, "voiceai_refresh") && !auth_word_is_valid(word))
			abort();
	}
	return 0;
}
