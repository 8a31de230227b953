#include "platform/store/lead.h"

#include "core/mem.h"
#include "core/str.h"

#define COLUMNS                                                                     \
	"tenant_id, id, name, email, phone, company, message, consent, call_back, " \
	"call_back_state, call_back_detail, call_id, origin, repeats, created_at, updated_at "
#define SELECT "SELECT " COLUMNS "FROM lead WHERE tenant_id = $1 "

void store_lead_borrow(struct lead *ret_lead, const struct db_result *result, size_t row)
{
	*ret_lead = (struct lead){
		.tenant_id = db_get_text(result, row, 0),
		.id = db_get_text(result, row, 1),
		.name = db_get_text(result, row, 2),
		.email = db_get_text(result, row, 3),
		.phone = db_get_text(result, row, 4),
		.company = db_get_text(result, row, 5),
		.message = db_get_text(result, row, 6),
		.consent = db_get_int(result, row, 7) != 0,
		.call_back = db_get_int(result, row, 8) != 0,
		.call_back_state = db_get_text(result, row, 9),
		.call_back_detail = db_get_text(result, row, 10),
		.call_id = db_get_text(result, row, 11),
		.origin = db_get_text(result, row, 12),
		.repeats = db_get_int(result, row, 13),
		.created_at = db_get_int(result, row, 14),
		.updated_at = db_get_int(result, row, 15),
	};
}

/* The same person has sent one lately, and it asked for as much. */
#define SAME(a_, b_, c_, d_, e_)                                                   \
	"tenant_id = $" a_ " AND email_hash = $" b_                                \
	" AND coalesce(phone_hash, '') = coalesce(CAST($" c_ " AS TEXT), '') AND " \
	"created_at > $" d_ " AND call_back >= $" e_
#define SAME_VALUES(lead_, since_)                                                  \
	db_text((lead_)->tenant_id), db_hashed((lead_)->tenant_id, (lead_)->email), \
		db_hashed((lead_)->tenant_id, (lead_)->phone), db_int(since_),      \
		db_int((lead_)->call_back)

/* The tenant's row is what pods that do so at the same time wait for. */
static void lock(struct batch *batch, const char *tenant_id)
{
	BATCH_ADD(batch, "SELECT id FROM tenant WHERE id = $1 /*pg FOR NO KEY UPDATE */", 1,
		  db_text(tenant_id));
}

void store_lead_insert(struct batch *batch, const struct lead *lead, int64_t since)
{
	lock(batch, lead->tenant_id);
	BATCH_ADD(batch,
		  "INSERT INTO lead (tenant_id, id, name, email, email_hash, phone, phone_hash, "
		  "company, message, consent, call_back, call_back_state, origin, repeats, "
		  "created_at, updated_at) SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), "
		  "CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT), "
		  "CAST($7 AS TEXT), CAST($8 AS TEXT), CAST($9 AS TEXT), CAST($10 AS BIGINT), "
		  "CAST($11 AS BIGINT), CAST($12 AS TEXT), CAST($13 AS TEXT), 0, "
		  "CAST($14 AS BIGINT), CAST($15 AS BIGINT) WHERE NOT EXISTS "
		  "(SELECT 1 FROM lead WHERE " SAME("16", "17", "18", "19", "20") ")",
		  1, db_text(lead->tenant_id), db_text(lead->id),
		  db_sealed(lead->tenant_id, lead->id, lead->name),
		  db_sealed(lead->tenant_id, lead->id, lead->email),
		  db_hashed(lead->tenant_id, lead->email),
		  db_sealed(lead->tenant_id, lead->id, lead->phone),
		  db_hashed(lead->tenant_id, lead->phone),
		  db_sealed(lead->tenant_id, lead->id, lead->company),
		  db_sealed(lead->tenant_id, lead->id, lead->message), db_int(lead->consent),
		  db_int(lead->call_back), db_text(lead->call_back_state), db_text(lead->origin),
		  db_int(lead->created_at), db_int(lead->created_at), SAME_VALUES(lead, since));
}

void store_lead_repeat(struct batch *batch, const struct lead *lead, int64_t since)
{
	BATCH_ADD(batch,
		  "UPDATE lead SET repeats = repeats + 1, updated_at = $1 WHERE tenant_id = $2 AND "
		  "id = (SELECT id FROM lead WHERE " SAME("3", "4", "5", "6",
							  "7") " ORDER BY created_at DESC LIMIT 1)",
		  DB_ANY_ROWS, db_int(lead->created_at), db_text(lead->tenant_id),
		  SAME_VALUES(lead, since));
}

/* ---- reading ---- */

#define REST(a_, b_, c_, d_, e_, f_, g_)                                                           \
	"AND created_at >= $" a_ " AND created_at < $" b_ " AND (created_at, id) < ($" c_ ", $" d_ \
	") AND (CAST($" e_ " AS TEXT) IS NULL OR call_back_state = $" f_                           \
	") ORDER BY created_at DESC, id DESC LIMIT $" g_

#define REST_VALUES(filter_)                                                              \
	db_int((filter_)->from), db_int((filter_)->to ? (filter_)->to : INT64_MAX),       \
		db_int((filter_)->after_id ? (filter_)->after_at : INT64_MAX),            \
		db_text((filter_)->after_id ? (filter_)->after_id : ""),                  \
		db_text((filter_)->call_back_state), db_text((filter_)->call_back_state), \
		db_int((filter_)->limit)

