/* /api/v1/agents/{name}/...: versions, publish, rollback, diff. */
#include "core/mem.h"
#include "core/setting.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_server.h"
#include "platform/api/agent_priv.h"
#include "platform/api/body.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/query.h"
#include "platform/json_diff.h"
#include "platform/webhook.h"

#include <inttypes.h>
#include <string.h>

enum { DEFAULT_LIMIT = 50, MAX_LIMIT = 200 };

static void write_version(struct json_writer *writer, const struct db_result *result, size_t row,
			  int64_t published)
{
	int64_t number = db_get_int(result, row, STORE_VERSION_NUMBER);
	int64_t restored = db_get_int(result, row, STORE_VERSION_RESTORED_FROM);
	const char *config = db_get_text(result, row, STORE_VERSION_CONFIG);

	json_write_open(writer, NULL, '{');
	json_write_int(writer, "version", number);
	json_write_bool(writer, "published", number == published);
	if (config)
		json_write_raw(writer, "config", config, "null");
	json_write_str(writer, "note", db_get_text(result, row, STORE_VERSION_NOTE));
	if (restored)
		json_write_int(writer, "restored_from", restored);
	else
		json_write_str(writer, "restored_from", NULL);
	json_write_time(writer, "published_at", db_get_int(result, row, STORE_VERSION_AT));
	json_write_str(writer, "published_by", db_get_text(result, row, STORE_VERSION_BY));
	json_write_close(writer, '}');
}

/* ---- history ---- */

static void on_versions(struct api *api, struct http_request *req, struct db_result *const *results)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};
	auto_free char *cursor = NULL;
	int64_t limit = DEFAULT_LIMIT;
	size_t rows = db_rows(results[1]);

	if (!db_rows(results[0])) {
		api_fail(req, API_AGENT_NOT_FOUND, NULL, NULL);
		return;
	}
	query_int(req, "limit", 1, MAX_LIMIT, &limit);
	if (rows > (size_t)limit) {
		rows = (size_t)limit;
		cursor = mem_printf("%" PRId64,
				    db_get_int(results[1], rows - 1, STORE_VERSION_NUMBER));
	}
	json_write_open(&writer, NULL, '{');
	json_write_open(&writer, "versions", '[');
	for (size_t row = 0; row < rows; row++)
		write_version(&writer, results[1], row,
			      db_get_int(results[0], 0, STORE_AGENT_PUBLISHED_VERSION));
	json_write_close(&writer, ']');
	json_write_str(&writer, "next_cursor", cursor);
	json_write_close(&writer, '}');
	http_reply(req, 200, "application/json", body.data, body.len);
}

static void versions(struct http_request *req, void *arg)
{
	static const char *const names[] = {"limit", "cursor"};
	struct platform *platform = arg;
	const char *name = http_request_param(req, "name");
	int64_t limit = DEFAULT_LIMIT, before = 0;
	struct batch batch auto_batch = {0};

	if (!query_has_only(req, names, ARRAY_LEN(names)) ||
	    !query_int(req, "limit", 1, MAX_LIMIT, &limit) ||
	    !query_int(req, "cursor", 1, INT64_MAX, &before))
		return;
	store_agent_select(&batch, api_tenant(req), name);
	store_agent_version_list(&batch, api_tenant(req), name, before, limit + 1);
	query_run(&platform->api, req, &batch, on_versions);
}

static void on_version(struct api *api, struct http_request *req, struct db_result *const *results)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};

	if (!db_rows(results[0]) || !db_rows(results[1])) {
		api_fail(req, db_rows(results[0]) ? API_VERSION_NOT_FOUND : API_AGENT_NOT_FOUND,
			 NULL, NULL);
		return;
	}
	write_version(&writer, results[1], 0,
		      db_get_int(results[0], 0, STORE_AGENT_PUBLISHED_VERSION));
	http_reply(req, 200, "application/json", body.data, body.len);
}

static void version(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	const char *name = http_request_param(req, "name");
	struct batch batch auto_batch = {0};
	int64_t number;

	if (str_parse_int(&number, http_request_param(req, "version"), 1, INT64_MAX)) {
		api_fail(req, API_VERSION_NOT_FOUND, NULL, NULL);
		return;
	}
	store_agent_select(&batch, api_tenant(req), name);
	store_agent_version_select(&batch, api_tenant(req), name, number);
	query_lookup(&platform->api, req, &batch, on_version);
}

