#include "platform/api/csv.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/timestamp.h"
#include "http/http_server.h"
#include "platform/api/api.h"
#include "platform/api/error.h"

#include <string.h>

/* ---- cells ---- */

/* A spreadsheet takes what begins so for a formula, also when it is somebody's words. */
static bool is_formula(char first)
{
	return first && strchr("=+-@\t\r", first);
}

static void append_cell(struct buf *out, const char *text)
{
	if (str_is_empty(text))
		return;
	if (!is_formula(text[0]) && !strpbrk(text, ",\"\r\n")) {
		buf_append_str(out, text);
		return;
	}
	buf_append_char(out, '"');
	if (is_formula(text[0]))
		buf_append_char(out, '\'');
	for (const char *c = text; *c; c++) {
		if (*c == '"')
			buf_append_char(out, '"');
		buf_append_char(out, *c);
	}
	buf_append_char(out, '"');
}

void csv_text(struct buf *out, const char *text)
{
	append_cell(out, text);
	buf_append_char(out, ',');
}

void csv_last(struct buf *out, const char *text)
{
	append_cell(out, text);
	buf_append_str(out, "\r\n");
}

void csv_int(struct buf *out, int64_t value)
{
	buf_append_int(out, value);
	buf_append_char(out, ',');
}

void csv_bool(struct buf *out, bool value)
{
	buf_append_str(out, value ? "true," : "false,");
}

void csv_time(struct buf *out, int64_t at)
{
	char text[TIMESTAMP_SIZE] = "";

	if (at)
		timestamp_iso(text, at);
	csv_text(out, text);
}

/* ---- the file ---- */

struct export
{
	struct csv_export_params params;
	struct api *api;
	struct http_request *req; /* until the answer has begun */
	struct http_body *body;   /* waiting for a piece, or NULL */
	struct db_request *query;
	struct buf piece;
	bool over; /* no further page */
};

static void read_page(struct export *export);

static void export_destroy(void *data)
{
	struct export *export = data;

	mem_unref(export->query);
	mem_unref(export->req);
	mem_unref(export->params.arg);
	buf_free(&export->piece);
}

static void give(struct export *export)
{
	struct http_body *body = export->body;

	export->body = NULL;
	if (export->piece.len)
		http_body_give(body, export->piece.data, export->piece.len);
	else
		http_body_end(body);
	buf_clear(&export->piece);
}

static void on_more(struct http_body *body, uint64_t offset, size_t len, void *arg)
{
	struct export *export = arg;

	export->body = body;
	if (export->piece.len || export->over)
		give(export);
	else
		read_page(export);
}

static void begin_answer(struct export *export)
{
	struct http_request *req = export->req;
	auto_free char *disposition =
		mem_printf("attachment; filename=\"%s\"", export->params.file_name);

	export->req = NULL;
	http_reply_header(req, "Content-Disposition", disposition);
	http_reply_header(req, "Cache-Control", "no-store");
	http_reply_stream(req, "text/csv; charset=utf-8; header=present", on_more, export);
	mem_unref(req);
}

static void on_page(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct export *export = arg;

	export->query = mem_unref(export->query);
	if (err && export->req) {
		api_fail_errno(export->req, err);
		mem_unref(export);
		return;
	}
	if (err) {
		http_body_fail(export->body);
		return;
	}
	export->over = !export->params.rowsh(&export->piece, results, export->params.arg);
	if (export->req)
		begin_answer(export);
	else if (export->piece.len || export->over)
		give(export);
	else
		read_page(export);
}

static void read_page(struct export *export)
{
	struct batch batch auto_batch = {0};

	export->params.pageh(&batch, export->params.arg);
	batch_read(&batch, &export->query, export->api->db, on_page, export);
}

void csv_export(struct api *api, struct http_request *req, const struct csv_export_params *params)
{
	struct export *export = mem_new(sizeof(*export), export_destroy);

	export->params = *params;
	export->api = api;
	export->req = mem_ref(req);
	buf_append_str(&export->piece, params->head);
	read_page(export);
}