void store_lead_list(struct batch *batch, const struct store_lead_filter *filter)
{
	const char *tenant_id = filter->tenant_id;

	if (filter->email && filter->phone)
		BATCH_ADD(batch,
			  SELECT "AND email_hash = $2 AND phone_hash = $3 " REST("4", "5", "6", "7",
										 "8", "9", "10"),
			  DB_ANY_ROWS, db_text(tenant_id), db_hashed(tenant_id, filter->email),
			  db_hashed(tenant_id, filter->phone), REST_VALUES(filter));
	else if (filter->email)
		BATCH_ADD(batch,
			  SELECT "AND email_hash = $2 " REST("3", "4", "5", "6", "7", "8", "9"),
			  DB_ANY_ROWS, db_text(tenant_id), db_hashed(tenant_id, filter->email),
			  REST_VALUES(filter));
	else if (filter->phone)
		BATCH_ADD(batch,
			  SELECT "AND phone_hash = $2 " REST("3", "4", "5", "6", "7", "8", "9"),
			  DB_ANY_ROWS, db_text(tenant_id), db_hashed(tenant_id, filter->phone),
			  REST_VALUES(filter));
	else
		BATCH_ADD(batch, SELECT REST("2", "3", "4", "5", "6", "7", "8"), DB_ANY_ROWS,
			  db_text(tenant_id), REST_VALUES(filter));
}

void store_lead_select(struct batch *batch, const char *tenant_id, const char *id)
{
	BATCH_ADD(batch, SELECT "AND id = $2", DB_ANY_ROWS, db_text(tenant_id), db_text(id));
}

/* ---- removing ---- */

/* lead.created has the lead's id, see lead.c. */
#define DELETE_TOLD                                                                        \
	"DELETE FROM webhook_delivery WHERE tenant_id = $1 AND endpoint_id IN (SELECT id " \
	"FROM webhook_endpoint WHERE tenant_id = $2) AND event_id "

size_t store_lead_delete(struct batch *batch, const char *tenant_id, const char *id)
{
	BATCH_ADD(batch, DELETE_TOLD "= $3", DB_ANY_ROWS, db_text(tenant_id), db_text(tenant_id),
		  db_text(id));
	return BATCH_ADD(batch, "DELETE FROM lead WHERE tenant_id = $1 AND id = $2", DB_ANY_ROWS,
			 db_text(tenant_id), db_text(id));
}

#define OLD(a_, b_, c_)                                                           \
	"IN (SELECT id FROM lead WHERE tenant_id = $" a_ " AND created_at < $" b_ \
	" ORDER BY created_at, id LIMIT $" c_ ")"

void store_lead_purge_old(struct batch *batch, const char *tenant_id, int64_t before)
{
	BATCH_ADD(batch, DELETE_TOLD OLD("3", "4", "5"), DB_ANY_ROWS, db_text(tenant_id),
		  db_text(tenant_id), db_text(tenant_id), db_int(before), db_int(STORE_LEAD_PAGE));
	BATCH_ADD(batch, "DELETE FROM lead WHERE tenant_id = $1 AND id " OLD("2", "3", "4"),
		  DB_ANY_ROWS, db_text(tenant_id), db_text(tenant_id), db_int(before),
		  db_int(STORE_LEAD_PAGE));
}

/* Those without the number first: they are found by the others. */
#define PERSON(a_, b_, c_, d_, e_, f_)                                             \
	"IN (SELECT id FROM lead WHERE tenant_id = $" a_ " AND (phone_hash = $" b_ \
	" OR email_hash IN (SELECT email_hash FROM lead WHERE tenant_id = $" c_    \
	" AND phone_hash = $" d_ ")) ORDER BY CASE WHEN phone_hash = $" e_         \
	" THEN 1 ELSE 0 END, id LIMIT $" f_ ")"
#define PERSON_VALUES(tenant_id_, hash_)                                                          \
	db_text(tenant_id_), db_text(hash_), db_text(tenant_id_), db_text(hash_), db_text(hash_), \
		db_int(STORE_LEAD_PAGE)

void store_lead_purge_person(struct batch *batch, const char *tenant_id, const char *phone_hash)
{
	BATCH_ADD(batch, DELETE_TOLD PERSON("3", "4", "5", "6", "7", "8"), DB_ANY_ROWS,
		  db_text(tenant_id), db_text(tenant_id), PERSON_VALUES(tenant_id, phone_hash));
	BATCH_ADD(batch,
		  "DELETE FROM lead WHERE tenant_id = $1 AND id " PERSON("2", "3", "4", "5", "6",
									 "7"),
		  DB_ANY_ROWS, db_text(tenant_id), PERSON_VALUES(tenant_id, phone_hash));
}

/* ---- call backs ---- */

void store_lead_called(struct batch *batch, const struct store_lead_call *call)
{
	BATCH_ADD(batch,
		  "UPDATE lead SET call_back_state = $1, call_back_detail = $2, call_id = $3, "
		  "updated_at = $4 WHERE tenant_id = $5 AND id = $6",
		  DB_ANY_ROWS, db_text(call->state), db_text(call->detail), db_text(call->call_id),
		  db_int(call->at), db_text(call->tenant_id), db_text(call->id));
}

#define CALLS                                                                              \
	"SELECT count(*) FROM lead WHERE tenant_id = $1 AND id <> $2 AND created_at > $3 " \
	"AND call_back_state = 'placed'"

void store_lead_calls(struct batch *batch, const char *tenant_id, const char *id, int64_t since)
{
	BATCH_ADD(batch, CALLS, DB_ANY_ROWS, db_text(tenant_id), db_text(id), db_int(since));
}

void store_lead_calls_to(struct batch *batch, const char *tenant_id, const char *id,
			 const char *phone, int64_t since)
{
	BATCH_ADD(batch, CALLS " AND phone_hash = $4", DB_ANY_ROWS, db_text(tenant_id), db_text(id),
		  db_int(since), db_hashed(tenant_id, phone));
}
