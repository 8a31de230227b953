/* GET /api/v1/audit: who changed what, newest first. */
#include "core/json_writer.h"
#include "core/mem.h"
#include "http/http_server.h"
#include "platform/api/cursor.h"
#include "platform/api/guard.h"
#include "platform/api/query.h"
#include "platform/api/read.h"
#include "platform/store/audit_log.h"

enum { DEFAULT_LIMIT = 50, MAX_LIMIT = 200, MAX_NAME = 64 };

static void write_entry(struct json_writer *writer, const struct db_result *result, size_t row)
{
	json_write_open(writer, NULL, '{');
	json_write_str(writer, "id", db_get_text(result, row, 0));
	json_write_time(writer, "at", db_get_int(result, row, 1));
	json_write_str(writer, "actor_kind", db_get_text(result, row, 2));
	json_write_str(writer, "actor_id", db_get_text(result, row, 3));
	json_write_str(writer, "action", db_get_text(result, row, 4));
	json_write_str(writer, "object_kind", db_get_text(result, row, 5));
	json_write_str(writer, "object_id", db_get_text(result, row, 6));
	json_write_raw(writer, "detail", db_get_text(result, row, 7), "{}");
	json_write_str(writer, "remote", db_get_text(result, row, 8));
	json_write_close(writer, '}');
}

static void on_page(struct api *api, struct http_request *req, struct db_result *const *results)
{
	static const struct query_page page = {
		.name = "entries",
		.default_limit = DEFAULT_LIMIT,
		.max_limit = MAX_LIMIT,
		.id_column = 0,
		.writeh = write_entry,
	};

	query_reply_page(req, results[0], &page);
}

void audit_list(struct http_request *req, void *arg)
{
	static const char *const names[] = {"limit",     "cursor",   "action", "object_kind",
					    "object_id", "actor_id", "from",   "to"};
	struct store_audit_filter filter = {.tenant_id = api_tenant(req), .limit = DEFAULT_LIMIT};
	struct batch batch auto_batch = {0};

	if (!query_has_only(req, names, ARRAY_LEN(names)) ||
	    !query_int(req, "limit", 1, MAX_LIMIT, &filter.limit) ||
	    !query_period(req, &filter.from, &filter.to) ||
	    !query_text(req, "action", MAX_NAME, &filter.action) ||
	    !query_text(req, "object_kind", MAX_NAME, &filter.object_kind) ||
	    !query_text(req, "object_id", MAX_NAME, &filter.object_id) ||
	    !query_text(req, "actor_id", MAX_NAME, &filter.actor_id) ||
	    !cursor_read_id(req, &filter.before_id))
		return;
	filter.limit++; /* one more than the page tells whether there is another */
	store_audit_list(&batch, &filter);
	query_run(arg, req, &batch, on_page);
}
