#include "platform/store/sealed.h"

#include "core/mem.h"
#include "core/str.h"

#include <stdio.h>

/*
 * A page's columns: the key (texts, then numbers), the guard, the values' place (such as the call's
 * id), then the sealed ones. Parameters of the update: the sealed columns, phone_hash where the
 * table has it, the tenant, the key, the guard.
 */
static const struct table {
	const char *name;
	size_t texts, numbers; /* of the key, within a tenant */
	size_t columns;
	bool has_hash;
	bool context_has_number;
	bool guarded_by_text; /* the first column as it was, instead of a number */
	const char *page;
	const char *update;
} tables[] = {
	{
		.name = "call",
		.texts = 1,
		.columns = 5,
		.has_hash = true,
		.page = "SELECT id, version, id, phone_number, metadata, outcome, "
			"system_prompt, "
			"first_message FROM call WHERE tenant_id = $1 AND id > $2 "
			"ORDER BY id LIMIT 100",
		.update = "UPDATE call SET phone_number = $1, metadata = $2, outcome = $3, "
			  "system_prompt = $4, first_message = $5, phone_hash = $6 "
			  "WHERE tenant_id = $7 AND id = $8 AND version = $9",
	},
	{
		.name = "transcript_turn",
		.texts = 1,
		.numbers = 1,
		.columns = 1,
		.context_has_number = true,
		.guarded_by_text = true,
		.page = "SELECT call_id, ordinal, 0, call_id, text FROM transcript_turn "
			"WHERE tenant_id = $1 AND (call_id, ordinal) > ($2, $3) "
			"ORDER BY call_id, ordinal LIMIT 100",
		.update = "UPDATE transcript_turn SET text = $1 "
			  "WHERE tenant_id = $2 AND call_id = $3 AND ordinal = $4 AND text = $5",
	},
	{
		.name = "call_summary",
		.texts = 1,
		.columns = 4,
		.page = "SELECT call_id, created_at, call_id, summary, key_points, "
			"action_items, "
			"highlights FROM call_summary WHERE tenant_id = $1 AND call_id > $2 "
			"ORDER BY call_id LIMIT 100",
		.update = "UPDATE call_summary SET summary = $1, key_points = $2, "
			  "action_items = $3, highlights = $4 "
			  "WHERE tenant_id = $5 AND call_id = $6 AND created_at = $7",
	},
	{
		.name = "webhook_endpoint",
		.texts = 1,
		.columns = 2,
		.guarded_by_text = true,
		.page = "SELECT id, 0, id, secret, previous_secret FROM webhook_endpoint "
			"WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT 100",
		.update = "UPDATE webhook_endpoint SET secret = $1, previous_secret = $2 "
			  "WHERE tenant_id = $3 AND id = $4 AND secret = $5",
	},
	{
		.name = "call_event",
		.numbers = 1,
		.columns = 1,
		.guarded_by_text = true,
		.page = "SELECT seq, 0, call_id, data FROM call_event "
			"WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT 100",
		.update = "UPDATE call_event SET data = $1 "
			  "WHERE tenant_id = $2 AND seq = $3 AND data = $4",
	},
	{
		.name = "call_payload",
		.texts = 1,
		.columns = 1,
		.guarded_by_text = true,
		.page = "SELECT id, 0, id, body FROM call_payload "
			"WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT 100",
		.update = "UPDATE call_payload SET body = $1 "
			  "WHERE tenant_id = $2 AND id = $3 AND body = $4",
	},
	{
		.name = "webhook_delivery",
		.texts = 2,
		.columns = 1,
		.guarded_by_text = true,
		.page = "SELECT endpoint_id, event_id, 0, event_id, data FROM webhook_delivery "
			"WHERE tenant_id = $1 AND (endpoint_id, event_id) > ($2, $3) "
			"ORDER BY endpoint_id, event_id LIMIT 100",
		.update = "UPDATE webhook_delivery SET data = $1 WHERE tenant_id = $2 AND "
			  "endpoint_id = $3 AND event_id = $4 AND data = $5",
	},
	{
		.name = "webhook_attempt",
		.texts = 2,
		.numbers = 2,
		.columns = 1,
		.guarded_by_text = true,
		.page = "SELECT endpoint_id, event_id, at, attempt, 0, event_id, response "
			"FROM webhook_attempt WHERE tenant_id = $1 AND "
			"(endpoint_id, event_id, at, attempt) > ($2, $3, $4, $5) AND "
			"response IS NOT NULL ORDER BY endpoint_id, event_id, at, attempt "
			"LIMIT 100",
		.update = "UPDATE webhook_attempt SET response = $1 WHERE tenant_id = $2 AND "
			  "endpoint_id = $3 AND event_id = $4 AND at = $5 AND attempt = $6 AND "
			  "response = $7",
	},
	{
		.name = "erasure",
		.texts = 1,
		.columns = 1,
		.guarded_by_text = true,
		.page = "SELECT id, 0, id, phone_number FROM erasure WHERE tenant_id = $1 AND "
			"id > $2 AND phone_number IS NOT NULL ORDER BY id LIMIT 100",
		.update = "UPDATE erasure SET phone_number = $1 WHERE tenant_id = $2 AND id = $3 "
			  "AND phone_number = $4",
	},
	{
		.name = "lead",
		.texts = 1,
		.columns = 5,
		.guarded_by_text = true,
		.page = "SELECT id, 0, id, name, email, phone, company, message FROM lead "
			"WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT 100",
		.update = "UPDATE lead SET name = $1, email = $2, phone = $3, company = $4, "
			  "message = $5 WHERE tenant_id = $6 AND id = $7 AND name = $8",
	},
};

