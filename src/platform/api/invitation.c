/*
 * Invitations: one-time links that make somebody a member of a tenant, or let them choose a new
 * password.
 *
 *	POST /api/v1/auth/invitation	public: what a link is for
 *	POST /api/v1/auth/accept	public: use it, and be signed in
 *	POST /api/v1/users/invite	a new one; the answer holds the link, once
 *	GET  /api/v1/users/invitations; DELETE /users/invitations/{id}
 */
#include "platform/invitation.h"

#include "core/clock.h"
#include "core/json_writer.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/http_server.h"
#include "platform/api/access.h"
#include "platform/api/body.h"
#include "platform/api/guard.h"
#include "platform/api/query.h"
#include "platform/api/signing.h"
#include "platform/audit.h"
#include "platform/auth.h"
#include "platform/store/user.h"

#include <errno.h>

/* ---- what is it for? ---- */

static void view_found(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct signing *signing = arg;
	auto_json json_t *answer = NULL;

	if (err) {
		signing_fail(signing, err);
		return;
	}
	if (!db_rows(results[0])) {
		signing_refuse(signing, API_INVITATION_NOT_FOUND);
		return;
	}
	answer = json_object();
	json_set_str(answer, "kind", db_get_text(results[0], 0, 2));
	json_set_str(answer, "email", db_get_text(results[0], 0, 3));
	json_set_str(answer, "role", db_get_text(results[0], 0, 4));
	json_set_str(answer, "tenant_name", db_get_text(results[0], 0, 5));
	json_set_bool(answer, "has_account", db_rows(results[1]) > 0);
	http_reply_json(signing->task.req, 200, answer);
	signing_end(signing);
}

/* False after answering. */
static bool take_word(struct http_request *req, const json_t *body, const char **ret_word)
{
	if (!body || !body_text(req, body, "token", 256, ret_word))
		return false;
	if (auth_word_is_valid(*ret_word))
		return true;
	api_fail(req, API_INVITATION_NOT_FOUND, NULL, NULL);
	return false;
}

static void view(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"token"};
	auto_json json_t *body = body_object(req, fields, ARRAY_LEN(fields), false);
	struct batch batch auto_batch = {0};
	struct signing *signing;
	const char *word = NULL;

	if (!take_word(req, body, &word))
		return;
	signing = signing_new(arg, req, json_incref(body));
	auth_hash(signing->token_hash, word);
	store_invitation_find(&batch, signing->token_hash, clock_wall_us());
	store_user_by_invitation(&batch, signing->token_hash);
	signing_run(signing, &batch, view_found);
}

/* ---- accepting ---- */

static void accepted(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct signing *signing = arg;

	if (err == -EAGAIN || err == -EEXIST) {
		/* Used a moment ago, or the account was made by another link. */
		signing_refuse(signing, API_INVITATION_NOT_FOUND);
	} else if (err) {
		signing_fail(signing, err);
	} else {
		auth_changed(signing->task.platform->api.auth);
		signing_answer(signing);
	}
}

static void store_accepted(struct signing *signing)
{
	struct batch batch auto_batch = {0};
	const char *tenant = signing->task.tenant_id;
	int64_t now = clock_wall_us();
	struct store_user user = {
		.id = signing->user_id,
		.email = signing->email,
		.name = signing->name,
		.password = signing->hash,
		.at = now,
	};

	store_invitation_use(&batch, signing->token_hash, now);
	if (signing->is_nameless)
		store_invitation_delete_nameless(&batch, tenant);
	if (!signing->is_known)
		store_user_insert(&batch, &user);
	if (signing->is_reset)
		store_sign_in_end_all(&batch, NULL, signing->user_id, NULL, now, "password");
	else
		store_member_put(&batch, tenant, signing->user_id, role_name(signing->role), now);
	signing_add(signing, &batch, signing->is_reset ? "user.reset_password" : "user.join");
	signing_run(signing, &batch, accepted);
}

/* What the link says, and whether there is an account, decide what has to be shown. */
static void accept_found(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct signing *signing = arg;
	const char *password = json_get_str(signing->body, "password", "");
	const char *email, *objection = NULL;
	const struct db_result *row = err ? NULL : results[0];

	if (err) {
		signing_fail(signing, err);
		return;
	}
	email = db_get_text(row, 0, 3);
	if (!db_rows(row) || (*email && !str_equal(email, signing->email)) ||
	    role_parse(&signing->role, db_get_text(row, 0, 4))) {
		signing_refuse(signing, API_INVITATION_NOT_FOUND);
		return;
	}
	str_copy(signing->task.tenant_id, UUID_SIZE, db_get_text(row, 0, 0));
	mem_replace_str(&signing->tenant_name, db_get_text(row, 0, 5));
	signing->is_reset = str_equal(db_get_text(row, 0, 2), "reset");
	signing->is_nameless = !*email;
	signing->is_known = db_rows(results[1]) > 0;
	if (signing->is_reset && !signing->is_known) {
		signing_refuse(signing, API_INVITATION_NOT_FOUND);
		return;
	}
	if (!signing->is_known)
		uuid_new(signing->user_id);
	if (signing->is_known && !signing->is_reset) {
		signing_prove(signing, password, NULL, store_accepted);
		return;
	}
	if (signing->is_known) {
		str_copy(signing->user_id, UUID_SIZE, db_get_text(results[1], 0, 0));
		mem_replace_str(&signing->name, db_get_text(results[1], 0, 2));
	}
	objection = auth_password_objection(password, signing->email);
	if (objection) {
		api_fail(signing->task.req, API_INVALID_FIELD, "password", "%s", objection);
		signing_end(signing);
		return;
	}
	signing_hash(signing, password, store_accepted);
}

