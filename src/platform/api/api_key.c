/*
 * /api/v1/keys: GET keys, keys/{id}; POST keys makes one and says it, this once; DELETE keys/{id}
 * revokes it. A key is for a program: it has some of its maker's permissions, and an end.
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
#include "platform/audit.h"
#include "platform/auth_key.h"
#include "platform/store/api_key.h"

#include <string.h>

enum { DEFAULT_LIMIT = 50, MAX_LIMIT = 200, MAX_NAME = 120, DEFAULT_DAYS = 90, MAX_DAYS = 3650 };

static void write_key(struct json_writer *writer, const struct db_result *result, size_t row)
{
	json_write_open(writer, NULL, '{');
	json_write_str(writer, "id", db_get_text(result, row, STORE_KEY_ID));
	json_write_str(writer, "name", db_get_text(result, row, STORE_KEY_NAME));
	json_write_str(writer, "prefix", db_get_text(result, row, STORE_KEY_PREFIX));
	json_write_raw(writer, "scopes", db_get_text(result, row, STORE_KEY_SCOPES), "[]");
	json_write_str(writer, "created_by", db_get_text(result, row, STORE_KEY_CREATED_BY));
	json_write_time(writer, "created_at", db_get_int(result, row, STORE_KEY_CREATED_AT));
	json_write_time(writer, "expires_at", db_get_int(result, row, STORE_KEY_EXPIRES_AT));
	json_write_time(writer, "last_used_at", db_get_int(result, row, STORE_KEY_LAST_USED_AT));
	json_write_time(writer, "revoked_at", db_get_int(result, row, STORE_KEY_REVOKED_AT));
	json_write_close(writer, '}');
}

static void on_list(struct api *api, struct http_request *req, struct db_result *const *results)
{
	static const struct query_page page = {
		.name = "keys",
		.default_limit = DEFAULT_LIMIT,
		.max_limit = MAX_LIMIT,
		.id_column = STORE_KEY_ID,
		.writeh = write_key,
	};

	query_reply_page(req, results[0], &page);
}

static void list(struct http_request *req, void *arg)
{
	static const char *const names[] = {"limit", "cursor"};
	struct platform *platform = arg;
	struct batch batch auto_batch = {0};
	int64_t limit = DEFAULT_LIMIT;
	const char *before = NULL;

	if (!query_has_only(req, names, ARRAY_LEN(names)) ||
	    !query_int(req, "limit", 1, MAX_LIMIT, &limit) ||
	    !query_text(req, "cursor", UUID_SIZE - 1, &before))
		return;
	store_api_key_list(&batch, api_tenant(req), before, limit + 1);
	query_run(&platform->api, req, &batch, on_list);
}

static void on_key(struct api *api, struct http_request *req, struct db_result *const *results)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};

	if (!db_rows(results[0])) {
		api_fail(req, API_API_KEY_NOT_FOUND, NULL, NULL);
		return;
	}
	write_key(&writer, results[0], 0);
	http_reply(req, 200, "application/json", body.data, body.len);
}

static void get(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	struct batch batch auto_batch = {0};

	store_api_key_select(&batch, api_tenant(req), http_request_param(req, "key_id"));
	query_run(&platform->api, req, &batch, on_key);
}

/* ---- making one ---- */

/* False after answering. Nobody gives away what they do not have. */
static bool take_scopes(struct http_request *req, const json_t *scopes)
{
	const struct principal *by = api_principal(req);
	enum permission permission;

	if (!json_is_array(scopes) || !json_array_size(scopes) ||
	    json_array_size(scopes) > PERMISSION_COUNT) {
		api_fail(req, scopes ? API_INVALID_FIELD : API_MISSING_FIELD, "scopes",
			 "scopes must be a list of permissions, such as [\"calls:read\"].");
		return false;
	}
	for (size_t i = 0; i < json_array_size(scopes); i++) {
		const char *name = json_string_value(json_array_get(scopes, i));

		if (!name || permission_parse(&permission, name)) {
			api_fail(req, API_INVALID_FIELD, "scopes",
				 "There is no permission \"%.64s\".", name ? name : "");
			return false;
		}
		if (!principal_may(by, permission)) {
			api_fail(req, API_FORBIDDEN, "scopes", "You do not have %s yourself.",
				 name);
			return false;
		}
	}
	return true;
}

static void make(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"name", "scopes", "expires_in_days"};
	auto_json json_t *body = body_object(req, fields, ARRAY_LEN(fields), false);
	const struct principal *by = api_principal(req);
	char id[UUID_SIZE], prefix[AUTH_KEY_PREFIX_LEN + 1], key[AUTH_KEY_SIZE];
	char hash[AUTH_HASH_SIZE];
	auto_free char *scopes = NULL;
	int64_t days = DEFAULT_DAYS, now = clock_wall_us();
	const char *name = NULL;
	struct store_api_key row;
	struct access_change *access;
	struct batch batch auto_batch = {0};

	if (!body || !body_text(req, body, "name", MAX_NAME, &name) ||
	    !body_int(req, body, "expires_in_days", 1, MAX_DAYS, &days) ||
	    !take_scopes(req, json_object_get(body, "scopes")))
		return;
	if (!name) {
		api_fail(req, API_MISSING_FIELD, "name", "name is required.");
		return;
	}
	uuid_new(id);
	auth_key_make(key, prefix);
	auth_hash(hash, key);
	scopes = json_text(json_object_get(body, "scopes"));
	row = (struct store_api_key){
		.tenant_id = by->tenant_id,
		.id = id,
		.name = name,
		.prefix = prefix,
		.key_hash = hash,
		.scopes = scopes,
		.created_by = by->user_id,
		.created_at = now,
		.expires_at = now + days * 24 * 3600 * 1000000ll,
	};
	store_api_key_insert(&batch, &row);
	audit_add(&batch, by, "api_key.create", "api_key", id, NULL);
	access = access_change_new(arg, sizeof(*access), req, API_API_KEY_NOT_FOUND);
	access->status = 201;
	access->answer = json_pack("{s:s,s:s,s:s,s:s,s:O}", "id", id, "name", name, "prefix",
				   prefix, "key", key, "scopes", json_object_get(body, "scopes"));
	json_set_time(access->answer, "expires_at", row.expires_at);
	access_change_run(access, &batch);
}

static void revoke(struct http_request *req, void *arg)
{
	const struct principal *by = api_principal(req);
	const char *id = http_request_param(req, "key_id");
	struct access_change *access;
	struct batch batch auto_batch = {0};

	store_api_key_revoke(&batch, by->tenant_id, id, clock_wall_us());
	audit_add(&batch, by, "api_key.revoke", "api_key", id, NULL);
	access = access_change_new(arg, sizeof(*access), req, API_API_KEY_NOT_FOUND);
	access_change_run(access, &batch);
}

void api_key_routes(struct platform *platform)
{
	struct http_server *server = platform->server;
	struct api *api = &platform->api;

	api_route(api, server, "GET", "/api/v1/keys", PERM_KEYS_READ, list, platform);
	api_route(api, server, "POST", "/api/v1/keys", PERM_KEYS_WRITE, make, platform);
	api_route(api, server, "GET", "/api/v1/keys/{key_id}", PERM_KEYS_READ, get, platform);
	api_route(api, server, "DELETE", "/api/v1/keys/{key_id}", PERM_KEYS_WRITE, revoke,
		  platform);
}
