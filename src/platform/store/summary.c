#include "platform/store/summary.h"

static struct db_value sealed(const struct summary *summary, const char *text)
{
	return db_sealed(summary->tenant_id, summary->call_id, text);
}

static struct db_value sealed_list(struct batch *batch, const struct summary *summary,
				   const json_t *list)
{
	if (!json_is_array(list))
		return sealed(summary, "[]");
	return sealed(summary, batch_own(batch, json_text(list)));
}

#define INSERT                                                                                   \
	"INSERT INTO call_summary (tenant_id, call_id, status, summary, key_points, sentiment, " \
	"action_items, highlights, analyser, model, error, created_at) "                         \
	"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) "                            \
	"ON CONFLICT (tenant_id, call_id) DO "

static void insert(struct batch *batch, const struct summary *summary, int64_t at, const char *sql,
		   int64_t expect)
{
	BATCH_ADD(batch, sql, expect, db_text(summary->tenant_id), db_text(summary->call_id),
		  db_text(summary->status), sealed(summary, summary->text),
		  sealed_list(batch, summary, summary->key_points), db_text(summary->sentiment),
		  sealed_list(batch, summary, summary->action_items),
		  sealed_list(batch, summary, summary->highlights), db_text(summary->analyser),
		  db_text(summary->model), db_text(summary->error), db_int(at));
}

void store_summary_save(struct batch *batch, const struct summary *summary, int64_t at)
{
	insert(batch, summary, at,
	       INSERT "UPDATE SET status = excluded.status, summary = excluded.summary, "
		      "key_points = excluded.key_points, sentiment = excluded.sentiment, "
		      "action_items = excluded.action_items, highlights = excluded.highlights, "
		      "analyser = excluded.analyser, model = excluded.model, "
		      "error = excluded.error, created_at = excluded.created_at "
		      "WHERE call_summary.status <> 'completed' OR excluded.status = 'completed'",
	       1);
}

void store_summary_import(struct batch *batch, const struct summary *summary, int64_t at)
{
	insert(batch, summary, at, INSERT "NOTHING", DB_ANY_ROWS);
}

void store_summary_select(struct batch *batch, const char *tenant_id, const char *call_id)
{
	BATCH_ADD(batch,
		  "SELECT status, summary, key_points, sentiment, action_items, highlights, "
		  "analyser, model, error, created_at FROM call_summary "
		  "WHERE tenant_id = $1 AND call_id = $2",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(call_id));
}
