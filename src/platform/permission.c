#include "platform/permission.h"

#include "core/mem.h"
#include "core/str.h"

#include <errno.h>

static const char *const role_names[] = {
#define ROLE(id_, name_) [ROLE_##id_] = name_,
	ROLES(ROLE)
#undef ROLE
};

static const struct {
	const char *name;
	enum role least;
} permissions[] = {
#define PERMISSION(id_, name_, role_) [PERM_##id_] = {name_, ROLE_##role_},
	PERMISSIONS(PERMISSION)
#undef PERMISSION
};

const char *role_name(enum role role)
{
	return role_names[role];
}

int role_parse(enum role *ret_role, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(role_names); i++) {
		if (!str_equal(role_names[i], name))
			continue;
		*ret_role = (enum role)i;
		return 0;
	}
	return -EINVAL;
}

const char *permission_name(enum permission permission)
{
	return permissions[permission].name;
}

int permission_parse(enum permission *ret_permission, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(permissions); i++) {
		if (!str_equal(permissions[i].name, name))
			continue;
		*ret_permission = (enum permission)i;
		return 0;
	}
	return -EINVAL;
}

enum role permission_least_role(enum permission permission)
{
	return permissions[permission].least;
}

permission_set role_permissions(enum role role)
{
	permission_set set = 0;

	for (size_t i = 0; i < ARRAY_LEN(permissions); i++)
		if (permissions[i].least <= role)
			set |= (permission_set)1 << i;
	return set;
}
