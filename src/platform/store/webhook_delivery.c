#include "platform/store/webhook_delivery.h"

#define INSERT                                                                                     \
	"INSERT INTO webhook_delivery (tenant_id, endpoint_id, event_id, event_type, "             \
	"event_at, call_id, data, state, attempts, tries, queued_at, next_at, finished_at, "       \
	"last_status, traceparent) SELECT e.tenant_id, e.id, CAST($1 AS TEXT), CAST($2 AS TEXT), " \
	"CAST($3 AS BIGINT), CAST($4 AS TEXT), CAST($5 AS TEXT), 'pending', 0, 0, "                \
	"CAST($6 AS BIGINT), CAST($7 AS BIGINT), 0, 0, CAST($8 AS TEXT) "                          \
	"FROM webhook_endpoint e WHERE e.tenant_id = $9 AND "
#define WANTED "(e.events LIKE $10 OR e.events LIKE $11 OR e.events LIKE '% * %')"
#define INSERT_VALUES(event_)                                                               \
	db_text((event_)->id), db_text((event_)->type), db_int((event_)->at),               \
		db_text((event_)->call_id),                                                 \
		db_sealed((event_)->tenant_id, (event_)->id, (event_)->data),               \
		db_int((event_)->at), db_int((event_)->at), db_text((event_)->traceparent), \
		db_text((event_)->tenant_id)

size_t store_delivery_insert(struct batch *batch, const struct store_event *event,
			     const char *pattern, const char *group_pattern)
{
	if (event->new_number)
		return BATCH_ADD(batch,
				 INSERT WANTED " AND EXISTS (SELECT 1 FROM phone_number n WHERE "
					       "n.tenant_id = $12 AND n.number = $13 AND "
					       "n.created_at = $14)",
				 DB_ANY_ROWS, INSERT_VALUES(event), db_text(pattern),
				 db_text(group_pattern), db_text(event->tenant_id),
				 db_text(event->new_number), db_int(event->at));
	return BATCH_ADD(batch, INSERT WANTED, DB_ANY_ROWS, INSERT_VALUES(event), db_text(pattern),
			 db_text(group_pattern));
}

size_t store_delivery_insert_for(struct batch *batch, const struct store_event *event,
				 const char *endpoint_id)
{
	return BATCH_ADD(batch, INSERT "e.id = $10 RETURNING event_id", 1, INSERT_VALUES(event),
			 db_text(endpoint_id));
}

void store_delivery_due(struct batch *batch, const char *tenant_id, const char *endpoint_id,
			int64_t now, int64_t limit)
{
	BATCH_ADD(
		batch,
		"SELECT event_id, event_type, event_at, call_id, data, attempts, tries, queued_at, "
		"traceparent FROM webhook_delivery WHERE tenant_id = $1 AND endpoint_id = $2 AND "
		"state = 'pending' AND next_at <= $3 ORDER BY next_at, event_id LIMIT $4",
		DB_ANY_ROWS, db_text(tenant_id), db_text(endpoint_id), db_int(now), db_int(limit));
}

void store_delivery_attempted(struct batch *batch, const struct store_attempt *attempt)
{
	int64_t finished_at = attempt->next_at ? 0 : attempt->at + attempt->took_ms * 1000;

	BATCH_ADD(batch,
		  "UPDATE webhook_delivery SET state = $1, attempts = $2, tries = tries + 1, "
		  "next_at = $3, finished_at = $4, last_status = $5, last_error = $6 "
		  "WHERE tenant_id = $7 AND endpoint_id = $8 AND event_id = $9",
		  1, db_text(attempt->state), db_int(attempt->attempt), db_int(attempt->next_at),
		  db_int(finished_at), db_int(attempt->status), db_text(attempt->error),
		  db_text(attempt->tenant_id), db_text(attempt->endpoint_id),
		  db_text(attempt->event_id));
	BATCH_ADD(batch,
		  "INSERT INTO webhook_attempt (tenant_id, endpoint_id, event_id, attempt, at, "
		  "took_ms, status, error, response) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		  1, db_text(attempt->tenant_id), db_text(attempt->endpoint_id),
		  db_text(attempt->event_id), db_int(attempt->attempt), db_int(attempt->at),
		  db_int(attempt->took_ms), db_int(attempt->status), db_text(attempt->error),
		  db_sealed(attempt->tenant_id, attempt->event_id, attempt->response));
}

