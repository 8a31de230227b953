/*
 * /api/v1/agents: the tenant's agents and the built-in ones; made, drafted, deleted. docs/agents.md
 * shows it to users; publishing is in agent_version.c.
 */
#include "core/mem.h"
#include "core/str.h"
#include "http/form.h"
#include "http/http_server.h"
#include "platform/api/agent_priv.h"
#include "platform/api/body.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/query.h"

#include <errno.h>
#include <string.h>

enum { DEFAULT_LIMIT = 50, MAX_LIMIT = 200 };

/* ---- how an agent looks ---- */

static void write_brief(struct json_writer *writer, const json_t *config)
{
	const char *flow = json_get_str(config, "flow", NULL);

	json_write_str(writer, "description", json_get_str(config, "description", NULL));
	json_write_str(writer, "model", json_get_str(config, "model", NULL));
	json_write_str(writer, "flow", flow);
}

static void write_version(struct json_writer *writer, const char *key, int64_t number)
{
	if (number)
		json_write_int(writer, key, number);
	else
		json_write_str(writer, key, NULL);
}

static void write_published(struct json_writer *writer, const struct db_result *result, size_t row)
{
	if (!db_get_int(result, row, STORE_AGENT_PUBLISHED_VERSION)) {
		json_write_str(writer, "published", NULL);
		return;
	}
	json_write_open(writer, "published", '{');
	json_write_int(writer, "version", db_get_int(result, row, STORE_AGENT_PUBLISHED_VERSION));
	json_write_raw(writer, "config", db_get_text(result, row, STORE_AGENT_CONFIG), "null");
	json_write_str(writer, "note", db_get_text(result, row, STORE_AGENT_NOTE));
	write_version(writer, "restored_from", db_get_int(result, row, STORE_AGENT_RESTORED_FROM));
	json_write_time(writer, "published_at", db_get_int(result, row, STORE_AGENT_PUBLISHED_AT));
	json_write_str(writer, "published_by", db_get_text(result, row, STORE_AGENT_PUBLISHED_BY));
	json_write_close(writer, '}');
}

static void write_draft(struct json_writer *writer, const struct db_result *result, size_t row)
{
	const char *draft = db_get_text(result, row, STORE_AGENT_DRAFT);

	if (!draft) {
		json_write_str(writer, "draft", NULL);
		return;
	}
	json_write_open(writer, "draft", '{');
	json_write_raw(writer, "config", draft, "null");
	json_write_close(writer, '}');
}

void agent_write_stored(struct json_writer *writer, const struct db_result *result, size_t row,
			bool brief)
{
	const char *published = db_get_text(result, row, STORE_AGENT_CONFIG);
	const char *draft = db_get_text(result, row, STORE_AGENT_DRAFT);
	const char *shown = published ? published : draft;
	auto_json json_t *config = shown ? json_loads(shown, 0, NULL) : NULL;

	json_write_open(writer, NULL, '{');
	json_write_str(writer, "name", db_get_text(result, row, STORE_AGENT_NAME));
	json_write_str(writer, "source", "stored");
	write_brief(writer, config);
	write_version(writer, "published_version",
		      db_get_int(result, row, STORE_AGENT_PUBLISHED_VERSION));
	json_write_bool(writer, "has_draft", draft != NULL);
	json_write_int(writer, "revision", db_get_int(result, row, STORE_AGENT_REVISION));
	json_write_time(writer, "created_at", db_get_int(result, row, STORE_AGENT_CREATED_AT));
	json_write_time(writer, "updated_at", db_get_int(result, row, STORE_AGENT_UPDATED_AT));
	json_write_str(writer, "updated_by", db_get_text(result, row, STORE_AGENT_UPDATED_BY));
	if (!brief) {
		write_published(writer, result, row);
		write_draft(writer, result, row);
	}
	json_write_close(writer, '}');
}

void agent_write_built_in(struct json_writer *writer, const struct agent *agent, bool brief)
{
	json_write_open(writer, NULL, '{');
	json_write_str(writer, "name", agent->name);
	json_write_str(writer, "source", "built_in");
	write_brief(writer, agent->config);
	json_write_str(writer, "published_version", NULL);
	json_write_bool(writer, "has_draft", false);
	json_write_str(writer, "revision", NULL);
	json_write_str(writer, "created_at", NULL);
	json_write_str(writer, "updated_at", NULL);
	json_write_str(writer, "updated_by", NULL);
	if (!brief) {
		json_write_open(writer, "published", '{');
		json_write_str(writer, "version", NULL);
		json_write_json(writer, "config", agent->config);
		json_write_close(writer, '}');
		json_write_str(writer, "draft", NULL);
	}
	json_write_close(writer, '}');
}

