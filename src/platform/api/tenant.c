/*
 * /api/v1/tenants. Everybody sees the tenant they are in, and its owners change its name and
 * settings. Owners of the first tenant ("default") run the installation: they see all tenants, make
 * new ones, and suspend them, but are members of none by that.
 *
 *	GET tenants, tenants/{id}; PATCH tenants/{id}
 *	POST tenants {"name", "owner_email"}: the answer holds the link for its owner
 *	GET /api/v1/brand: how a tenant looks, for whoever has not signed in yet
 */
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
#include "platform/brand.h"
#include "platform/invitation.h"
#include "platform/lead_settings.h"
#include "platform/store/store.h"
#include "platform/store/tenant.h"

#include <string.h>

enum { DEFAULT_LIMIT = 50, MAX_LIMIT = 200, MAX_NAME = 120, MAX_SETTINGS = 64 * 1024 };

static bool runs_installation(const struct principal *principal)
{
	return principal_may(principal, PERM_TENANTS_WRITE) &&
	       str_equal(principal->tenant_id, STORE_TENANT);
}

/* Others are not there for who does not run the installation. */
static bool may_see(const struct principal *principal, const char *tenant_id)
{
	return str_equal(principal->tenant_id, tenant_id) || runs_installation(principal);
}

static void write_tenant(struct json_writer *writer, const struct db_result *result, size_t row)
{
	json_write_open(writer, NULL, '{');
	json_write_str(writer, "id", db_get_text(result, row, 0));
	json_write_str(writer, "name", db_get_text(result, row, 1));
	json_write_str(writer, "status", db_get_text(result, row, 2));
	json_write_raw(writer, "settings", db_get_text(result, row, 3), "{}");
	json_write_time(writer, "created_at", db_get_int(result, row, 4));
	json_write_time(writer, "updated_at", db_get_int(result, row, 5));
	json_write_close(writer, '}');
}

static void on_list(struct api *api, struct http_request *req, struct db_result *const *results)
{
	static const struct query_page page = {
		.name = "tenants",
		.default_limit = DEFAULT_LIMIT,
		.max_limit = MAX_LIMIT,
		.id_column = 0,
		.writeh = write_tenant,
	};

	query_reply_page(req, results[0], &page);
}

static void list(struct http_request *req, void *arg)
{
	static const char *const names[] = {"limit", "cursor"};
	struct platform *platform = arg;
	const struct principal *principal = api_principal(req);
	struct batch batch auto_batch = {0};
	int64_t limit = DEFAULT_LIMIT;
	const char *after = NULL;

	if (!query_has_only(req, names, ARRAY_LEN(names)) ||
	    !query_int(req, "limit", 1, MAX_LIMIT, &limit) ||
	    !query_text(req, "cursor", UUID_SIZE - 1, &after))
		return;
	if (runs_installation(principal))
		store_tenant_list(&batch, after ? after : "", limit + 1);
	else
		store_tenant_select(&batch, principal->tenant_id);
	query_run(&platform->api, req, &batch, on_list);
}

static void on_tenant(struct api *api, struct http_request *req, struct db_result *const *results)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};

	if (!db_rows(results[0])) {
		api_fail(req, API_TENANT_NOT_FOUND, NULL, NULL);
		return;
	}
	write_tenant(&writer, results[0], 0);
	http_reply(req, 200, "application/json", body.data, body.len);
}

static void get(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	const char *id = http_request_param(req, "tenant_id");
	struct batch batch auto_batch = {0};

	if (!may_see(api_principal(req), id)) {
		api_fail(req, API_TENANT_NOT_FOUND, NULL, NULL);
		return;
	}
	store_tenant_select(&batch, id);
	query_run(&platform->api, req, &batch, on_tenant);
}

/* ---- before anybody has signed in ---- */

static bool is_only_one(const struct db_result *tenants)
{
	return db_rows(tenants) == 1 && str_equal(db_get_text(tenants, 0, 2), "active");
}

/* Who is not there, or one of several that was not named, looks like a tenant without a brand. */
static void on_brand(struct api *api, struct http_request *req, struct db_result *const *results)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};

	brand_write(&writer, NULL, is_only_one(results[0]) ? db_get_text(results[0], 0, 3) : NULL);
	http_reply_header(req, "Cache-Control", "public, max-age=60");
	http_reply(req, 200, "application/json", body.data, body.len);
}

static void get_brand(struct http_request *req, void *arg)
{
	static const char *const names[] = {"tenant"};
	struct platform *platform = arg;
	struct batch batch auto_batch = {0};
	const char *id = NULL;

	if (!query_has_only(req, names, ARRAY_LEN(names)) ||
	    !query_text(req, "tenant", UUID_SIZE - 1, &id))
		return;
	if (id)
		store_tenant_select(&batch, id);
	else
		store_tenant_list(&batch, "", 2);
	query_lookup(&platform->api, req, &batch, on_brand);
}

/* ---- changes ---- */

