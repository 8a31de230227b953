#include "platform/invitation.h"

#include "core/clock.h"
#include "core/mem.h"
#include "core/str.h"
#include "platform/audit.h"
#include "platform/store/user.h"

#include <stdio.h>

void invitation_make(struct invitation *ret_invitation, const char *base_url)
{
	uuid_new(ret_invitation->id);
	auth_word_make(ret_invitation->word);
	auth_hash(ret_invitation->hash, ret_invitation->word);
	snprintf(ret_invitation->link, sizeof(ret_invitation->link), "%s/#invite=%s", base_url,
		 ret_invitation->word);
	ret_invitation->expires_at = clock_wall_us() + INVITATION_TTL_S * 1000000ll;
}

void invitation_add(struct batch *batch, const struct invitation *invitation,
		    const struct invitation_params *params)
{
	auto_json json_t *detail = json_object();
	auto_free char *text = NULL;
	struct store_invitation row = {
		.tenant_id = params->tenant_id,
		.id = invitation->id,
		.token_hash = invitation->hash,
		.kind = params->kind,
		.email = params->email,
		.role = role_name(params->role),
		.invited_by = params->by->user_id,
		.created_at = clock_wall_us(),
		.expires_at = invitation->expires_at,
	};

	json_set_str(detail, "kind", params->kind);
	json_set_str(detail, "role", row.role);
	text = json_text(detail);
	store_invitation_insert(batch, &row);
	audit_add_for(batch, params->tenant_id, params->by, "invitation.create", "invitation",
		      invitation->id, text);
}

json_t *invitation_view(const struct invitation *invitation, const char *email, enum role role)
{
	json_t *view = json_object();

	json_set_str(view, "id", invitation->id);
	json_set_str(view, "email", email);
	json_set_str(view, "role", role_name(role));
	json_set_str(view, "link", invitation->link);
	json_set_time(view, "expires_at", invitation->expires_at);
	return view;
}