enum { KEY_MOST = 4 };

size_t store_sealed_tables(void)
{
	return ARRAY_LEN(tables);
}

const char *store_sealed_table_name(size_t table)
{
	return tables[table].name;
}

static size_t add_key(struct db_value *values, size_t count, const struct sealed_cursor *key)
{
	for (size_t i = 0; i < tables[key->table].texts; i++)
		values[count++] = db_text(key->texts[i]);
	for (size_t i = 0; i < tables[key->table].numbers; i++)
		values[count++] = db_int(key->numbers[i]);
	return count;
}

void store_sealed_page(struct batch *batch, const char *tenant_id,
		       const struct sealed_cursor *after)
{
	struct db_value values[1 + KEY_MOST] = {db_text(tenant_id)};
	size_t count = add_key(values, 1, after);
	size_t index = batch_add(batch, tables[after->table].page, DB_ANY_ROWS, values, count);

	batch->statements[index].raw = true;
}

void store_sealed_row(struct sealed_row *ret_row, size_t table, const struct db_result *result,
		      size_t row)
{
	const struct table *t = &tables[table];
	const char *place;
	size_t column = 0;

	*ret_row = (struct sealed_row){.key.table = table, .column_count = t->columns};
	for (size_t i = 0; i < t->texts; i++)
		str_copy(ret_row->key.texts[i], sizeof(ret_row->key.texts[i]),
			 db_get_text(result, row, column++));
	for (size_t i = 0; i < t->numbers; i++)
		ret_row->key.numbers[i] = db_get_int(result, row, column++);
	ret_row->guard = db_get_int(result, row, column++);
	place = db_get_text(result, row, column++);
	if (t->context_has_number)
		snprintf(ret_row->context, sizeof(ret_row->context), "%s:%lld", place ? place : "",
			 (long long)ret_row->key.numbers[0]);
	else
		str_copy(ret_row->context, sizeof(ret_row->context), place ? place : "");
	for (size_t i = 0; i < t->columns; i++)
		ret_row->values[i] = db_get_text(result, row, column + i);
}

void store_sealed_write(struct batch *batch, const char *tenant_id, const struct sealed_row *row,
			const char *const *values, struct db_value phone_hash)
{
	const struct table *t = &tables[row->key.table];
	struct db_value params[SEALED_MAX_COLUMNS + KEY_MOST + 3];
	size_t count = 0, first_text;

	for (size_t i = 0; i < t->columns; i++)
		params[count++] = db_text(values[i]);
	if (t->has_hash)
		params[count++] = phone_hash;
	params[count++] = db_text(tenant_id);
	first_text = count;
	count = add_key(params, count, &row->key);
	/* The batch may outlive the row. */
	for (size_t i = 0; i < t->texts; i++)
		params[first_text + i] =
			db_text(batch_own(batch, mem_strdup(params[first_text + i].data)));
	if (t->guarded_by_text)
		params[count++] = db_text(row->values[0]);
	else
		params[count++] = db_int(row->guard);
	batch_add(batch, t->update, DB_ANY_ROWS, params, count);
}

void store_sealed_none(struct batch *batch)
{
	batch_add(batch, "SELECT DISTINCT tenant_id FROM call WHERE phone_hash IS NULL",
		  DB_ANY_ROWS, NULL, 0);
}
