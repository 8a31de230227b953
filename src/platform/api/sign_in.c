/*
 * /api/v1/auth: signing in and out (docs/access.md).
 *
 *	POST   login, refresh, logout		public; what they prove they prove by themselves
 *	GET    me; PATCH me			who asks, and what they may do
 *	POST   password, tenant			a new password; on in another tenant
 *	GET    sign-ins; DELETE sign-ins/{id}	where somebody is signed in, and no longer
 */
#include "core/clock.h"
#include "core/json_writer.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/http_server.h"
#include "platform/api/access.h"
#include "platform/api/body.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/query.h"
#include "platform/api/signing.h"
#include "platform/audit.h"
#include "platform/auth.h"
#include "platform/auth_token.h"
#include "platform/store/user.h"

#include <errno.h>
#include <string.h>

static bool need(struct http_request *req, const char *field, const char *value)
{
	if (value)
		return true;
	api_fail(req, API_MISSING_FIELD, field, "%s is required.", field);
	return false;
}

/* ---- login ---- */

static void login_stored(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct signing *signing = arg;

	if (err)
		signing_fail(signing, err);
	else
		signing_answer(signing);
}

/* Somebody who may go nowhere gets the answer that a wrong password gets. */
static void login_tenants(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct signing *signing = arg;
	const char *wanted = json_get_str(signing->body, "tenant_id", NULL);
	size_t rows = err ? 0 : db_rows(results[0]), row = 0;
	struct batch batch auto_batch = {0};

	if (err) {
		signing_fail(signing, err);
		return;
	}
	while (row < rows && wanted && !str_equal(db_get_text(results[0], row, 0), wanted))
		row++;
	if (row >= rows || role_parse(&signing->role, db_get_text(results[0], row, 2))) {
		signing_refuse(signing, API_INVALID_CREDENTIALS);
		return;
	}
	str_copy(signing->task.tenant_id, UUID_SIZE, db_get_text(results[0], row, 0));
	mem_replace_str(&signing->tenant_name, db_get_text(results[0], row, 1));
	signing_add(signing, &batch, "user.sign_in");
	signing_run(signing, &batch, login_stored);
}

static void login_proved(struct signing *signing)
{
	struct batch batch auto_batch = {0};

	store_member_tenants(&batch, signing->user_id);
	signing_run(signing, &batch, login_tenants);
}

static void login(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"email", "password", "tenant_id", "cookie"};
	auto_json json_t *body = body_object(req, fields, ARRAY_LEN(fields), false);
	const char *email = NULL, *password = NULL, *tenant = NULL;
	struct signing *signing;
	char *address;

	if (!body || !body_text(req, body, "email", SIGNING_MAX_EMAIL, &email) ||
	    !body_text(req, body, "password", SIGNING_MAX_PASSWORD, &password) ||
	    !body_text(req, body, "tenant_id", UUID_SIZE - 1, &tenant) ||
	    !need(req, "password", password))
		return;
	address = signing_email(req, email);
	if (!address)
		return;
	signing = signing_new(arg, req, json_incref(body));
	signing->email = address;
	signing_prove(signing, password, NULL, login_proved);
}

/* ---- refresh ---- */

static void reuse_ended(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct signing *signing = arg;

	auth_changed(signing->task.platform->api.auth);
	signing_drop_cookie(signing->task.platform, signing->task.req);
	signing_refuse(signing, API_SIGNED_OUT);
}

/*
 * A token that was used before is in two hands, and one of them is not its owner's: nobody goes on
 * with this sign-in.
 */
static void end_reused(struct signing *signing)
{
	struct principal *auto_unref by =
		principal_new(PRINCIPAL_USER, signing->task.tenant_id, signing->user_id,
			      ROLE_VIEWER, http_request_remote(signing->task.req));
	struct batch batch auto_batch = {0};

	LOG_WARN(&signing->task.log, "refresh_token_reused",
		 LOG_STR("remote", http_request_remote(signing->task.req)));
	store_sign_in_end(&batch, signing->sign_in_id, clock_wall_us(), "reuse");
	audit_add(&batch, by, "user.refresh_reused", "user", signing->user_id, NULL);
	signing_run(signing, &batch, reuse_ended);
}

