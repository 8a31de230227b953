#include "platform/store/phone_number.h"

#define NUMBER                                                                   \
	"SELECT number, agent, label, provider_sid, webhooks, webhooks_detail, " \
	"webhooks_at, created_at, updated_at FROM phone_number "

void store_number_select(struct batch *batch, const char *tenant_id, const char *number)
{
	BATCH_ADD(batch, NUMBER "WHERE tenant_id = $1 AND number = $2", DB_ANY_ROWS,
		  db_text(tenant_id), db_text(number));
}

void store_number_list(struct batch *batch, const char *tenant_id, const char *after, int64_t limit)
{
	BATCH_ADD(batch,
		  NUMBER "WHERE tenant_id = $1 AND number /*pg COLLATE \"C\" */ > $2 "
			 "ORDER BY number /*pg COLLATE \"C\" */ LIMIT $3",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(after), db_int(limit));
}

void store_number_owner(struct batch *batch, const char *number)
{
	BATCH_ADD(batch, "SELECT tenant_id, agent FROM phone_number WHERE number = $1", DB_ANY_ROWS,
		  db_text(number));
}

void store_number_of_tenant(struct batch *batch, const char *tenant_id, const char *number)
{
	if (number)
		BATCH_ADD(batch,
			  "SELECT number FROM phone_number WHERE tenant_id = $1 AND number = $2",
			  DB_ANY_ROWS, db_text(tenant_id), db_text(number));
	else
		BATCH_ADD(batch,
			  "SELECT number FROM phone_number WHERE tenant_id = $1 "
			  "ORDER BY created_at, number LIMIT 1",
			  DB_ANY_ROWS, db_text(tenant_id));
}

#define INSERT                                                                                \
	"INSERT INTO phone_number (tenant_id, number, agent, label, provider_sid, webhooks, " \
	"webhooks_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, 'unset', 0, $6, $7)"

static void insert(struct batch *batch, const struct store_number *number, const char *sql,
		   int64_t expect)
{
	BATCH_ADD(batch, sql, expect, db_text(number->tenant_id), db_text(number->number),
		  db_text(number->agent), db_text(number->label), db_text(number->provider_sid),
		  db_int(number->at), db_int(number->at));
}

void store_number_insert(struct batch *batch, const struct store_number *number)
{
	insert(batch, number, INSERT, 1);
}

void store_number_import(struct batch *batch, const struct store_number *number)
{
	insert(batch, number,
	       INSERT " ON CONFLICT (number) DO UPDATE SET provider_sid = excluded.provider_sid, "
		      "updated_at = excluded.updated_at "
		      "WHERE phone_number.tenant_id = excluded.tenant_id RETURNING created_at",
	       DB_ANY_ROWS);
}

void store_number_update(struct batch *batch, const struct store_number *number, bool set_agent,
			 bool set_label)
{
	BATCH_ADD(batch,
		  "UPDATE phone_number SET "
		  "agent = CASE WHEN CAST($1 AS BIGINT) = 1 THEN CAST($2 AS TEXT) ELSE agent END, "
		  "label = CASE WHEN CAST($3 AS BIGINT) = 1 THEN CAST($4 AS TEXT) ELSE label END, "
		  "updated_at = $5 WHERE tenant_id = $6 AND number = $7",
		  1, db_int(set_agent), db_text(number->agent), db_int(set_label),
		  db_text(number->label), db_int(number->at), db_text(number->tenant_id),
		  db_text(number->number));
}

void store_number_delete(struct batch *batch, const char *tenant_id, const char *number)
{
	BATCH_ADD(batch, "DELETE FROM phone_number WHERE tenant_id = $1 AND number = $2", 1,
		  db_text(tenant_id), db_text(number));
}

void store_number_webhooks(struct batch *batch, const char *tenant_id, const char *number,
			   const char *state, const char *detail, const char *provider_sid,
			   int64_t at)
{
	BATCH_ADD(batch,
		  "UPDATE phone_number SET webhooks = $1, webhooks_detail = $2, "
		  "provider_sid = coalesce(CAST($3 AS TEXT), provider_sid), webhooks_at = $4 "
		  "WHERE tenant_id = $5 AND number = $6",
		  DB_ANY_ROWS, db_text(state), db_text(detail), db_text(provider_sid), db_int(at),
		  db_text(tenant_id), db_text(number));
}
