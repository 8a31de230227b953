#include "platform/call_link.h"

#include "core/digest.h"
#include "core/mem.h"
#include "core/str.h"
#include "platform/principal.h"
#include "platform/vault.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { PROOF_SIZE = 65, MAX_TOKEN = 256, FIELDS = 6 };

static const char *const letters[] = {
#define LINK_SCOPE(id_, letter_, text_) [CALL_LINK_##id_] = (letter_),
	CALL_LINK_SCOPES(LINK_SCOPE)
#undef LINK_SCOPE
};

static char *signed_part(const struct call_link *link)
{
	return mem_printf("%s.%s.%s.%" PRId64 ".%s", link->tenant_id, link->call_id, link->id,
			  link->expires_s, letters[link->scope]);
}

char *call_link_make(const struct call_link *link, struct vault *vault)
{
	auto_free char *part = signed_part(link);
	auto_free char *text = mem_printf("call link %s", part);
	char proof[PROOF_SIZE];

	return vault_prove(proof, vault, link->tenant_id, text) ? NULL
								: mem_printf("%s.%s", part, proof);
}

const char *call_link_letter(enum call_link_scope scope)
{
	return letters[scope];
}

int call_link_scope_parse(enum call_link_scope *ret_scope, const char *letter)
{
	for (size_t i = 0; i < CALL_LINK_SCOPE_COUNT; i++) {
		if (!str_equal(letter, letters[i]))
			continue;
		*ret_scope = (enum call_link_scope)i;
		return 0;
	}
	return -EINVAL;
}

int call_link_parse(struct call_link *ret_link, const char *token)
{
	char copy[MAX_TOKEN], *rest = copy, *fields[FIELDS];
	struct call_link link = {0};

	if (!str_copy(copy, sizeof(copy), token))
		return -EBADMSG;
	for (size_t i = 0; i < FIELDS; i++) {
		fields[i] = strsep(&rest, ".");
		if (!fields[i])
			return -EBADMSG;
	}
	if (rest || !tenant_id_is_valid(fields[0]) ||
	    !str_copy(link.tenant_id, sizeof(link.tenant_id), fields[0]) ||
	    !uuid_is_valid(fields[1]) || !str_copy(link.call_id, sizeof(link.call_id), fields[1]) ||
	    !uuid_is_valid(fields[2]) || !str_copy(link.id, sizeof(link.id), fields[2]) ||
	    str_parse_int(&link.expires_s, fields[3], 1, INT64_MAX / 1000000) ||
	    call_link_scope_parse(&link.scope, fields[4]) || strlen(fields[5]) != PROOF_SIZE - 1)
		return -EBADMSG;
	*ret_link = link;
	return 0;
}

bool call_link_is_signed(const struct call_link *link, const char *token, struct vault *vault)
{
	auto_free char *right = call_link_make(link, vault);

	return digest_equal_str(right, token);
}
