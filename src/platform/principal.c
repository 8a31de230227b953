#include "platform/principal.h"

#include "core/mem.h"
#include "core/str.h"
#include "platform/store/store.h"

static const char *const kind_names[] = {
#define PRINCIPAL(id_, name_) [PRINCIPAL_##id_] = name_,
	PRINCIPALS(PRINCIPAL)
#undef PRINCIPAL
};

struct principal *principal_new(enum principal_kind kind, const char *tenant_id, const char *id,
				enum role role, const char *remote)
{
	struct principal *principal = mem_new(sizeof(*principal), NULL);

	principal->kind = kind;
	str_copy(principal->tenant_id, sizeof(principal->tenant_id), tenant_id);
	str_copy(principal->id, sizeof(principal->id), id ? id : "");
	if (kind == PRINCIPAL_USER)
		str_copy(principal->user_id, sizeof(principal->user_id), principal->id);
	principal->role = role;
	principal->permissions = role_permissions(role);
	str_copy(principal->remote, sizeof(principal->remote), remote ? remote : "");
	return principal;
}

struct principal *principal_at(const struct principal *principal, const char *remote)
{
	struct principal *copy = mem_new(sizeof(*copy), NULL);

	*copy = *principal;
	str_copy(copy->remote, sizeof(copy->remote), remote);
	return copy;
}

const char *principal_kind_name(enum principal_kind kind)
{
	return kind_names[kind];
}

bool tenant_id_is_valid(const char *text)
{
	return text && (str_equal(text, STORE_TENANT) || uuid_is_valid(text));
}