/* ---- list: both kinds in order of their names; a stored one hides the built-in of its name ----
 */

struct merge {
	struct json_writer writer;
	const struct db_result *stored;
	const struct agent_set *built_in;
	size_t row, rows, index;
	const char *last;
};

/* Write the next of the two; false when neither has one. */
static bool write_next(struct merge *merge)
{
	const struct agent *agent = merge->index < agent_count(merge->built_in)
					    ? agent_at(merge->built_in, merge->index)
					    : NULL;
	const char *name = merge->row < merge->rows
				   ? db_get_text(merge->stored, merge->row, STORE_AGENT_NAME)
				   : NULL;
	int order;

	if (!agent && !name)
		return false;
	order = !agent ? -1 : !name ? 1 : strcmp(name, agent->name);
	if (order <= 0)
		agent_write_stored(&merge->writer, merge->stored, merge->row++, true);
	else
		agent_write_built_in(&merge->writer, agent, true);
	if (order >= 0)
		merge->index++;
	merge->last = order <= 0 ? name : agent->name;
	return true;
}

static void on_list(struct api *api, struct http_request *req, struct db_result *const *results)
{
	struct buf auto_buf body = {0};
	const struct platform *platform = platform_of(api);
	struct merge merge = {
		.writer.out = &body,
		.stored = results[0],
		.rows = db_rows(results[0]),
		.built_in = platform->agents,
	};
	const char *after = form_get(http_request_query(req), "cursor");
	int64_t limit = DEFAULT_LIMIT, written = 0;
	bool more = true;

	query_int(req, "limit", 1, MAX_LIMIT, &limit);
	while (after && merge.index < agent_count(merge.built_in) &&
	       strcmp(agent_at(merge.built_in, merge.index)->name, after) <= 0)
		merge.index++;
	json_write_open(&merge.writer, NULL, '{');
	json_write_open(&merge.writer, "agents", '[');
	while (written < limit && (more = write_next(&merge)))
		written++;
	if (more)
		more = merge.row < merge.rows || merge.index < agent_count(merge.built_in);
	json_write_close(&merge.writer, ']');
	json_write_str(&merge.writer, "next_cursor", more ? merge.last : NULL);
	json_write_close(&merge.writer, '}');
	http_reply(req, 200, "application/json", body.data, body.len);
}

static void list(struct http_request *req, void *arg)
{
	static const char *const names[] = {"limit", "cursor"};
	struct platform *platform = arg;
	const char *cursor = NULL;
	int64_t limit = DEFAULT_LIMIT;
	struct batch batch auto_batch = {0};

	if (!query_has_only(req, names, ARRAY_LEN(names)) ||
	    !query_int(req, "limit", 1, MAX_LIMIT, &limit) ||
	    !query_text(req, "cursor", AGENT_NAME_SIZE - 1, &cursor))
		return;
	store_agent_list(&batch, api_tenant(req), cursor ? cursor : "", limit + 1);
	query_run(&platform->api, req, &batch, on_list);
}

/* ---- one ---- */

static void on_get(struct api *api, struct http_request *req, struct db_result *const *results)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};
	const struct agent *built_in =
		agent_find(platform_of(api)->agents, http_request_param(req, "name"));

	if (db_rows(results[0])) {
		agent_write_stored(&writer, results[0], 0, false);
	} else if (built_in) {
		agent_write_built_in(&writer, built_in, false);
	} else {
		api_fail(req, API_AGENT_NOT_FOUND, NULL, NULL);
		return;
	}
	http_reply(req, 200, "application/json", body.data, body.len);
}

static void get(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	struct batch batch auto_batch = {0};

	store_agent_select(&batch, api_tenant(req), http_request_param(req, "name"));
	query_lookup(&platform->api, req, &batch, on_get);
}

/* ---- drafts ---- */

