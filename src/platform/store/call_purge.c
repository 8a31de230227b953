#include "platform/store/call_purge.h"

#define OF_CALL "WHERE tenant_id = $1 AND call_id = $2"

static void run(struct batch *batch, const char *sql, const char *tenant_id, const char *call_id)
{
	BATCH_ADD(batch, sql, DB_ANY_ROWS, db_text(tenant_id), db_text(call_id));
}

/* Events repeat what was said and who was called; finished jobs name the call. */
static void purge_said(struct batch *batch, const char *tenant_id, const char *call_id)
{
	run(batch, "DELETE FROM transcript_turn " OF_CALL, tenant_id, call_id);
	run(batch, "DELETE FROM call_event " OF_CALL, tenant_id, call_id);
	run(batch, "DELETE FROM call_payload " OF_CALL, tenant_id, call_id);
	run(batch, "DELETE FROM webhook_delivery " OF_CALL " AND state <> 'pending'", tenant_id,
	    call_id);
	run(batch, "DELETE FROM job " OF_CALL " AND state IN ('done', 'dead')", tenant_id, call_id);
}

static void purge_summary(struct batch *batch, const char *tenant_id, const char *call_id)
{
	run(batch,
	    "UPDATE call_summary SET summary = NULL, key_points = '[]', action_items = '[]', "
	    "highlights = '[]', error = NULL " OF_CALL,
	    tenant_id, call_id);
}

void store_purge_words(struct batch *batch, const char *tenant_id, const char *call_id)
{
	purge_said(batch, tenant_id, call_id);
	purge_summary(batch, tenant_id, call_id);
	run(batch,
	    "UPDATE call SET outcome = NULL, first_message = NULL, version = version + 1 "
	    "WHERE tenant_id = $1 AND id = $2",
	    tenant_id, call_id);
}

void store_purge_recording(struct batch *batch, const char *tenant_id, const char *call_id)
{
	run(batch, "DELETE FROM recording " OF_CALL, tenant_id, call_id);
}

void store_purge_person(struct batch *batch, const char *tenant_id, const char *call_id)
{
	purge_said(batch, tenant_id, call_id);
	purge_summary(batch, tenant_id, call_id);
	store_purge_recording(batch, tenant_id, call_id);
	run(batch, "DELETE FROM idempotency_key " OF_CALL, tenant_id, call_id);
	run(batch, "DELETE FROM webhook_delivery " OF_CALL, tenant_id, call_id);
	run(batch, "DELETE FROM call_link " OF_CALL, tenant_id, call_id);
	run(batch,
	    "UPDATE call SET phone_number = 'erased', phone_hash = '', metadata = NULL, "
	    "outcome = NULL, system_prompt = NULL, first_message = NULL, join_url = NULL, "
	    "data_token = NULL, end_detail = NULL, twilio_call_sid = NULL, "
	    "ultravox_call_id = NULL, version = version + 1 "
	    "WHERE tenant_id = $1 AND id = $2",
	    tenant_id, call_id);
}

void store_purge_call(struct batch *batch, const char *tenant_id, const char *call_id)
{
	purge_said(batch, tenant_id, call_id);
	run(batch, "DELETE FROM call_summary " OF_CALL, tenant_id, call_id);
	store_purge_recording(batch, tenant_id, call_id);
	run(batch, "DELETE FROM idempotency_key " OF_CALL, tenant_id, call_id);
	run(batch, "DELETE FROM webhook_delivery " OF_CALL, tenant_id, call_id);
	run(batch, "DELETE FROM call_link " OF_CALL, tenant_id, call_id);
	run(batch, "DELETE FROM call WHERE tenant_id = $1 AND id = $2", tenant_id, call_id);
}

#define WITH_PATH                                                                   \
	" LEFT JOIN recording r ON r.tenant_id = c.tenant_id AND r.call_id = c.id " \
	"WHERE c.tenant_id = $1 AND "

void store_purge_page(struct batch *batch, const char *tenant_id, int64_t after_at,
		      const char *after_id, int64_t to, int64_t limit)
{
	BATCH_ADD(batch,
		  "SELECT c.id, c.created_at, r.path FROM call c" WITH_PATH
		  "(c.created_at, c.id) > ($2, $3) AND c.created_at < $4 AND c.deadline_at = 0 "
		  "ORDER BY c.created_at, c.id LIMIT $5",
		  DB_ANY_ROWS, db_text(tenant_id), db_int(after_at), db_text(after_id), db_int(to),
		  db_int(limit));
}

void store_purge_one(struct batch *batch, const char *tenant_id, const char *call_id)
{
	BATCH_ADD(batch,
		  "SELECT c.id, c.created_at, r.path FROM call c" WITH_PATH
		  "c.id = $2 AND c.deadline_at = 0",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(call_id));
}

void store_purge_of_number(struct batch *batch, const char *tenant_id, const char *phone_hash,
			   int64_t limit)
{
	BATCH_ADD(batch,
		  "SELECT c.id, c.deadline_at, r.path FROM call c" WITH_PATH
		  "c.phone_hash = $2 ORDER BY c.created_at LIMIT $3",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(phone_hash), db_int(limit));
}