static void refreshed(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct signing *signing = arg;

	if (!err)
		signing_answer(signing);
	else if (err == -EAGAIN)
		end_reused(signing); /* somebody else was a moment faster */
	else
		signing_fail(signing, err);
}

static void rotate(struct signing *signing)
{
	struct batch batch auto_batch = {0};
	int64_t now = clock_wall_us();
	char *hash = mem_alloc(AUTH_HASH_SIZE);
	struct store_sign_in row = {
		.id = signing->sign_in_id,
		.tenant_id = signing->task.tenant_id,
		.at = now,
		.expires_at = now + SIGNING_REFRESH_S * 1000000ll,
	};

	auth_word_make(signing->refresh);
	auth_hash(hash, signing->refresh);
	store_refresh_use(&batch, signing->token_hash, now);
	store_sign_in_extend(&batch, signing->sign_in_id, now, row.expires_at);
	store_refresh_insert(&batch, &row, batch_own(&batch, hash));
	signing_run(signing, &batch, refreshed);
}

static void refresh_found(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct signing *signing = arg;
	const struct db_result *row = err ? NULL : results[0];

	if (err) {
		signing_fail(signing, err);
		return;
	}
	if (!db_rows(row)) {
		signing_refuse(signing, API_SIGNED_OUT);
		return;
	}
	str_copy(signing->task.tenant_id, UUID_SIZE, db_get_text(row, 0, 0));
	str_copy(signing->sign_in_id, UUID_SIZE, db_get_text(row, 0, 1));
	str_copy(signing->user_id, UUID_SIZE, db_get_text(row, 0, 2));
	mem_replace_str(&signing->email, db_get_text(row, 0, 7));
	mem_replace_str(&signing->name, db_get_text(row, 0, 8));
	mem_replace_str(&signing->tenant_name, db_get_text(row, 0, 9));
	if (db_get_int(row, 0, 4) && !db_get_int(row, 0, 6))
		end_reused(signing);
	else if (db_get_int(row, 0, 6) || db_get_int(row, 0, 5) <= clock_wall_us() ||
		 db_is_null(row, 0, 3) || role_parse(&signing->role, db_get_text(row, 0, 3)))
		signing_refuse(signing, API_SIGNED_OUT);
	else
		rotate(signing);
}

static void refresh(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"refresh_token"};
	auto_json json_t *body = body_object(req, fields, ARRAY_LEN(fields), true);
	struct batch batch auto_batch = {0};
	char word[AUTH_WORD_SIZE];
	struct signing *signing;
	const char *token;

	if (!body)
		return;
	token = signing_refresh_token(req, body, word);
	if (!token) {
		api_fail(req, API_SIGNED_OUT, NULL, NULL);
		return;
	}
	signing = signing_new(arg, req, json_incref(body));
	signing->cookie = token == word;
	auth_hash(signing->token_hash, token);
	store_refresh_select(&batch, signing->token_hash);
	signing_run(signing, &batch, refresh_found);
}

/* ---- logout: whatever is shown, it is worth nothing afterwards ---- */

static void logout_done(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct signing *signing = arg;
	struct platform *platform = signing->task.platform;

	if (err) {
		signing_fail(signing, err);
		return;
	}
	auth_changed(platform->api.auth);
	signing_drop_cookie(platform, signing->task.req);
	http_reply(signing->task.req, 204, NULL, NULL, 0);
	signing_end(signing);
}

static void logout_sign_in(struct signing *signing)
{
	struct batch batch auto_batch = {0};

	store_sign_in_end(&batch, signing->sign_in_id, clock_wall_us(), "signed_out");
	signing_run(signing, &batch, logout_done);
}

static void logout_found(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct signing *signing = arg;

	if (!err && db_rows(results[0])) {
		str_copy(signing->sign_in_id, UUID_SIZE, db_get_text(results[0], 0, 1));
		logout_sign_in(signing);
	} else {
		logout_done(err, results, failed, arg);
	}
}