/* The body's configuration as text, checked; NULL: answered. Owned by the caller. */
static char *take_config(struct http_request *req, const json_t *body, const char *name)
{
	json_t *config = json_object_get(body, "config");
	struct agent *agent auto_unref = NULL;
	struct agent_fault fault;

	if (!config) {
		api_fail(req, API_MISSING_FIELD, "config", "config is required.");
		return NULL;
	}
	if (agent_parse(&agent, name, 0, config, &fault)) {
		agent_fail_fault(req, &fault);
		return NULL;
	}
	return json_text(config);
}

static void create(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"name", "config"};
	json_t *body = body_object(req, fields, ARRAY_LEN(fields), false);
	const char *name = json_get_str(body, "name", "");
	struct batch batch auto_batch = {0};
	struct store_agent_change change;
	auto_free char *draft = NULL;
	struct agent_edit *edit;

	if (!body)
		return;
	if (!agent_name_is_valid(name))
		api_fail(req, API_INVALID_FIELD, "name",
			 "name must be 1 to 64 letters, digits, '-' and '_'.");
	else
		draft = take_config(req, body, name);
	if (!draft) {
		json_decref(body);
		return;
	}
	edit = agent_edit_new(arg, req, body, name);
	if (!edit)
		return;
	edit->status = 201;
	edit->action = "agent.create";
	change = agent_edit_change(edit);
	store_agent_insert(&batch, &change, draft);
	agent_edit_run(edit, &batch);
}

static void replace_draft(struct http_request *req, void *arg)
{
	static const char *const fields[] = {"config", "revision"};
	json_t *body = body_object(req, fields, ARRAY_LEN(fields), false);
	const char *name = http_request_param(req, "name");
	auto_free char *draft = body ? take_config(req, body, name) : NULL;
	struct batch batch auto_batch = {0};
	struct store_agent_change change;
	struct agent_edit *edit;

	if (!draft) {
		json_decref(body);
		return;
	}
	edit = agent_edit_new(arg, req, body, name);
	if (!edit)
		return;
	edit->action = "agent.draft";
	change = agent_edit_change(edit);
	store_agent_draft(&batch, &change, draft, edit->revision);
	agent_edit_run(edit, &batch);
}

static void drop_draft(struct http_request *req, void *arg)
{
	struct agent_edit *edit =
		agent_edit_new(arg, req, json_object(), http_request_param(req, "name"));
	struct batch batch auto_batch = {0};
	struct store_agent_change change;

	if (!edit)
		return;
	edit->action = "agent.drop_draft";
	change = agent_edit_change(edit);
	store_agent_draft(&batch, &change, NULL, 0);
	agent_edit_run(edit, &batch);
}

/* ---- the end of one ---- */

static void delete_read(struct agent_edit *edit, struct db_result *const *results)
{
	struct batch batch auto_batch = {0};
	struct store_agent_change change = agent_edit_change(edit);

	edit->revision = db_get_int(results[0], 0, STORE_AGENT_REVISION);
	store_agent_delete(&batch, &change, edit->revision);
	agent_edit_run(edit, &batch);
}

static void delete_agent(struct http_request *req, void *arg)
{
	struct agent_edit *edit =
		agent_edit_new(arg, req, json_object(), http_request_param(req, "name"));
	struct batch batch auto_batch = {0};

	if (!edit)
		return;
	edit->action = "agent.delete";
	store_agent_select(&batch, edit->task.tenant_id, edit->name);
	agent_edit_read(edit, &batch, delete_read);
}

void api_agent_routes(struct platform *platform)
{
	struct api *api = &platform->api;
	struct http_server *server = platform->server;

	api_route(api, server, "GET", "/api/v1/agents", PERM_AGENTS_READ, list, platform);
	api_route(api, server, "POST", "/api/v1/agents", PERM_AGENTS_WRITE, create, platform);
	api_route(api, server, "GET", "/api/v1/agents/{name}", PERM_AGENTS_READ, get, platform);
	api_route(api, server, "PUT", "/api/v1/agents/{name}", PERM_AGENTS_WRITE, replace_draft,
		  platform);
	api_route(api, server, "DELETE", "/api/v1/agents/{name}", PERM_AGENTS_WRITE, delete_agent,
		  platform);
	api_route(api, server, "DELETE", "/api/v1/agents/{name}/draft", PERM_AGENTS_WRITE,
		  drop_draft, platform);
	api_agent_version_routes(platform);
}