void store_delivery_hurry(struct batch *batch, const char *tenant_id, const char *endpoint_id,
			  int64_t now)
{
	BATCH_ADD(batch,
		  "UPDATE webhook_delivery SET next_at = $1 WHERE tenant_id = $2 AND "
		  "endpoint_id = $3 AND state = 'pending' AND next_at > $4",
		  DB_ANY_ROWS, db_int(now), db_text(tenant_id), db_text(endpoint_id), db_int(now));
}

#define REPLAY                                                                       \
	"UPDATE webhook_delivery SET state = 'pending', tries = 0, queued_at = $1, " \
	"next_at = $2, finished_at = 0 WHERE tenant_id = $3 AND endpoint_id = $4 AND "

void store_delivery_replay(struct batch *batch, const char *tenant_id, const char *endpoint_id,
			   const char *event_id, int64_t now)
{
	BATCH_ADD(batch, REPLAY "event_id = $5", 1, db_int(now), db_int(now), db_text(tenant_id),
		  db_text(endpoint_id), db_text(event_id));
}

void store_delivery_replay_range(struct batch *batch, const char *tenant_id,
				 const char *endpoint_id, const char *state, int64_t from,
				 int64_t to, int64_t now)
{
	BATCH_ADD(batch,
		  REPLAY "event_at >= $5 AND event_at < $6 AND "
			 "state = coalesce(CAST($7 AS TEXT), state)",
		  DB_ANY_ROWS, db_int(now), db_int(now), db_text(tenant_id), db_text(endpoint_id),
		  db_int(from), db_int(to), db_text(state));
}

void store_delivery_list(struct batch *batch, const struct store_delivery_filter *filter)
{
	int64_t to = filter->to ? filter->to : INT64_MAX;
	int64_t after_at = filter->after_id ? filter->after_at : INT64_MAX;

	BATCH_ADD(batch,
		  "SELECT " STORE_DELIVERY_COLUMNS
		  " FROM webhook_delivery WHERE tenant_id = $1 AND "
		  "endpoint_id = $2 AND event_at >= $3 AND event_at < $4 AND "
		  "(event_at, event_id) < ($5, $6) AND state = coalesce(CAST($7 AS TEXT), state) "
		  "AND event_type = coalesce(CAST($8 AS TEXT), event_type) AND "
		  "(CAST($9 AS TEXT) = '' OR call_id = $10) "
		  "ORDER BY event_at DESC, event_id DESC LIMIT $11",
		  DB_ANY_ROWS, db_text(filter->tenant_id), db_text(filter->endpoint_id),
		  db_int(filter->from), db_int(to), db_int(after_at),
		  db_text(filter->after_id ? filter->after_id : ""), db_text(filter->state),
		  db_text(filter->type), db_text(filter->call_id ? filter->call_id : ""),
		  db_text(filter->call_id), db_int(filter->limit));
}

void store_delivery_select(struct batch *batch, const char *tenant_id, const char *endpoint_id,
			   const char *event_id)
{
	BATCH_ADD(batch,
		  "SELECT " STORE_DELIVERY_COLUMNS
		  " FROM webhook_delivery WHERE tenant_id = $1 AND "
		  "endpoint_id = $2 AND event_id = $3",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(endpoint_id), db_text(event_id));
}

void store_delivery_attempts(struct batch *batch, const char *tenant_id, const char *endpoint_id,
			     const char *event_id, int64_t limit)
{
	BATCH_ADD(batch,
		  "SELECT attempt, at, took_ms, status, error, response FROM webhook_attempt "
		  "WHERE tenant_id = $1 AND endpoint_id = $2 AND event_id = $3 "
		  "ORDER BY at, attempt LIMIT $4",
		  DB_ANY_ROWS, db_text(tenant_id), db_text(endpoint_id), db_text(event_id),
		  db_int(limit));
}

void store_delivery_expire(struct batch *batch, int64_t queued_before, int64_t now)
{
	BATCH_ADD(batch,
		  "UPDATE webhook_delivery SET state = 'dead', next_at = 0, finished_at = $1, "
		  "last_error = coalesce(last_error, 'it waited too long') "
		  "WHERE state = 'pending' AND queued_at < $2",
		  DB_ANY_ROWS, db_int(now), db_int(queued_before));
}

void store_delivery_delete_before(struct batch *batch, int64_t event_before)
{
	BATCH_ADD(batch, "DELETE FROM webhook_delivery WHERE event_at < $1 AND state <> 'pending'",
		  DB_ANY_ROWS, db_int(event_before));
}

void store_delivery_oldest(struct batch *batch)
{
	batch_add(batch, "SELECT min(queued_at) FROM webhook_delivery WHERE state = 'pending'",
		  DB_ANY_ROWS, NULL, 0);
}