static void logout(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"refresh_token"};
	struct platform *platform = arg;
	auto_json json_t *body = body_object(req, fields, ARRAY_LEN(fields), true);
	struct auth_credential shown =
		auth_credential_read(http_request_header(req, "authorization"), NULL);
	struct batch batch auto_batch = {0};
	struct auth_claims claims;
	char word[AUTH_WORD_SIZE];
	struct signing *signing;
	const char *token;

	if (!body)
		return;
	token = signing_refresh_token(req, body, word);
	signing = signing_new(platform, req, json_incref(body));
	if (token) {
		auth_hash(signing->token_hash, token);
		store_refresh_select(&batch, signing->token_hash);
		signing_run(signing, &batch, logout_found);
	} else if (shown.kind == AUTH_CREDENTIAL_TOKEN &&
		   !auth_token_verify(&claims, shown.text, auth_secret(platform->api.auth))) {
		str_copy(signing->sign_in_id, UUID_SIZE, claims.sign_in_id);
		logout_sign_in(signing);
	} else {
		logout_done(0, NULL, 0, signing);
	}
}

/* ---- me ---- */

static void write_tenants(struct json_writer *writer, const struct db_result *result)
{
	json_write_open(writer, "tenants", '[');
	for (size_t row = 0; row < db_rows(result); row++) {
		json_write_open(writer, NULL, '{');
		json_write_str(writer, "id", db_get_text(result, row, 0));
		json_write_str(writer, "name", db_get_text(result, row, 1));
		json_write_str(writer, "role", db_get_text(result, row, 2));
		json_write_close(writer, '}');
	}
	json_write_close(writer, ']');
}

static void write_permissions(struct json_writer *writer, const struct principal *principal)
{
	json_write_open(writer, "permissions", '[');
	for (int i = 0; i < PERMISSION_COUNT; i++)
		if (principal_may(principal, (enum permission)i))
			json_write_str(writer, NULL, permission_name((enum permission)i));
	json_write_close(writer, ']');
}

static void on_me(struct api *api, struct http_request *req, struct db_result *const *results)
{
	const struct principal *principal = api_principal(req);
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};

	json_write_open(&writer, NULL, '{');
	json_write_str(&writer, "kind", principal_kind_name(principal->kind));
	json_write_str(&writer, "id", *principal->id ? principal->id : NULL);
	json_write_str(&writer, "tenant_id", principal->tenant_id);
	json_write_str(&writer, "role", role_name(principal->role));
	write_permissions(&writer, principal);
	if (db_rows(results[0])) {
		json_write_open(&writer, "user", '{');
		json_write_str(&writer, "id", db_get_text(results[0], 0, 0));
		json_write_str(&writer, "email", db_get_text(results[0], 0, 1));
		json_write_str(&writer, "name", db_get_text(results[0], 0, 2));
		json_write_close(&writer, '}');
	} else {
		json_write_str(&writer, "user", NULL);
	}
	write_tenants(&writer, results[1]);
	json_write_close(&writer, '}');
	http_reply_header(req, "Cache-Control", "no-store");
	http_reply(req, 200, "application/json", body.data, body.len);
}

static void me(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	struct batch batch auto_batch = {0};

	store_user_by_id(&batch, api_principal(req)->user_id);
	store_member_tenants(&batch, api_principal(req)->user_id);
	query_run(&platform->api, req, &batch, on_me);
}

/* ---- only those who signed in themselves ---- */

static bool is_signed_in(struct http_request *req)
{
	if (api_principal(req)->kind == PRINCIPAL_USER)
		return true;
	api_fail(req, API_FORBIDDEN, NULL, "Only somebody who has signed in may do this.");
	return false;
}