static void accept(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"token", "email", "name", "password", "cookie"};
	auto_json json_t *body = body_object(req, fields, ARRAY_LEN(fields), false);
	const char *word = NULL, *email = NULL, *name = NULL, *password = NULL;
	struct batch batch auto_batch = {0};
	struct signing *signing;
	char *address;

	if (!take_word(req, body, &word) ||
	    !body_text(req, body, "email", SIGNING_MAX_EMAIL, &email) ||
	    !body_text(req, body, "name", SIGNING_MAX_NAME, &name) ||
	    !body_text(req, body, "password", SIGNING_MAX_PASSWORD, &password))
		return;
	if (!password) {
		api_fail(req, API_MISSING_FIELD, "password", "password is required.");
		return;
	}
	address = signing_email(req, email);
	if (!address)
		return;
	signing = signing_new(arg, req, json_incref(body));
	signing->email = address;
	signing->name = mem_strdup(name ? name : "");
	auth_hash(signing->token_hash, word);
	store_invitation_find(&batch, signing->token_hash, clock_wall_us());
	store_user_by_email(&batch, signing->email);
	signing_run(signing, &batch, accept_found);
}

/* ---- inviting ---- */

static void invite(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"email", "role"};
	struct platform *platform = arg;
	auto_json json_t *body = body_object(req, fields, ARRAY_LEN(fields), false);
	const char *email = NULL, *name = NULL;
	const struct principal *by = api_principal(req);
	struct batch batch auto_batch = {0};
	struct access_change *change;
	struct invitation invitation;
	auto_free char *address = NULL;
	enum role role;

	if (!body || !body_text(req, body, "email", SIGNING_MAX_EMAIL, &email) ||
	    !body_text(req, body, "role", 32, &name))
		return;
	if (role_parse(&role, name)) {
		api_fail(req, API_INVALID_FIELD, "role",
			 "role must be viewer, operator, admin or owner.");
		return;
	}
	address = signing_email(req, email);
	if (!address)
		return;
	if (role > by->role) {
		api_fail(req, API_FORBIDDEN, "role", "Nobody invites above their own role.");
		return;
	}
	invitation_make(&invitation, platform->base_url);
	invitation_add(&batch, &invitation,
		       &(struct invitation_params){.tenant_id = by->tenant_id,
						   .kind = "join",
						   .email = address,
						   .role = role,
						   .by = by});
	change = access_change_new(platform, sizeof(*change), req, API_TENANT_NOT_FOUND);
	change->answer = invitation_view(&invitation, address, role);
	change->status = 201;
	access_change_run(change, &batch);
}

static void on_invitations(struct api *api, struct http_request *req,
			   struct db_result *const *results)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};

	json_write_open(&writer, NULL, '{');
	json_write_open(&writer, "invitations", '[');
	for (size_t row = 0; row < db_rows(results[0]); row++) {
		json_write_open(&writer, NULL, '{');
		json_write_str(&writer, "id", db_get_text(results[0], row, 0));
		json_write_str(&writer, "email", db_get_text(results[0], row, 1));
		json_write_str(&writer, "role", db_get_text(results[0], row, 2));
		json_write_str(&writer, "invited_by", db_get_text(results[0], row, 3));
		json_write_time(&writer, "created_at", db_get_int(results[0], row, 4));
		json_write_time(&writer, "expires_at", db_get_int(results[0], row, 5));
		json_write_close(&writer, '}');
	}
	json_write_close(&writer, ']');
	json_write_close(&writer, '}');
	http_reply(req, 200, "application/json", body.data, body.len);
}

static void list(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	struct batch batch auto_batch = {0};

	store_invitation_list(&batch, api_tenant(req), clock_wall_us());
	query_run(&platform->api, req, &batch, on_invitations);
}

static void withdraw(struct http_request *req, void *arg)
{
	const struct principal *by = api_principal(req);
	const char *id = http_request_param(req, "invitation_id");
	struct batch batch auto_batch = {0};

	store_invitation_delete(&batch, by->tenant_id, id);
	audit_add(&batch, by, "invitation.withdraw", "invitation", id, NULL);
	access_change_run(
		access_change_new(arg, sizeof(struct access_change), req, API_INVITATION_NOT_FOUND),
		&batch);
}

void api_invitation_routes(struct platform *platform)
{
	struct http_server *server = platform->server;
	struct api *api = &platform->api;

	http_server_route(server, "POST", "/api/v1/auth/invitation", view, platform);
	http_server_route(server, "POST", "/api/v1/auth/accept", accept, platform);
	api_route(api, server, "POST", "/api/v1/users/invite", PERM_USERS_WRITE, invite, platform);
	api_route(api, server, "GET", "/api/v1/users/invitations", PERM_USERS_READ, list, platform);
	api_route(api, server, "DELETE", "/api/v1/users/invitations/{invitation_id}",
		  PERM_USERS_WRITE, withdraw, platform);
}
