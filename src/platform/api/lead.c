/* /api/v1/leads: what visitors of web sites sent, for those who work with it (docs/leads.md). */
#include "platform/lead.h"

#include "core/mem.h"
#include "http/http_server.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/lead_priv.h"
#include "platform/api/query.h"
#include "platform/audit.h"
#include "platform/platform_priv.h"

#include <errno.h>

enum { DEFAULT_LIMIT = 50, MAX_LIMIT = 200 };

static void write_row(struct json_writer *writer, const struct db_result *result, size_t row)
{
	struct lead lead;

	store_lead_borrow(&lead, result, row);
	json_write_open(writer, NULL, '{');
	lead_write(writer, &lead);
	json_write_close(writer, '}');
}

/* ---- all ---- */

static char *cursor_of(const struct db_result *result, size_t row)
{
	struct lead lead;

	store_lead_borrow(&lead, result, row);
	return cursor_make(lead.created_at, lead.id);
}

static void on_list(struct api *api, struct http_request *req, struct db_result *const *results)
{
	static const struct query_page page = {"leads", DEFAULT_LIMIT, MAX_LIMIT, write_row,
					       cursor_of};

	query_reply_page(req, results[0], &page);
}

static void list(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	struct lead_filter page = {.filter.limit = DEFAULT_LIMIT};
	struct batch batch auto_batch = {0};

	if (!lead_filter_read(req, &page, MAX_LIMIT))
		return;
	page.filter.limit++;
	store_lead_list(&batch, &page.filter);
	query_run(&platform->api, req, &batch, on_list);
}

/* ---- one ---- */

static void on_get(struct api *api, struct http_request *req, struct db_result *const *results)
{
	struct buf auto_buf body = {0};
	struct json_writer writer = {.out = &body};

	if (!db_rows(results[0])) {
		api_fail(req, API_LEAD_NOT_FOUND, NULL, NULL);
		return;
	}
	write_row(&writer, results[0], 0);
	http_reply(req, 200, "application/json", body.data, body.len);
}

static void get(struct http_request *req, void *arg)
{
	struct platform *platform = arg;
	struct batch batch auto_batch = {0};

	store_lead_select(&batch, api_tenant(req), http_request_param(req, "lead_id"));
	query_lookup(&platform->api, req, &batch, on_get);
}

static void on_deleted(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct task *task = arg;

	if (err == -EAGAIN)
		api_fail(task->req, API_LEAD_NOT_FOUND, NULL, NULL);
	else if (err)
		api_fail_errno(task->req, err);
	else
		http_reply(task->req, 204, NULL, NULL, 0);
	task_end(task);
}

static void delete_lead(struct http_request *req, void *arg)
{
	struct task *task = task_for_request(arg, sizeof(*task), "lead", req, NULL);
	const char *id = http_request_param(req, "lead_id");
	struct batch batch auto_batch = {0};

	batch.statements[store_lead_delete(&batch, task->tenant_id, id)].expect_rows = 1;
	audit_add(&batch, api_principal(req), "lead.delete", "lead", id, NULL);
	batch_run(&batch, NULL, task->platform->api.db, on_deleted, task);
}

void api_lead_routes(struct platform *platform)
{
	struct http_server *server = platform->server;
	struct api *api = &platform->api;
	static const char leads[] = "/api/v1/leads";
	static const char lead[] = "/api/v1/leads/{lead_id}";

	http_server_open_route(server, "POST", leads, lead_post, lead_preflight, platform);
	api_route(api, server, "GET", leads, PERM_LEADS_READ, list, platform);
	api_route(api, server, "GET", "/api/v1/leads/export.csv", PERM_LEADS_READ, lead_csv,
		  platform);
	api_route(api, server, "GET", lead, PERM_LEADS_READ, get, platform);
	api_route(api, server, "DELETE", lead, PERM_LEADS_WRITE, delete_lead, platform);
}
