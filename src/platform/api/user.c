/*
 * /api/v1/users: the members of a tenant. GET users, users/{id}; PATCH users/{id} changes role or
 * status; DELETE takes somebody out of the tenant. The last active owner stays.
 */
#include "core/clock.h"
#include "core/json_writer.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/http_server.h"
#include "platform/api/access.h"
#include "platform/api/body.h"
#include "platform/api/cursor.h"
#include "platform/api/guard.h"
#include "platform/api/query.h"
#include "platform/audit.h"
#include "platform/auth.h"
#include "platform/store/sign_in.h"
#include "platform/store/user.h"

#include <errno.h>

enum { DEFAULT_LIMIT = 50, MAX_LIMIT = 200 };

static void write_member(struct json_writer *writer, const char *key,
			 const struct db_result *result, size_t row)
{
	json_write_open(writer, key, '{');
	json_write_str(writer, "id", db_get_text(result, row, STORE_MEMBER_USER_ID));
	json_write_str(writer, "email", db_get_text(result, row, STORE_MEMBER_EMAIL));
	json_write_str(writer, "name", db_get_text(result, row, STORE_MEMBER_NAME));
	json_write_str(writer, "role", db_get_text(result, row, STORE_MEMBER_ROLE));
	json_write_str(writer, "status", db_get_text(result, row, STORE_MEMBER_STATUS));
	json_write_time(writer, "created_at", db_get_int(result, row, STORE_MEMBER_CREATED_AT));
	json_write_time(writer, "signed_in_at", db_get_int(result, row, STORE_MEMBER_SIGNED_IN_AT));
	json_write_close(writer, '}');
}

static void write_listed(struct json_writer *writer, const struct db_result *result, size_t row)
{
	write_member(writer, NULL, result, row);
}

static void on_list(struct api *api, struct http_request *req, struct db_result *const *results)
{
	static const struct query_page page = {
		.name = "users",
		.default_limit = DEFAULT_LIMIT,
		.max_limit = MAX_LIMIT,
		.id_column = STORE_MEMBER_USER_ID,
		.writeh = write_listed,
	};

	query_reply_page(req, results[0], &page);
}

static void list(struct http_request *req, void *arg)
{
	static const char *const names[] = {"limit", "cursor"};
	struct platform *platform = arg;
	struct batch batch auto_batch = {0};
	int64_t limit = DEFAULT_LIMIT;
	const char *after = NULL;

	if (!query_has_only(req, names, ARRAY_LEN(names)) ||
	    !query_int(req, "limit", 1, MAX_LIMIT, &limit) || !cursor_read_id(req, &after))
		return;
	store_member_list(&batch, api_tenant(req), after ? after : "", limit + 1);
	query_run(&platform->api, req, &batch, on_list);
}

static void on_member(struct api *api, struct http_request *req, struct db_result *const *results)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};

	if (!db_rows(results[0])) {
		api_fail(req, API_USER_NOT_FOUND, NULL, NULL);
		return;
	}
	write_member(&writer, NULL, results[0], 0);
	http_reply(req, 200, "application/json", body.data, body.len);
}

static void get(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	struct batch batch auto_batch = {0};

	store_member_select(&batch, api_tenant(req), http_request_param(req, "user_id"));
	query_run(&platform->api, req, &batch, on_member);
}

/* ---- changes ---- */

struct member_change {
	struct access_change change;
	enum role role; /* of the change, when has_role */
	bool has_role;
	bool remove;
	const char *status; /* static; NULL leaves it */
	char user_id[UUID_SIZE];
};

static void answer_member(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct member_change *member = arg;
	struct http_request *req = member->change.task.req;

	if (err)
		api_fail_errno(req, err);
	else if (member->remove)
		http_reply(req, 204, NULL, NULL, 0);
	else
		on_member(NULL, req, results);
	access_change_end(&member->change);
}

static void changed(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct member_change *member = arg;
	struct platform *platform = member->change.task.platform;
	struct batch batch auto_batch = {0};

	if (err) {
		if (err == -EAGAIN)
			api_fail(member->change.task.req, API_LAST_OWNER, NULL, NULL);
		else
			api_fail_errno(member->change.task.req, err);
		access_change_end(&member->change);
		return;
	}
	auth_changed(platform->api.auth);
	store_member_select(&batch, member->change.task.tenant_id, member->user_id);
	member->change.query = mem_unref(member->change.query);
	batch_run(&batch, &member->change.query, platform->api.db, answer_member, member);
}