/* False after answering. */
static bool take_settings(struct http_request *req, const json_t *body, char **ret_text)
{
	const json_t *settings = json_object_get(body, "settings");
	char lead_reason[LEAD_REASON_SIZE];
	const char *reason = "";

	if (!settings || json_is_null(settings))
		return true;
	*ret_text = json_text(settings);
	if (!json_is_object(settings) || strlen(*ret_text) > MAX_SETTINGS) {
		api_fail(req, API_INVALID_FIELD, "settings",
			 "settings must be an object of at most 64 KiB.");
		return false;
	}
	if (!brand_is_valid(json_object_get(settings, "brand"), &reason)) {
		api_fail(req, API_INVALID_FIELD, "settings.brand", "%s", reason);
		return false;
	}
	if (lead_settings_are_valid(json_object_get(settings, "leads"), lead_reason))
		return true;
	api_fail(req, API_INVALID_FIELD, "settings.leads", "%s", lead_reason);
	return false;
}

static bool may_set_status(struct http_request *req, const char *id, const char *status)
{
	if (!status)
		return true;
	if (runs_installation(api_principal(req)) && !str_equal(id, STORE_TENANT))
		return true;
	api_fail(req, API_FORBIDDEN, "status",
		 "A tenant is suspended by whoever runs the installation.");
	return false;
}

static void change(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"name", "status", "settings"};
	static const char *const statuses[] = {"active", "suspended"};
	auto_json json_t *body = body_object(req, fields, ARRAY_LEN(fields), false);
	const struct principal *by = api_principal(req);
	auto_free char *settings = NULL, *text = NULL;
	struct store_tenant_change row = {.id = http_request_param(req, "tenant_id"),
					  .at = clock_wall_us()};
	struct access_change *access;
	struct batch batch auto_batch = {0};

	if (!body)
		return;
	if (!may_see(by, row.id)) {
		api_fail(req, API_TENANT_NOT_FOUND, NULL, NULL);
		return;
	}
	if (!body_text(req, body, "name", MAX_NAME, &row.name) ||
	    !body_choice(req, body, "status", statuses, ARRAY_LEN(statuses), &row.status) ||
	    !take_settings(req, body, &settings) || !may_set_status(req, row.id, row.status))
		return;
	row.settings = settings;
	text = json_text(body);
	store_tenant_update(&batch, &row);
	audit_add(&batch, by, "tenant.change", "tenant", row.id, text);
	access = access_change_new(arg, sizeof(*access), req, API_TENANT_NOT_FOUND);
	access->answer = json_pack("{s:s}", "id", row.id);
	access_change_run(access, &batch);
}

static void make(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"name", "owner_email"};
	struct platform *platform = arg;
	const struct principal *by = api_principal(req);
	auto_json json_t *body = NULL;
	const char *name = NULL, *email = NULL;
	auto_free char *address = NULL;
	struct batch batch auto_batch = {0};
	struct access_change *access;
	struct invitation invitation;
	char id[UUID_SIZE];

	if (!runs_installation(by)) {
		api_fail(req, API_FORBIDDEN, NULL,
			 "Tenants are made by owners of the first tenant.");
		return;
	}
	body = body_object(req, fields, ARRAY_LEN(fields), false);
	if (!body || !body_text(req, body, "name", MAX_NAME, &name) ||
	    !body_text(req, body, "owner_email", SIGNING_MAX_EMAIL, &email))
		return;
	if (!name) {
		api_fail(req, API_MISSING_FIELD, "name", "name is required.");
		return;
	}
	address = signing_email(req, email);
	if (!address)
		return;
	uuid_new(id);
	invitation_make(&invitation, platform->base_url);
	store_tenant_insert(&batch, id, name, clock_wall_us());
	audit_add(&batch, by, "tenant.create", "tenant", id, NULL);
	invitation_add(&batch, &invitation,
		       &(struct invitation_params){.tenant_id = id,
						   .kind = "join",
						   .email = address,
						   .role = ROLE_OWNER,
						   .by = by});
	access = access_change_new(platform, sizeof(*access), req, API_TENANT_NOT_FOUND);
	access->status = 201;
	access->answer = json_pack("{s:s,s:s,s:o}", "id", id, "name", name, "invitation",
				   invitation_view(&invitation, address, ROLE_OWNER));
	access_change_run(access, &batch);
}

void api_tenant_routes(struct platform *platform)
{
	struct http_server *server = platform->server;
	struct api *api = &platform->api;

	http_server_route(server, "GET", "/api/v1/brand", get_brand, platform);
	api_route(api, server, "GET", "/api/v1/tenants", PERM_TENANTS_READ, list, platform);
	api_route(api, server, "POST", "/api/v1/tenants", PERM_TENANTS_WRITE, make, platform);
	api_route(api, server, "GET", "/api/v1/tenants/{tenant_id}", PERM_TENANTS_READ, get,
		  platform);
	api_route(api, server, "PATCH", "/api/v1/tenants/{tenant_id}", PERM_TENANTS_WRITE, change,
		  platform);
}