static void rename_me(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"name"};
	auto_json json_t *body = body_object(req, fields, ARRAY_LEN(fields), false);
	const struct principal *by = api_principal(req);
	struct batch batch auto_batch = {0};
	const char *name = NULL;

	if (!body || !body_text(req, body, "name", SIGNING_MAX_NAME, &name) ||
	    !need(req, "name", name) || !is_signed_in(req))
		return;
	store_user_name(&batch, by->user_id, name, clock_wall_us());
	audit_add(&batch, by, "user.rename", "user", by->user_id, NULL);
	access_change_run(
		access_change_new(arg, sizeof(struct access_change), req, API_USER_NOT_FOUND),
		&batch);
}

/* ---- a new password: everybody else who is signed in as this user is no longer ---- */

static void password_stored(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct signing *signing = arg;

	if (err) {
		signing_fail(signing, err);
		return;
	}
	auth_changed(signing->task.platform->api.auth);
	http_reply(signing->task.req, 204, NULL, NULL, 0);
	signing_end(signing);
}

static void password_proved(struct signing *signing)
{
	const struct principal *by = api_principal(signing->task.req);
	struct batch batch auto_batch = {0};
	int64_t now = clock_wall_us();

	store_user_password(&batch, by->user_id, signing->hash, now);
	store_sign_in_end_all(&batch, NULL, by->user_id, by->sign_in_id, now, "password");
	audit_add(&batch, by, "user.password", "user", by->user_id, NULL);
	signing_run(signing, &batch, password_stored);
}

static void password_user(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct signing *signing = arg;
	const char *now = json_get_str(signing->body, "current_password", "");
	const char *new = json_get_str(signing->body, "new_password", "");
	const char *objection;

	if (err || !db_rows(results[0])) {
		signing_fail(signing, err ? err : -EIO);
		return;
	}
	mem_replace_str(&signing->email, db_get_text(results[0], 0, 1));
	objection = auth_password_objection(new, signing->email);
	if (objection) {
		api_fail(signing->task.req, API_INVALID_FIELD, "new_password", "%s", objection);
		signing_end(signing);
		return;
	}
	signing_prove(signing, now, new, password_proved);
}

static void password(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"current_password", "new_password"};
	auto_json json_t *body = body_object(req, fields, ARRAY_LEN(fields), false);
	const char *now = NULL, *new = NULL;
	struct batch batch auto_batch = {0};
	struct signing *signing;

	if (!body || !body_text(req, body, "current_password", SIGNING_MAX_PASSWORD, &now) ||
	    !body_text(req, body, "new_password", SIGNING_MAX_PASSWORD, &new) ||
	    !need(req, "current_password", now) || !need(req, "new_password", new) ||
	    !is_signed_in(req))
		return;
	signing = signing_new(arg, req, json_incref(body));
	store_user_by_id(&batch, api_principal(req)->user_id);
	signing_run(signing, &batch, password_user);
}

/* ---- on in another tenant ---- */

static void switch_stored(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct signing *signing = arg;

	if (err) {
		signing_fail(signing, err);
		return;
	}
	auth_changed(signing->task.platform->api.auth);
	signing_answer(signing);
}

static void switch_tenants(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct signing *signing = arg;
	const char *wanted = json_get_str(signing->body, "tenant_id", "");
	const struct principal *by = api_principal(signing->task.req);
	struct batch batch auto_batch = {0};
	size_t row = 0;

	if (err || !db_rows(results[1])) {
		signing_fail(signing, err ? err : -EIO);
		return;
	}
	while (row < db_rows(results[0]) && !str_equal(db_get_text(results[0], row, 0), wanted))
		row++;
	if (row == db_rows(results[0]) ||
	    role_parse(&signing->role, db_get_text(results[0], row, 2))) {
		signing_refuse(signing, API_TENANT_NOT_FOUND);
		return;
	}
	str_copy(signing->task.tenant_id, UUID_SIZE, wanted);
	str_copy(signing->user_id, UUID_SIZE, by->user_id);
	mem_replace_str(&signing->tenant_name, db_get_text(results[0], row, 1));
	mem_replace_str(&signing->email, db_get_text(results[1], 0, 1));
	mem_replace_str(&signing->name, db_get_text(results[1], 0, 2));
	store_sign_in_end(&batch, by->sign_in_id, clock_wall_us(), "switched");
	signing_add(signing, &batch, "user.sign_in");
	signing_run(signing, &batch, switch_stored);
}

