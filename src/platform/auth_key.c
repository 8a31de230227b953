#include "platform/auth_key.h"

#include "core/encoding.h"
#include "core/str.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char mark[] = "vai_";

static bool is_hex(const char *text, size_t len)
{
	return strspn(text, "0123456789abcdef") >= len;
}

void auth_key_make(char out[AUTH_KEY_SIZE], char prefix[AUTH_KEY_PREFIX_LEN + 1])
{
	char secret[AUTH_KEY_SECRET_LEN + 1];

	random_hex(prefix, AUTH_KEY_PREFIX_LEN);
	random_hex(secret, AUTH_KEY_SECRET_LEN);
	snprintf(out, AUTH_KEY_SIZE, "%s%s_%s", mark, prefix, secret);
}

bool auth_key_parse(const char *text, char prefix[AUTH_KEY_PREFIX_LEN + 1])
{
	const char *after = text + strlen(mark);

	if (strlen(text) != AUTH_KEY_SIZE - 1 || !str_has_prefix(text, mark) ||
	    !is_hex(after, AUTH_KEY_PREFIX_LEN) || after[AUTH_KEY_PREFIX_LEN] != '_' ||
	    !is_hex(after + AUTH_KEY_PREFIX_LEN + 1, AUTH_KEY_SECRET_LEN))
		return false;
	memcpy(prefix, after, AUTH_KEY_PREFIX_LEN);
	prefix[AUTH_KEY_PREFIX_LEN] = '\0';
	return true;
}

void auth_word_make(char out[AUTH_WORD_SIZE])
{
	random_hex(out, AUTH_WORD_LEN);
}

bool auth_word_is_valid(const char *text)
{
	return text && strlen(text) == AUTH_WORD_LEN && is_hex(text, AUTH_WORD_LEN);
}

bool auth_cookie_read(char out[AUTH_WORD_SIZE], const char *cookies, const char *name)
{
	size_t name_len = strlen(name), len;

	for (const char *c = cookies; c && *c; c += len) {
		c += strspn(c, "; ");
		len = strcspn(c, ";");
		if (len != name_len + 1 + AUTH_WORD_LEN || strncmp(c, name, name_len) != 0 ||
		    c[name_len] != '=')
			continue;
		memcpy(out, c + name_len + 1, AUTH_WORD_LEN);
		out[AUTH_WORD_LEN] = '\0';
		return auth_word_is_valid(out);
	}
	return false;
}

void auth_hash(char out[AUTH_HASH_SIZE], const char *text)
{
	uint8_t digest[SHA256_LEN];

	digest_sha256(digest, text, strlen(text));
	hex_encode(out, digest, sizeof(digest));
}

static struct auth_credential of_text(const char *text)
{
	char prefix[AUTH_KEY_PREFIX_LEN + 1];

	if (!str_has_prefix(text, mark))
		return (struct auth_credential){AUTH_CREDENTIAL_TOKEN, text};
	if (auth_key_parse(text, prefix))
		return (struct auth_credential){AUTH_CREDENTIAL_KEY, text};
	return (struct auth_credential){AUTH_CREDENTIAL_BAD, text};
}

struct auth_credential auth_credential_read(const char *authorization, const char *api_key)
{
	static const char scheme[] = "Bearer ";
	struct auth_credential bad = {AUTH_CREDENTIAL_BAD, ""};

	if (authorization && api_key)
		return bad;
	if (api_key) {
		struct auth_credential key = of_text(api_key);

		return key.kind == AUTH_CREDENTIAL_KEY ? key : bad;
	}
	if (!authorization)
		return (struct auth_credential){AUTH_CREDENTIAL_NONE, ""};
	/* The scheme is in any case (RFC 9110, 11.1). */
	if (strncasecmp(authorization, scheme, strlen(scheme)) != 0)
		return bad;
	return of_text(authorization + strlen(scheme));
}