/* ---- publishing ---- */

/* False after answering. */
static bool check(struct agent_edit *edit, const char *text)
{
	const struct settings *settings = edit->task.platform->api.settings;
	auto_json json_t *config = NULL;
	struct agent *agent auto_unref = NULL;
	struct agent_fault fault = {.reason = "cannot be read"};

	if (!json_parse(&config, text, strlen(text), NULL) &&
	    !agent_parse(&agent, edit->name, 0, config, &fault) &&
	    !agent_check(agent, settings->embedded_engine ? settings->flows_dir : NULL, &fault))
		return true;
	agent_fail_fault(edit->task.req, &fault);
	return false;
}

static void tell(struct agent_edit *edit, struct batch *batch,
		 const struct store_agent_change *change, const struct store_agent_version *version)
{
	auto_json json_t *data = json_object();
	struct webhook_event event = {
		.tenant_id = change->tenant_id,
		.type = version->restored_from ? "agent.rolled_back" : "agent.published",
		.at = change->at,
	};

	json_set_str(data, "name", change->name);
	json_set_int(data, "version", version->version);
	json_object_set_new(data, "restored_from",
			    version->restored_from ? json_integer(version->restored_from)
						   : json_null());
	json_set_str(data, "note", version->note);
	json_set_str(data, "published_by", change->by);
	event.data = batch_own(batch, json_text(data));
	edit->told = webhook_tell(batch, &event);
}

static void add_version(struct agent_edit *edit, const struct db_result *agent, const char *config,
			int64_t restored_from)
{
	struct batch batch auto_batch = {0};
	struct store_agent_change change = agent_edit_change(edit);
	struct store_agent_version version = {
		.revision = edit->revision ? edit->revision
					   : db_get_int(agent, 0, STORE_AGENT_REVISION),
		.version = db_get_int(agent, 0, STORE_AGENT_LAST_VERSION) + 1,
		.restored_from = restored_from,
		.config = config,
		.note = edit->note,
	};

	store_agent_publish(&batch, &change, &version);
	tell(edit, &batch, &change, &version);
	agent_edit_run(edit, &batch);
}

static void publish_read(struct agent_edit *edit, struct db_result *const *results)
{
	const char *draft = db_get_text(results[0], 0, STORE_AGENT_DRAFT);

	if (draft && check(edit, draft)) {
		add_version(edit, results[0], draft, 0);
		return;
	}
	if (!draft)
		api_fail(edit->task.req, API_NO_DRAFT, NULL, NULL);
	agent_edit_end(edit);
}

static void publish(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"note", "revision"};
	json_t *body = body_object(req, fields, ARRAY_LEN(fields), true);
	struct batch batch auto_batch = {0};
	struct agent_edit *edit =
		body ? agent_edit_new(arg, req, body, http_request_param(req, "name")) : NULL;

	if (!edit)
		return;
	edit->action = "agent.publish";
	store_agent_select(&batch, edit->task.tenant_id, edit->name);
	agent_edit_read(edit, &batch, publish_read);
}

static void rollback_read(struct agent_edit *edit, struct db_result *const *results)
{
	const char *config = db_get_text(results[1], 0, STORE_VERSION_CONFIG);

	if (!config)
		api_fail(edit->task.req, API_VERSION_NOT_FOUND, "version", NULL);
	else if (edit->version == db_get_int(results[0], 0, STORE_AGENT_PUBLISHED_VERSION))
		api_fail(edit->task.req, API_IS_PUBLISHED, "version", NULL);
	else if (check(edit, config)) {
		add_version(edit, results[0], config, edit->version);
		return;
	}
	agent_edit_end(edit);
}

static void rollback(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"version", "note", "revision"};
	json_t *body = body_object(req, fields, ARRAY_LEN(fields), false);
	struct batch batch auto_batch = {0};
	struct agent_edit *edit;
	int64_t number = 0;

	if (!body)
		return;
	if (!body_int(req, body, "version", 1, INT64_MAX, &number) || !number) {
		/* An answer that was given already stays. */
		if (!json_object_get(body, "version"))
			api_fail(req, API_MISSING_FIELD, "version", "version is required.");
		json_decref(body);
		return;
	}
	edit = agent_edit_new(arg, req, body, http_request_param(req, "name"));
	if (!edit)
		return;
	edit->version = number;
	edit->action = "agent.rollback";
	store_agent_select(&batch, edit->task.tenant_id, edit->name);
	store_agent_version_select(&batch, edit->task.tenant_id, edit->name, number);
	agent_edit_read(edit, &batch, rollback_read);
}

