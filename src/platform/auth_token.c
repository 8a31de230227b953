#include "platform/auth_token.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"
#include "platform/principal.h"

#include <errno.h>
#include <jwt.h>
#include <stdlib.h>
#include <string.h>

static const char issuer[] = "voiceai";

static void jwt_scope(jwt_t **jwt)
{
	jwt_free(*jwt);
}
#define auto_jwt __attribute__((cleanup(jwt_scope)))

char *auth_token_make(struct auth_claims *claims, const char *secret)
{
	auto_jwt jwt_t *jwt = NULL;
	char id[UUID_SIZE], *text, *token;

	claims->issued_s = clock_wall_us() / 1000000;
	claims->expires_s = claims->issued_s + AUTH_TOKEN_TTL_S;
	uuid_new(id);
	if (jwt_new(&jwt) ||
	    jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)secret, (int)strlen(secret)) ||
	    jwt_add_grant(jwt, "iss", issuer) || jwt_add_grant(jwt, "sub", claims->user_id) ||
	    jwt_add_grant(jwt, "tenant", claims->tenant_id) ||
	    jwt_add_grant(jwt, "sid", claims->sign_in_id) ||
	    jwt_add_grant(jwt, "role", role_name(claims->role)) || jwt_add_grant(jwt, "jti", id) ||
	    jwt_add_grant_int(jwt, "iat", claims->issued_s) ||
	    jwt_add_grant_int(jwt, "exp", claims->expires_s))
		abort();
	text = jwt_encode_str(jwt);
	if (!text)
		abort();
	token = mem_strdup(text);
	free(text); /* of the library: by malloc() */
	return token;
}

/* base64url and two dots: what is nothing like a token does not reach the library. */
static bool looks_like_token(const char *token)
{
	size_t len = strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789-_.");
	size_t dots = 0;

	if (token[len] || len > AUTH_TOKEN_MAX)
		return false;
	for (const char *c = token; *c; c++)
		dots += *c == '.';
	return dots == 2;
}

static bool take_id(char out[UUID_SIZE], jwt_t *jwt, const char *name,
		    bool (*is_valid)(const char *))
{
	const char *text = jwt_get_grant(jwt, name);

	return text && is_valid(text) && str_copy(out, UUID_SIZE, text);
}

static bool take_claims(struct auth_claims *claims, jwt_t *jwt)
{
	claims->issued_s = jwt_get_grant_int(jwt, "iat");
	claims->expires_s = jwt_get_grant_int(jwt, "exp");
	return str_equal(jwt_get_grant(jwt, "iss"), issuer) &&
	       take_id(claims->user_id, jwt, "sub", uuid_is_valid) &&
	       take_id(claims->tenant_id, jwt, "tenant", tenant_id_is_valid) &&
	       take_id(claims->sign_in_id, jwt, "sid", uuid_is_valid) &&
	       !role_parse(&claims->role, jwt_get_grant(jwt, "role"));
}

int auth_token_verify(struct auth_claims *ret_claims, const char *token, const char *secret)
{
	auto_jwt jwt_t *jwt = NULL;
	struct auth_claims claims = {0};

	if (!looks_like_token(token) ||
	    jwt_decode(&jwt, token, (const unsigned char *)secret, (int)strlen(secret)))
		return -EACCES;
	/* A header that names another algorithm, or none, is not one of ours (RFC 8725, 3.1). */
	if (jwt_get_alg(jwt) != JWT_ALG_HS256 || !take_claims(&claims, jwt))
		return -EACCES;
	if (claims.expires_s <= clock_wall_us() / 1000000)
		return -ETIMEDOUT;
	*ret_claims = claims;
	return 0;
}
