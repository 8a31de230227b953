/* GET /api/v1/leads/export.csv: the list of leads as a file, for a CRM. Who takes it is written
 * down before it is sent. */
#include "core/buf.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/str.h"
#include "http/http_server.h"
#include "platform/api/csv.h"
#include "platform/api/error.h"
#include "platform/api/guard.h"
#include "platform/api/lead_priv.h"
#include "platform/audit.h"
#include "platform/platform_priv.h"

enum { MAX_ROWS = 100000, STEP = 100 };

struct lead_export {
	struct platform *platform;
	struct http_request *req;
	struct lead_filter *filter;
	size_t left; /* rows */
};

static void export_destroy(void *data)
{
	struct lead_export *export = data;

	mem_unref(export->req);
	mem_unref(export->filter);
}

static const char head[] = "lead_id,created_at,name,email,phone,company,message,consent,call_back,"
			   "call_back_state,call_back_detail,call_id,repeats,origin\r\n";

static void append_row(struct buf *out, const struct lead *lead)
{
	csv_text(out, lead->id);
	csv_time(out, lead->created_at);
	csv_text(out, lead->name);
	csv_text(out, lead->email);
	csv_text(out, lead->phone);
	csv_text(out, lead->company);
	csv_text(out, lead->message);
	csv_bool(out, lead->consent);
	csv_bool(out, lead->call_back);
	csv_text(out, lead->call_back_state);
	csv_text(out, lead->call_back_detail);
	csv_text(out, lead->call_id);
	csv_int(out, lead->repeats);
	csv_last(out, lead->origin);
}

static void add_page(struct batch *batch, void *arg)
{
	const struct lead_export *export = arg;

	store_lead_list(batch, &export->filter->filter);
}

static bool take_rows(struct buf *out, struct db_result *const *results, void *arg)
{
	struct lead_export *export = arg;
	struct lead_filter *page = export->filter;
	size_t rows = db_rows(results[0]);
	struct lead lead;

	for (size_t row = 0; row < rows && export->left; row++) {
		store_lead_borrow(&lead, results[0], row);
		append_row(out, &lead);
		export->left--;
	}
	if (rows < STEP || !export->left)
		return false;
	page->filter.after_at = lead.created_at;
	str_copy(page->after_id, sizeof(page->after_id), lead.id);
	page->filter.after_id = page->after_id;
	return true;
}

static void on_written_down(int err, struct db_result *const *results, size_t failed, void *arg)
{
	struct lead_export *export = arg;
	auto_unref struct http_request *req = export->req;

	export->req = NULL;
	if (err) {
		api_fail_errno(req, err);
		mem_unref(export);
		return;
	}
	csv_export(&export->platform->api, req,
		   &(struct csv_export_params){.file_name = "leads.csv",
					       .head = head,
					       .pageh = add_page,
					       .rowsh = take_rows,
					       .arg = export});
}

/* What was asked for, but for the person it was about. */
static char *detail_of(const struct store_lead_filter *filter)
{
	auto_json json_t *detail = json_object();

	json_set_time(detail, "from", filter->from);
	json_set_time(detail, "to", filter->to);
	json_set_str(detail, "call_back_state", filter->call_back_state);
	json_set_bool(detail, "of_one_person", filter->email || filter->phone);
	return json_text(detail);
}

void lead_csv(struct http_request *req, void *arg)
{
	struct lead_filter filter = {.filter.limit = MAX_ROWS};
	struct platform *platform = arg;
	struct batch batch auto_batch = {0};
	auto_free char *detail = NULL;
	struct lead_export *export;

	if (!lead_filter_read(req, &filter, MAX_ROWS))
		return;
	export = mem_new(sizeof(*export), export_destroy);
	export->platform = platform;
	export->req = mem_ref(req);
	export->filter = lead_filter_keep(&filter);
	export->left = (size_t)filter.filter.limit;
	export->filter->filter.limit = STEP;
	detail = detail_of(&filter.filter);
	audit_add(&batch, api_principal(req), "lead.export", "lead", NULL, detail);
	batch_run(&batch, NULL, platform->api.db, on_written_down, export);
}