static void switch_tenant(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"tenant_id", "cookie"};
	auto_json json_t *body = body_object(req, fields, ARRAY_LEN(fields), false);
	const char *tenant = NULL;
	struct batch batch auto_batch = {0};
	struct signing *signing;

	if (!body || !body_text(req, body, "tenant_id", UUID_SIZE - 1, &tenant) ||
	    !need(req, "tenant_id", tenant) || !is_signed_in(req))
		return;
	signing = signing_new(arg, req, json_incref(body));
	store_member_tenants(&batch, api_principal(req)->user_id);
	store_user_by_id(&batch, api_principal(req)->user_id);
	signing_run(signing, &batch, switch_tenants);
}

/* ---- where somebody is signed in ---- */

static void on_sign_ins(struct api *api, struct http_request *req, struct db_result *const *results)
{
	const struct principal *principal = api_principal(req);
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};

	json_write_open(&writer, NULL, '{');
	json_write_open(&writer, "sign_ins", '[');
	for (size_t row = 0; row < db_rows(results[0]); row++) {
		const char *id = db_get_text(results[0], row, 0);

		json_write_open(&writer, NULL, '{');
		json_write_str(&writer, "id", id);
		json_write_bool(&writer, "current", str_equal(id, principal->sign_in_id));
		json_write_str(&writer, "remote", db_get_text(results[0], row, 1));
		json_write_str(&writer, "agent", db_get_text(results[0], row, 2));
		json_write_time(&writer, "created_at", db_get_int(results[0], row, 3));
		json_write_time(&writer, "used_at", db_get_int(results[0], row, 4));
		json_write_close(&writer, '}');
	}
	json_write_close(&writer, ']');
	json_write_close(&writer, '}');
	http_reply(req, 200, "application/json", body.data, body.len);
}

static void list_sign_ins(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	struct batch batch auto_batch = {0};

	store_sign_in_list(&batch, api_tenant(req), api_principal(req)->user_id, clock_wall_us());
	query_run(&platform->api, req, &batch, on_sign_ins);
}

static void end_sign_in(struct http_request *req, void *arg)
{
	const struct principal *by = api_principal(req);
	const char *id = http_request_param(req, "sign_in_id");
	struct batch batch auto_batch = {0};

	if (!is_signed_in(req))
		return;
	store_sign_in_end_own(&batch, id, by->tenant_id, by->user_id, clock_wall_us());
	audit_add(&batch, by, "user.sign_out", "user", by->user_id, NULL);
	access_change_run(
		access_change_new(arg, sizeof(struct access_change), req, API_SIGN_IN_NOT_FOUND),
		&batch);
}

void api_sign_in_routes(struct platform *platform)
{
	struct http_server *server = platform->server;
	struct api *api = &platform->api;

	http_server_route(server, "POST", "/api/v1/auth/login", login, platform);
	http_server_route(server, "POST", "/api/v1/auth/refresh", refresh, platform);
	http_server_route(server, "POST", "/api/v1/auth/logout", logout, platform);
	api_route(api, server, "GET", "/api/v1/auth/me", PERM_PROFILE, me, platform);
	api_route(api, server, "PATCH", "/api/v1/auth/me", PERM_PROFILE, rename_me, platform);
	api_route(api, server, "POST", "/api/v1/auth/password", PERM_PROFILE, password, platform);
	api_route(api, server, "POST", "/api/v1/auth/tenant", PERM_PROFILE, switch_tenant,
		  platform);
	api_route(api, server, "GET", "/api/v1/auth/sign-ins", PERM_PROFILE, list_sign_ins,
		  platform);
	api_route(api, server, "DELETE", "/api/v1/auth/sign-ins/{sign_in_id}", PERM_PROFILE,
		  end_sign_in, platform);
}
