#include "platform/store/call_list.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/str.h"
#include "platform/store/call.h"

/* Conditions that a page may have; a statement is made once for every set that is asked for. */
enum {
	STATUS = 1,
	DIRECTION = 2,
	AGENT = 4,
	NUMBER = 8,
	FROM = 16,
	TO = 32,
	AFTER = 64,
	SCHEDULED = 128,
	RETRY_OF = 256,
	SENTIMENT = 512
};
enum { SETS = 1024, MOST_VALUES = 15 };

static const struct {
	unsigned bit;
	const char *sql; /* %d: the number of its first parameter */
	int params;
} conditions[] = {
	{STATUS, " AND status = $%1$d", 1},
	{DIRECTION, " AND direction = $%1$d", 1},
	{AGENT, " AND agent = $%1$d", 1},
	{NUMBER, " AND (phone_hash = $%1$d OR from_number = $%2$d)", 2},
	{FROM, " AND created_at >= $%1$d", 1},
	{TO, " AND created_at < $%1$d", 1},
	{SCHEDULED, " AND status = 'PENDING' AND scheduled_at > 0", 0},
	{RETRY_OF, " AND retry_of = $%1$d", 1},
	{SENTIMENT,
	 " AND EXISTS (SELECT 1 FROM call_summary c WHERE c.tenant_id = call.tenant_id AND "
	 "c.call_id = call.id AND c.sentiment = $%1$d)",
	 1},
	{AFTER, " AND (created_at, id) < ($%1$d, $%2$d)", 2},
};

/*
 * Rows come in the order of an index of call, and each summary is looked up by its key: nothing is
 * sorted. The summary's columns have names of their own, so that call's need no qualifying.
 */
#define WITH_SUMMARY                                                                             \
	"SELECT " STORE_CALL_COLUMNS ", s_status, s_summary, s_key_points, s_sentiment, "        \
	"s_action_items, s_highlights, s_analyser, s_model, s_error, s_created_at FROM call "    \
	"LEFT JOIN (SELECT tenant_id AS s_tenant_id, call_id AS s_call_id, status AS s_status, " \
	"summary AS s_summary, key_points AS s_key_points, sentiment AS s_sentiment, "           \
	"action_items AS s_action_items, highlights AS s_highlights, analyser AS s_analyser, "   \
	"model AS s_model, error AS s_error, created_at AS s_created_at FROM call_summary) s "   \
	"ON s_tenant_id = tenant_id AND s_call_id = id WHERE tenant_id = $1"

static unsigned set_of(const struct store_call_filter *filter)
{
	return (filter->status ? STATUS : 0) | (filter->direction ? DIRECTION : 0) |
	       (filter->agent ? AGENT : 0) | (filter->number ? NUMBER : 0) |
	       (filter->from ? FROM : 0) | (filter->to ? TO : 0) | (filter->after_id ? AFTER : 0) |
	       (filter->scheduled ? SCHEDULED : 0) | (filter->retry_of ? RETRY_OF : 0) |
	       (filter->sentiment ? SENTIMENT : 0);
}

/* What is asked of a page: its calls, or all that was said in them. */
enum kind { LIST, TURNS, KINDS };

static const struct {
	const char *before;
	const char *after;
} frames[KINDS] = {
	[LIST] = {"/*pg SELECT * FROM (*/" WITH_SUMMARY, ""},
	[TURNS] = {"SELECT t.call_id, t.text FROM (SELECT tenant_id AS page_tenant_id, "
		   "id AS page_id FROM call WHERE tenant_id = $1",
		   ") page JOIN transcript_turn t ON t.tenant_id = page_tenant_id AND "
		   "t.call_id = page_id WHERE t.final = 1"},
};

/*
 * PostgreSQL plans a look-up before it knows the values, and counts on a tenth of the table where a
 * limit is one of them: it would read ten million calls to show fifty. So it is told how many there
 * will be at most, for pages of the sizes that are asked for, with the row behind them. 0: any.
 */
static const int64_t sizes[] = {51, 201, 0};
enum { SIZES = ARRAY_LEN(sizes) };

static size_t size_of(const struct store_call_filter *filter)
{
	size_t i = 0;

	while (sizes[i] && filter->limit > sizes[i])
		i++;
	return i;
}

static char *make_sql(unsigned set, enum kind kind, size_t size)
{
	struct buf sql = {0};
	int next = 2;

	buf_append_str(&sql, frames[kind].before);
	for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
		if (!(set & conditions[i].bit))
			continue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		buf_printf(&sql, conditions[i].sql, next, next + 1);
#pragma GCC diagnostic pop
		next += conditions[i].params;
	}
	buf_append_str(&sql, " ORDER BY created_at DESC, id DESC");
	if (kind == LIST && sizes[size])
		buf_printf(&sql, "/*pg LIMIT %lld*/", (long long)sizes[size]);
	if (kind == LIST)
		buf_append_str(&sql, "/*pg ) page*/");
	buf_printf(&sql, " LIMIT $%d%s", next, frames[kind].after);
	return buf_steal(&sql);
}

/* Statements have to be static: each is kept for the life of the process. */
static const char *sql_of(const struct store_call_filter *filter, enum kind kind)
{
	static char *sqls[KINDS][SETS][SIZES];
	size_t size = size_of(filter);
	char **sql = &sqls[kind][set_of(filter)][size];

	if (!*sql)
		*sql = make_sql(set_of(filter), kind, size);
	return *sql;
}

static size_t fill(struct db_value *values, const struct store_call_filter *filter)
{
	size_t count = 0;

	values[count++] = db_text(filter->tenant_id);
	if (filter->status)
		values[count++] = db_text(filter->status);
	if (filter->direction)
		values[count++] = db_text(filter->direction);
	if (filter->agent)
		values[count++] = db_text(filter->agent);
	if (filter->number) {
		values[count++] = db_hashed(filter->tenant_id, filter->number);
		values[count++] = db_text(filter->number);
	}
	if (filter->from)
		values[count++] = db_int(filter->from);
	if (filter->to)
		values[count++] = db_int(filter->to);
	if (filter->retry_of)
		values[count++] = db_text(filter->retry_of);
	if (filter->sentiment)
		values[count++] = db_text(filter->sentiment);
	if (filter->after_id) {
		values[count++] = db_int(filter->after_at);
		values[count++] = db_text(filter->after_id);
	}
	values[count++] = db_int(filter->limit);
	return count;
}

void store_call_list(struct batch *batch, const struct store_call_filter *filter)
{
	struct db_value values[MOST_VALUES];
	size_t count = fill(values, filter);

	batch_add(batch, sql_of(filter, LIST), DB_ANY_ROWS, values, count);
}

void store_call_list_turns(struct batch *batch, const struct store_call_filter *filter)
{
	struct db_value values[MOST_VALUES];
	size_t count = fill(values, filter);

	batch_add(batch, sql_of(filter, TURNS), DB_ANY_ROWS, values, count);
}

void store_call_active(struct batch *batch, const char *tenant_id, int64_t now, int64_t limit)
{
	BATCH_ADD(batch,
		  WITH_SUMMARY " AND deadline_at > 0 AND scheduled_at <= $2 "
			       "ORDER BY created_at, id LIMIT $3",
		  DB_ANY_ROWS, db_text(tenant_id), db_int(now), db_int(limit));
}