static const char *detail(struct batch *batch, const char *role, const char *status)
{
	auto_json json_t *json = json_object();

	json_set_str(json, "role", role);
	json_set_str(json, "status", status);
	return batch_own(batch, json_text(json));
}

static void apply(struct member_change *member, enum role now, const char *status)
{
	const struct principal *by = api_principal(member->change.task.req);
	const char *tenant = member->change.task.tenant_id, *id = member->user_id;
	struct batch batch auto_batch = {0};
	int64_t at = clock_wall_us();
	const char *role = role_name(member->has_role ? member->role : now);

	if (member->status)
		status = member->status;
	store_member_lock(&batch, tenant, at);
	if (member->remove)
		store_member_delete(&batch, tenant, id);
	else
		store_member_update(&batch, tenant, id, role, status, at);
	if (member->remove || !str_equal(status, "active")) {
		store_sign_in_end_all(&batch, tenant, id, NULL, at, "revoked");
		store_invitation_delete_user(&batch, tenant, id);
	}
	if (member->remove)
		audit_add(&batch, by, "user.remove", "user", id, NULL);
	else
		audit_add(&batch, by, "user.change", "user", id, detail(&batch, role, status));
	member->change.query = mem_unref(member->change.query);
	batch_run(&batch, &member->change.query, member->change.task.platform->api.db, changed,
		  member);
}

/* Nobody makes somebody more than they are themselves, or changes who is more than they are. */
static void found(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct member_change *member = arg;
	struct http_request *req = member->change.task.req;
	enum role mine = api_principal(req)->role, now = ROLE_VIEWER;

	if (!err && db_rows(results[0]) &&
	    !role_parse(&now, db_get_text(results[0], 0, STORE_MEMBER_ROLE)) && now <= mine &&
	    (!member->has_role || member->role <= mine)) {
		apply(member, now,
		      str_equal(db_get_text(results[0], 0, STORE_MEMBER_STATUS), "active")
			      ? "active"
			      : "deactivated");
		return;
	}
	if (err)
		api_fail_errno(req, err);
	else if (!db_rows(results[0]))
		api_fail(req, API_USER_NOT_FOUND, NULL, NULL);
	else
		api_fail(req, API_FORBIDDEN, NULL, "This is for somebody of a higher role.");
	access_change_end(&member->change);
}

static struct member_change *change_new(struct platform *platform, struct http_request *req)
{
	struct member_change *member =
		access_change_new(platform, sizeof(*member), req, API_USER_NOT_FOUND);

	str_copy(member->user_id, sizeof(member->user_id), http_request_param(req, "user_id"));
	return member;
}

static void find(struct member_change *member)
{
	struct batch batch auto_batch = {0};

	store_member_select(&batch, member->change.task.tenant_id, member->user_id);
	batch_run(&batch, &member->change.query, member->change.task.platform->api.db, found,
		  member);
}

static void change(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"role", "status"};
	static const char *const statuses[] = {"active", "deactivated"};
	auto_json json_t *body = body_object(req, fields, ARRAY_LEN(fields), false);
	const char *name = NULL, *status = NULL;
	struct member_change *member;
	enum role role = ROLE_VIEWER;

	if (!body || !body_text(req, body, "role", 32, &name) ||
	    !body_choice(req, body, "status", statuses, ARRAY_LEN(statuses), &status))
		return;
	if (name && role_parse(&role, name)) {
		api_fail(req, API_INVALID_FIELD, "role",
			 "role must be viewer, operator, admin or owner.");
		return;
	}
	member = change_new(arg, req);
	member->has_role = name;
	member->role = role;
	member->status = status;
	find(member);
}

static void take_out(struct http_request *req, void *arg)
{
	struct member_change *member = change_new(arg, req);

	member->remove = true;
	find(member);
}

void api_user_routes(struct platform *platform)
{
	struct http_server *server = platform->server;
	struct api *api = &platform->api;

	api_route(api, server, "GET", "/api/v1/users", PERM_USERS_READ, list, platform);
	api_route(api, server, "GET", "/api/v1/users/{user_id}", PERM_USERS_READ, get, platform);
	api_route(api, server, "PATCH", "/api/v1/users/{user_id}", PERM_USERS_WRITE, change,
		  platform);
	api_route(api, server, "DELETE", "/api/v1/users/{user_id}", PERM_USERS_WRITE, take_out,
		  platform);
}