/* ---- differences ---- */

/* What from or to names: "draft", "published", "built_in" or a version. */
struct side {
	const char *name;
	int64_t version; /* 0 for a word */
};

static bool read_side(struct http_request *req, const char *field, const char *otherwise,
		      struct side *side)
{
	side->name = form_get(http_request_query(req), field);
	side->version = 0;
	if (str_is_empty(side->name))
		side->name = otherwise;
	if (str_equal(side->name, "draft") || str_equal(side->name, "published") ||
	    str_equal(side->name, "built_in") ||
	    !str_parse_int(&side->version, side->name, 1, INT64_MAX))
		return true;
	api_fail(req, API_INVALID_FIELD, field,
		 "%s must be a version's number, draft, published or built_in.", field);
	return false;
}

static bool read_sides(struct http_request *req, struct side sides[2])
{
	static const char *const names[] = {"from", "to"};

	return query_has_only(req, names, ARRAY_LEN(names)) &&
	       read_side(req, "from", "published", &sides[0]) &&
	       read_side(req, "to", "draft", &sides[1]);
}

/* A new reference, or NULL when there is no such configuration. */
static json_t *config_of(const struct side *side, const struct agent *built_in,
			 const struct db_result *agent, const struct db_result *version)
{
	const char *text = NULL;

	if (str_equal(side->name, "built_in"))
		return built_in ? json_incref(built_in->config) : NULL;
	if (str_equal(side->name, "draft"))
		text = db_get_text(agent, 0, STORE_AGENT_DRAFT);
	else if (str_equal(side->name, "published"))
		text = db_get_text(agent, 0, STORE_AGENT_CONFIG);
	else
		text = db_get_text(version, 0, STORE_VERSION_CONFIG);
	return text ? json_loads(text, 0, NULL) : NULL;
}

static void on_diff(struct api *api, struct http_request *req, struct db_result *const *results)
{
	const struct agent *built_in =
		agent_find(platform_of(api)->agents, http_request_param(req, "name"));
	auto_json json_t *from = NULL, auto_json *to = NULL, auto_json *answer = NULL;
	struct side sides[2];

	if (!db_rows(results[0])) {
		api_fail(req, API_AGENT_NOT_FOUND, NULL, NULL);
		return;
	}
	if (!read_sides(req, sides))
		return;
	from = config_of(&sides[0], built_in, results[0], results[1]);
	to = config_of(&sides[1], built_in, results[0], results[2]);
	if (!from || !to) {
		api_fail(req, API_VERSION_NOT_FOUND, from ? "to" : "from",
			 "The agent has no such configuration: %.32s.", sides[from ? 1 : 0].name);
		return;
	}
	answer = json_object();
	json_set_str(answer, "from", sides[0].name);
	json_set_str(answer, "to", sides[1].name);
	json_object_set_new(answer, "changes", json_diff(from, to));
	http_reply_json(req, 200, answer);
}

static void diff(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	const char *name = http_request_param(req, "name");
	struct batch batch auto_batch = {0};
	struct side sides[2];

	if (!read_sides(req, sides))
		return;
	store_agent_select(&batch, api_tenant(req), name);
	store_agent_version_select(&batch, api_tenant(req), name, sides[0].version);
	store_agent_version_select(&batch, api_tenant(req), name, sides[1].version);
	query_lookup(&platform->api, req, &batch, on_diff);
}

void api_agent_version_routes(struct platform *platform)
{
	struct api *api = &platform->api;
	struct http_server *server = platform->server;

	api_route(api, server, "GET", "/api/v1/agents/{name}/versions", PERM_AGENTS_READ, versions,
		  platform);
	api_route(api, server, "GET", "/api/v1/agents/{name}/versions/{version}", PERM_AGENTS_READ,
		  version, platform);
	api_route(api, server, "POST", "/api/v1/agents/{name}/publish", PERM_AGENTS_WRITE, publish,
		  platform);
	api_route(api, server, "POST", "/api/v1/agents/{name}/rollback", PERM_AGENTS_WRITE,
		  rollback, platform);
	api_route(api, server, "GET", "/api/v1/agents/{name}/diff", PERM_AGENTS_READ, diff,
		  platform);
}
